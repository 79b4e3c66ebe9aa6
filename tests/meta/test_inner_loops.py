"""Updaters of a decision network: what their steps compute, for one person and for many."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from metarec.meta.updaters import (
    ANIL,
    MAML,
    ClosedForm,
    LearnedUpdater,
    MetaSGD,
    NeuralProcess,
    Reptile,
    Support,
    network_updater,
)
from metarec.meta.updaters.decision import Dense
from metarec.meta.updaters.exploded import Exploded
from metarec.meta.updaters.inner_loop import InnerLoop
from metarec.meta.updaters.network_updater import NetworkUpdater
from metarec.posterior import Prior

from .decisions import (
    EVERY,
    ITEMS,
    WIDTH,
    D,
    alone,
    people,
    prior_of,
    terms_of,
    torch_task,
    updater_in_torch,
    updater_of,
)

STEPPING = [ANIL, MAML, MetaSGD, Reptile]
KINDS = [pytest.param(kind, id=kind.__name__) for kind in EVERY]


def by_hand(updater: NetworkUpdater, support: Support, prior: Prior) -> np.ndarray:
    """All scores of one person after the steps, by automatic gradients of the inner loss."""
    kind, loop = type(updater), updater.loop
    phi = torch.from_numpy(terms_of().features)
    L = torch.linalg.cholesky(torch.from_numpy(prior.precision))
    whiten = torch.linalg.inv(L).T
    x, m = phi @ whiten, torch.from_numpy(prior.mean) @ L
    marks = torch.from_numpy(updater.landmarks) @ whiten
    theta = {k: torch.from_numpy(updater.numbers[k]).clone() for k in ("A", "B")} | {"w": m}
    ridge, pull = updater.scales
    rows, b = torch.from_numpy(support.rows), torch.from_numpy(support.precisions)
    targets = torch.from_numpy(support.targets)

    def f(numbers: Mapping[str, torch.Tensor], at: torch.Tensor) -> torch.Tensor:
        units = torch.relu(at @ numbers["A"].T)
        return (at + units @ numbers["B"].T) @ numbers["w"]

    before = f(theta, marks)

    def loss(numbers: Mapping[str, torch.Tensor]) -> torch.Tensor:
        told = (b * (targets - f(numbers, x[rows])) ** 2).sum()
        away = torch.linalg.solve(L.T, numbers["w"] - m)  # in the coordinates of φ
        kept = pull * ((f(numbers, marks) - before) ** 2).mean() if len(marks) else 0.0
        return 0.5 * (told + ridge * (away**2).sum() + kept)

    moving = ["w"] if kind is ANIL else ["A", "B", "w"]

    def bound() -> float:
        s = 1.0
        for at, weights, asked in (
            (x[rows], b, moving),
            (marks, [pull / max(1, len(marks))] * len(marks), moving[:-1]),
        ):
            for row, weight in zip(at, weights, strict=True):
                slopes = torch.func.grad(f)(theta, row)
                s += float(weight * sum((slopes[name] ** 2).sum() for name in asked))
        return s

    for _ in range(loop.steps):
        slope, s = torch.func.grad(loss)(theta), bound()
        for name in moving:
            told = updater.numbers.get(f"rate_{name}", loop.rate)
            rate = torch.as_tensor(told, dtype=torch.float64)
            theta[name] = theta[name] - rate * slope[name] / s
    return f(theta, x).numpy()


@pytest.mark.parametrize("landmarks", [0, 20])
@pytest.mark.parametrize("kind", STEPPING)
def test_steps_are_those_of_automatic_gradients_for_each_person(
    kind: type[NetworkUpdater], landmarks: int
):
    updater, support = updater_of(kind, landmarks=landmarks), people()
    prior = prior_of(updater)
    together = updater.adapt(terms_of(), support, prior)
    for row in range(len(support.rows)):
        expected = by_hand(updater, alone(support, row), prior)
        np.testing.assert_allclose(together.scores()[row], expected, atol=1e-9)


@pytest.mark.parametrize("cells", [1, 500, 10**9])
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_its_people_one_by_one_in_pieces_of_any_size(
    kind: type[NetworkUpdater], cells: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(network_updater, "CELLS_AT_ONCE", cells)
    updater, support, terms = updater_of(kind), people(), terms_of()
    prior = prior_of(updater)
    means = prior.mean + np.random.default_rng(1).normal(size=(7, D))  # as of people's profiles
    together = updater.adapt(terms, support, Prior(means, prior.precision))
    some = np.array([[5, 2, 5]] * 7)
    for row in range(7):
        own = updater.adapt(terms, alone(support, row), Prior(means[row], prior.precision))
        np.testing.assert_allclose(together.scores()[row], own.scores(), atol=1e-9)
        np.testing.assert_allclose(together.scores(some)[row], own.scores()[some[0]], atol=1e-9)
        np.testing.assert_allclose(together.variance(some)[row], own.variance(some[0]), atol=1e-12)


@pytest.mark.parametrize("cells", [1, 10**9])
@pytest.mark.parametrize("kind", KINDS)
def test_people_who_share_their_events_differ_by_which_of_them_count(
    kind: type[NetworkUpdater], cells: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(network_updater, "CELLS_AT_ONCE", cells)
    updater, support, terms = updater_of(kind), people(), terms_of()
    prior, last = prior_of(updater), support.rows[-1:]
    counted = np.tril(np.ones((6, 6)), -1)
    shared = Support(last, support.targets[-1:], counted)
    found = updater.adapt(terms, shared, prior).scores()
    for row in range(6):
        own = Support(last[0, :row], support.targets[-1, :row], np.ones(row))
        np.testing.assert_allclose(found[row], updater.adapt(terms, own, prior).scores(), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_no_event_leaves_everyone_where_the_prior_is(kind: type[NetworkUpdater]):
    updater, prior = updater_of(kind), prior_of(updater_of(kind))
    nothing = Support(np.zeros(0, dtype=int), np.zeros(0), np.zeros(0))
    root = np.linalg.cholesky(prior.precision)
    layers = (updater.numbers[name] for name in ("A", "B"))
    start = Dense(*layers, prior.mean @ root)
    expected = start.scores(terms_of().features @ np.linalg.inv(root).T)
    np.testing.assert_allclose(
        updater.adapt(terms_of(), nothing, prior).scores(), expected, atol=1e-12
    )


@pytest.mark.parametrize("kind", [ANIL, MAML])
def test_steps_of_no_length_change_nothing(kind: type[NetworkUpdater]):
    updater, support = updater_of(kind, rate=0.0), people()
    scores = updater.adapt(terms_of(), support, prior_of(updater)).scores()
    np.testing.assert_array_equal(scores, np.broadcast_to(scores[0], scores.shape))


@pytest.mark.parametrize("landmarks", [0, ITEMS])
def test_many_steps_on_a_linear_score_end_where_the_closed_form_stands(landmarks: int):
    updater = updater_of(ANIL, landmarks=landmarks, plain=True, steps=3000, rate=1.5)
    support, prior, terms = people(), prior_of(updater), terms_of()
    exact = ClosedForm().adapt(terms, support, prior).scores()
    moved = updater.adapt(terms, support, prior).scores()
    np.testing.assert_allclose(moved, exact, atol=1e-8)
    assert np.abs(exact[1:] - exact[0]).max() > 0.1


def test_the_largest_safe_rate_is_two_where_the_score_is_linear():
    updater, heavy = updater_of(ANIL, plain=True, steps=400, rate=2.0), people(3, 6)
    for weight in (0.01, 1.0, 1e4):  # one event or ten thousand
        told = replace(heavy, precisions=weight * np.ones((3, 6)))
        scores = updater.adapt(terms_of(), told, prior_of(updater)).scores()
        assert np.abs(scores).max() < 100.0


def test_meta_sgd_of_equal_rates_is_maml():
    maml, support = updater_of(MAML), people()
    shapes = {"A": (WIDTH, D), "B": (D, WIDTH), "w": (D,)}
    rates = {f"rate_{name}": np.full(shape, 0.8) for name, shape in shapes.items()}
    sgd = MetaSGD({**maml.numbers, **rates}, maml.landmarks, maml.scales, maml.loop)
    prior = prior_of(maml)
    np.testing.assert_allclose(
        sgd.adapt(terms_of(), support, prior).scores(),
        maml.adapt(terms_of(), support, prior).scores(),
        atol=1e-12,
    )


@pytest.mark.parametrize("landmarks", [0, 20])
def test_the_slope_goes_down_the_loss_as_it_is_defined(landmarks: int):
    updater, support = updater_of(MAML, landmarks=landmarks), people()
    task = torch_task(updater, support)
    unmoved = task.unmoved(updater_in_torch(updater).theta(task))
    rng = torch.Generator().manual_seed(0)
    numbers = {
        name: torch.randn(*shape, generator=rng, dtype=torch.float64).requires_grad_()
        for name, shape in {"A": (7, WIDTH, D), "B": (7, D, WIDTH), "w": (7, D)}.items()
    }
    task.loss(Dense(**numbers), unmoved).sum().backward()
    slope = task.slope(Dense(**numbers), unmoved)
    ratios = [numbers[name].grad / getattr(slope, name).detach() for name in numbers]
    each = torch.cat([ratio.flatten(1) for ratio in ratios], dim=1)  # s of each person
    each = torch.where(each.isnan(), each[:, -1:], each)  # of hidden units that say nothing
    np.testing.assert_allclose(each, each[:, -1:].expand(each.shape), rtol=1e-9)
    assert (each > 1).all() or landmarks == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_outer_gradient_passes_through_two_steps(kind: type[NetworkUpdater]):
    updater, support = updater_of(kind, steps=2), people(3, 3)
    names = tuple(updater.numbers)
    asked = torch.from_numpy(terms_of().features[:5])

    def scores(features: torch.Tensor, mean: torch.Tensor, *numbers: torch.Tensor):
        task = torch_task(updater, support, features, mean)
        told = dict(zip(names, numbers, strict=True))
        own = replace(updater, numbers=told, landmarks=features[:20])
        return own.decide(task).decision(task.whitening).scores_of_all(asked)

    given = [
        torch.from_numpy(array).clone().requires_grad_()
        for array in (terms_of().features, prior_of(updater).mean, *updater.numbers.values())
    ]
    assert torch.autograd.gradcheck(scores, given, atol=1e-6, fast_mode=True)


@pytest.mark.parametrize("kind", [ANIL, MAML, MetaSGD, LearnedUpdater])
def test_of_the_first_order_the_outer_gradient_is_that_at_the_adapted_numbers(
    kind: type[NetworkUpdater],
):
    updater, support = updater_of(kind, first_order=True), people()
    task = torch_task(updater, support)
    x = torch.from_numpy(terms_of().features[:9])
    numbers = {k: torch.from_numpy(v).clone().requires_grad_() for k, v in updater.numbers.items()}
    own = replace(updater, numbers=numbers)
    adapted = own.decide(task)
    (adapted.scores(x) ** 2).sum().backward()
    at = {k: getattr(adapted, k).detach().requires_grad_() for k in ("A", "B", "w")}
    (Dense(**at).scores(x) ** 2).sum().backward()
    for name in ("A", "B"):
        plain = at[name].grad
        assert plain is not None
        whole = plain.sum(0) if plain.ndim > numbers[name].ndim else plain
        np.testing.assert_allclose(numbers[name].grad.numpy(), whole.numpy(), atol=1e-12)


@pytest.mark.parametrize("kind", [*STEPPING, LearnedUpdater])
def test_a_loop_that_explodes_says_who_and_what_to_do(
    kind: type[NetworkUpdater], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(network_updater, "CELLS_AT_ONCE", 1)
    updater = updater_of(kind, landmarks=0, steps=50)
    if kind is MetaSGD:
        numbers = {k: 1e200 * v if "rate" in k else v for k, v in updater.numbers.items()}
        updater = replace(updater, numbers=numbers)
    updater = replace(updater, loop=replace(updater.loop, rate=1e200))
    support = people()
    some = Support(support.rows, support.targets, support.precisions * (np.arange(7) > 3)[:, None])
    with pytest.raises(Exploded, match=r"after step \d+; fit with a lower inner_rate .*5") as told:
        updater.adapt(terms_of(), some, prior_of(updater))
    assert told.value.person == 4


@pytest.mark.parametrize("kind", KINDS)
def test_doubt_falls_with_what_events_weigh(kind: type[NetworkUpdater]):
    updater, support = updater_of(kind), people()
    rows = np.array([[1, 2]] * 7)
    found = updater.adapt(terms_of(), support, prior_of(updater)).variance(rows)
    expected = 0.6 / (1 + support.precisions.sum(axis=1) / 2.0)
    np.testing.assert_allclose(found, np.stack([expected, expected], axis=1), atol=1e-12)


def test_how_many_numbers_are_a_persons_own():
    loop = InnerLoop(width=WIDTH)
    for kind in (ANIL, NeuralProcess, LearnedUpdater):
        assert kind.adapted_numbers(D, loop) == D
    whole = WIDTH * D + D * WIDTH + D
    assert MAML.adapted_numbers(D, loop) == MetaSGD.adapted_numbers(D, loop) == whole
