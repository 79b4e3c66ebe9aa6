"""What people say of an item, as a regression on them: equal to plain loops, and to draws."""

import numpy as np
import pytest

from metarec.meta.prior import LearnedPrior, ResidualPrior
from metarec.meta.warming import residuals
from metarec.meta.warming.learning import LearnedResiduals
from metarec.meta.warming.met import Met
from metarec.meta.warming.residuals import residuals_of
from metarec.meta.warming.warming_items import people_moments

D = 3


def met_of(n_events: int = 40, n_items: int = 6, seed: int = 0) -> Met:
    rng = np.random.default_rng(seed)
    items = rng.integers(1, n_items, n_events)  # nobody met item 0
    people = rng.normal(size=(25, D))
    who = rng.integers(0, 25, n_events)
    states = np.concatenate([people[who, :-1], np.ones((n_events, 1))], axis=1)
    precisions = rng.uniform(0.2, 3.0, n_events)
    moments = people.T @ people / 25
    return Met(who, items, states, rng.normal(size=n_events), precisions, 25, moments)


def prior_of(left: float = 0.0) -> ResidualPrior:
    root = np.random.default_rng(1).normal(size=(D, D))
    return ResidualPrior(root @ root.T, left)


@pytest.mark.parametrize("cells", [1, 10**9])
@pytest.mark.parametrize("left", [0.0, 0.4])
def test_residuals_are_those_of_a_regression_on_the_people_of_each_item(
    left: float, cells: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(residuals, "CELLS_AT_ONCE", cells)
    met, prior = met_of(), prior_of(left)
    features = np.random.default_rng(2).normal(size=(6, D))
    found = residuals_of(prior, met, features)
    np.testing.assert_array_equal(found.items, np.unique(met.items))
    for place, item in enumerate(found.items):
        A, b = np.linalg.inv(prior.covariance), np.zeros(D)
        for x, r, c in zip(met.states, met.surprises, met.precisions, strict=True):
            if (
                met.items[np.flatnonzero((met.states == x).all(1) & (met.surprises == r))[0]]
                == item
            ):
                A, b = A + c * np.outer(x, x), b + c * x * r
        v = met.moments * met.n_people * left  # everyone says 0 of (φ + v)ᵀw
        A[:-1, :-1] += v[:-1, :-1]
        b[:-1] -= v[:-1] @ features[item]
        np.testing.assert_allclose(found.mean[place], np.linalg.solve(A, b), atol=1e-10)
        np.testing.assert_allclose(found.covariance[place], np.linalg.inv(A), atol=1e-10)


def test_what_the_prior_rules_out_stays_out():
    covariance = np.diag([0.5, 0.0, 0.0])
    found = residuals_of(ResidualPrior(covariance), met_of(), np.zeros((6, D)))
    assert np.abs(found.mean[:, 0]).max() > 0.1
    np.testing.assert_allclose(found.mean[:, 1:], 0.0, atol=1e-12)


def test_what_is_left_open_falls_from_one_with_each_event():
    met, prior = met_of(n_items=2), prior_of()
    moments = people_moments(LearnedPrior(np.zeros(D), np.zeros((0, D)), np.eye(D)))
    shares = [
        residuals_of(prior, met.where(np.arange(40) < n), np.zeros((2, D))).open_share(
            prior, moments
        )
        for n in (1, 2, 5, 40)
    ]
    told = np.concatenate(shares)
    assert told[0] < 1.0
    assert (np.diff(told) < 0).all()
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(200_000, D - 1)), np.ones((200_000, 1))], axis=1)
    found = residuals_of(prior, met, np.zeros((2, D)))
    drawn = np.einsum("pa,ab,pb->p", x, found.covariance[0], x).mean()
    before = np.einsum("pa,ab,pb->p", x, prior.covariance, x).mean()
    assert told[-1] == pytest.approx(drawn / before, rel=0.02)


def test_the_second_moments_of_people_are_those_of_draws():
    P = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.0], [0.1, 0.0, 1.5]])
    prior = LearnedPrior(np.array([0.5, -0.2, 0.7]), np.zeros((0, D)), P)
    w = np.random.default_rng(0).multivariate_normal(prior.mean, np.linalg.inv(P), 400_000)
    x = np.concatenate([w[:, :-1], np.ones((len(w), 1))], axis=1)
    np.testing.assert_allclose(people_moments(prior), x.T @ x / len(x), atol=0.01)


def test_residuals_as_they_were_learned_are_scaled_apart():
    v, beta = np.array([[1.0, 2.0], [0.0, 1.0], [9.0, 9.0]]), np.array([2.0, 0.0, 9.0])
    learned = LearnedResiduals(v, beta, np.array([True, True, False]))
    expected = [[0.5 * 3, 1.0 * 3, 0.0], [1.0 * 3, 2.5 * 3, 0.0], [0.0, 0.0, 2.0 * 5]]
    np.testing.assert_allclose(learned.covariance(3.0, 5.0), expected)
