"""The posterior against hand-worked numbers, brute force and its PyTorch twin."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metarec.posterior import Posterior, Prior, condition, gather, nothing_seen, observe
from metarec.posterior.differentiable import condition_on


def problem(seed: int, events: int, d: int = 4) -> tuple[Prior, np.ndarray, np.ndarray, np.ndarray]:
    """A prior, and features, targets and precisions of events."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, d))
    prior = Prior(rng.normal(size=d), root @ root.T + np.eye(d))
    return (
        prior,
        rng.normal(size=(events, d)),
        rng.normal(size=events),
        rng.uniform(0.1, 3.0, size=events),
    )


def test_one_event_in_one_dimension_gives_the_number_worked_by_hand():
    # prior N(1, 1/2): P = 2, m = 1. One event: φ = 3, precision 1/4, y = 5, of which 3 is expected.
    # S = 9/4, b = 3·5/4, b − S m = 15/4 − 9/4 = 3/2, A = 17/4, w̄ = 1 + (3/2)(4/17) = 1 + 6/17.
    prior = Prior(np.array([1.0]), np.array([[2.0]]))
    seen = gather(np.array([[3.0]]), np.array([5.0]), np.array([0.25]))
    posterior = condition(prior, seen)
    assert posterior.mean[0] == pytest.approx(1 + 6 / 17, abs=1e-15)
    assert posterior.variance(np.array([[1.0]]))[0] == pytest.approx(4 / 17, abs=1e-15)


def test_no_events_give_the_prior():
    prior, *_ = problem(0, 0)
    posterior = condition(prior, nothing_seen(4))
    np.testing.assert_array_equal(posterior.mean, prior.mean)
    probe = np.eye(4)
    np.testing.assert_allclose(
        posterior.variance(probe), np.diag(np.linalg.inv(prior.precision)), atol=1e-12
    )


def test_the_solve_equals_brute_force_weighted_least_squares_on_stacked_rows():
    # The mean minimises (w−m)ᵀP(w−m) + Σ b_j (y_j − φ_jᵀw)²: least squares over the rows of
    # P^{1/2} and of √b_j φ_j, which numpy.linalg.lstsq solves by another road (SVD).
    prior, features, targets, precisions = problem(1, 7)
    root = np.linalg.cholesky(prior.precision).T
    rows = np.vstack([root, np.sqrt(precisions)[:, None] * features])
    stacked = np.concatenate([root @ prior.mean, np.sqrt(precisions) * targets])
    expected = np.linalg.lstsq(rows, stacked, rcond=None)[0]
    posterior = condition(prior, gather(features, targets, precisions))
    np.testing.assert_allclose(posterior.mean, expected, atol=1e-10)


def test_the_posterior_equals_conditioning_the_joint_gaussian_of_weights_and_events():
    # Kernel form (Rasmussen and Williams 2006, equations 2.11-2.12), which never builds A.
    prior, features, targets, precisions = problem(2, 6)
    K = np.linalg.inv(prior.precision)
    gain = K @ features.T @ np.linalg.inv(features @ K @ features.T + np.diag(1 / precisions))
    posterior = condition(prior, gather(features, targets, precisions))
    np.testing.assert_allclose(
        posterior.mean, prior.mean + gain @ (targets - features @ prior.mean), atol=1e-9
    )
    covariance = K - gain @ features @ K
    probe = np.random.default_rng(3).normal(size=(5, 4))
    np.testing.assert_allclose(
        posterior.variance(probe), np.einsum("id,de,ie->i", probe, covariance, probe), atol=1e-9
    )


@given(seed=st.integers(0, 10_000), events=st.integers(0, 12))
def test_observing_one_by_one_equals_gathering_all(seed: int, events: int):
    prior, features, targets, precisions = problem(seed, events)
    seen = nothing_seen(4)
    for feature, target, precision in zip(features, targets, precisions, strict=True):
        seen = observe(seen, feature, target, precision)
    one_by_one = condition(prior, seen)
    at_once = condition(prior, gather(features, targets, precisions))
    np.testing.assert_allclose(one_by_one.mean, at_once.mean, atol=1e-8)
    np.testing.assert_allclose(one_by_one.factor, at_once.factor, atol=1e-8)


@given(seed=st.integers(0, 10_000), factor=st.floats(0.1, 10))
def test_scaled_statistics_are_those_of_events_with_scaled_precision(seed: int, factor: float):
    _, features, targets, precisions = problem(seed, 5)
    scaled = gather(features, targets, precisions).scaled(factor)
    expected = gather(features, targets, precisions * factor)
    np.testing.assert_allclose(scaled.S, expected.S, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaled.b, expected.b, rtol=1e-9, atol=1e-12)


def test_statistics_of_two_groups_of_events_add_up_to_those_of_all():
    _, features, targets, precisions = problem(6, 7)
    first = gather(features[:3], targets[:3], precisions[:3])
    both = first + gather(features[3:], targets[3:], precisions[3:])
    expected = gather(features, targets, precisions)
    np.testing.assert_allclose(both.S, expected.S, atol=1e-12)
    np.testing.assert_allclose(both.b, expected.b, atol=1e-12)


def test_the_covariance_is_the_inverse_of_the_posterior_precision():
    prior, features, targets, precisions = problem(7, 5)
    seen = gather(features, targets, precisions)
    covariance = condition(prior, seen).covariance()
    np.testing.assert_allclose(covariance, np.linalg.inv(prior.precision + seen.S), atol=1e-12)


@given(seed=st.integers(0, 10_000), events=st.integers(1, 12))
def test_variance_never_grows_with_an_event(seed: int, events: int):
    prior, features, targets, precisions = problem(seed, events)
    probe = np.random.default_rng(seed + 1).normal(size=(6, 4))
    fewer = condition(prior, gather(features[:-1], targets[:-1], precisions[:-1]))
    more = condition(prior, gather(features, targets, precisions))
    assert (more.variance(probe) <= fewer.variance(probe) + 1e-12).all()


@given(seed=st.integers(0, 10_000), events=st.integers(1, 12))
def test_shares_sum_to_what_the_events_moved(seed: int, events: int):
    prior, features, targets, precisions = problem(seed, events)
    posterior = condition(prior, gather(features, targets, precisions))
    probe = np.random.default_rng(seed + 1).normal(size=(3, 4))
    surprise = targets - features @ prior.mean
    shares = posterior.influence(probe, features, precisions) * surprise
    np.testing.assert_allclose(shares.sum(1), probe @ (posterior.mean - prior.mean), atol=1e-9)


@given(seed=st.integers(0, 10_000), order=st.permutations(range(8)))
def test_the_order_of_events_does_not_matter(seed: int, order: list[int]):
    prior, features, targets, precisions = problem(seed, 8)
    there = condition(prior, gather(features, targets, precisions))
    back = condition(prior, gather(features[order], targets[order], precisions[order]))
    np.testing.assert_allclose(there.mean, back.mean, atol=1e-9)


@given(seed=st.integers(0, 10_000))
def test_a_batch_of_people_equals_one_by_one_with_padding(seed: int):
    rng = np.random.default_rng(seed)
    prior, features, targets, precisions = problem(seed, 9)
    lengths = rng.integers(0, 10, size=5)
    mask = np.arange(9) < lengths[:, None]  # (person, event)
    batch = condition(
        prior,
        gather(
            np.broadcast_to(features, (5, 9, 4)),
            np.broadcast_to(targets, (5, 9)),
            np.where(mask, precisions, 0.0),
        ),
    )
    probe = rng.normal(size=(6, 4))
    variances = batch.variance(np.broadcast_to(probe, (5, 6, 4)))
    for person, n in enumerate(lengths):
        alone = condition(prior, gather(features[:n], targets[:n], precisions[:n]))
        np.testing.assert_allclose(batch.mean[person], alone.mean, atol=1e-9)
        np.testing.assert_allclose(batch.factor[person], alone.factor, atol=1e-9)
        np.testing.assert_allclose(variances[person], alone.variance(probe), atol=1e-9)


def test_draws_have_the_mean_and_covariance_of_the_posterior():
    prior, features, targets, precisions = problem(4, 5)
    posterior = condition(prior, gather(features, targets, precisions))
    draws = posterior.draw(200_000, np.random.default_rng(0))
    covariance = np.linalg.inv(posterior.factor @ posterior.factor.T)
    # standard error of a covariance entry is about sqrt(2 / n) of the variances: 0.003
    np.testing.assert_allclose(draws.mean(0), posterior.mean, atol=0.01)
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.01)


def test_a_prior_that_is_not_positive_definite_is_an_error():
    with pytest.raises(np.linalg.LinAlgError, match="the posterior precision is not positive"):
        condition(Prior(np.zeros(2), -np.eye(2)), nothing_seen(2))


@given(seed=st.integers(0, 10_000), events=st.integers(0, 12))
@settings(deadline=None)
def test_the_torch_twin_equals_the_definition(seed: int, events: int):
    prior, features, targets, precisions = problem(seed, events)
    probe = np.random.default_rng(seed + 1).normal(size=(3, 4))
    numpy_side: Posterior = condition(prior, gather(features, targets, precisions))
    torch_side = condition_on(
        *(torch.from_numpy(x) for x in (prior.mean, prior.precision, features, targets)),
        torch.from_numpy(precisions),
    )
    np.testing.assert_allclose(torch_side.mean.numpy(), numpy_side.mean, atol=1e-9)
    np.testing.assert_allclose(torch_side.factor.numpy(), numpy_side.factor, atol=1e-9)
    variance = torch_side.variance(torch.from_numpy(probe)).numpy()
    np.testing.assert_allclose(variance, numpy_side.variance(probe), atol=1e-9)


def test_gradients_flow_through_the_solve():
    rng = np.random.default_rng(5)
    tensors = [
        torch.tensor(rng.normal(size=shape), requires_grad=True)
        for shape in [(2, 3), (2, 4, 3), (2, 4)]
    ]
    precisions = torch.tensor(rng.uniform(0.5, 2, size=(2, 4)), requires_grad=True)
    probe = torch.tensor(rng.normal(size=(2, 2, 3)), requires_grad=True)

    def predict(mean, features, targets, precisions, probe):
        posterior = condition_on(
            mean, torch.eye(3, dtype=torch.float64), features, targets, precisions
        )
        return (probe @ posterior.mean[..., None])[..., 0], posterior.variance(probe)

    assert torch.autograd.gradcheck(predict, (*tensors, precisions, probe))
