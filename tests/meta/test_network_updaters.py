"""Updaters of a decision network: what their steps compute, for one person and for many."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch

import metarec as mr
from metarec.data import sample_rating_batch
from metarec.meta.config import InnerLoop
from metarec.meta.features.network import TorchTerms
from metarec.meta.features.terms import ItemTerms
from metarec.meta.heads.catalogue_entropy import catalogue_entropy, entropy_of_logits
from metarec.meta.heads.choice_validation import parts_of
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes
from metarec.meta.loops.steps import Step, draw_step
from metarec.meta.network import TorchSupport
from metarec.meta.updaters import (
    ANIL,
    MAML,
    UPDATERS,
    ClosedForm,
    LearnedUpdater,
    MetaSGD,
    NeuralProcess,
    Reptile,
    Support,
    network_updater,
)
from metarec.meta.updaters.anil import LastLayer
from metarec.meta.updaters.decision import Dense
from metarec.meta.updaters.exploded import Exploded
from metarec.meta.updaters.learned_updater import READ, UNITS
from metarec.meta.updaters.network_updater import NetworkUpdater
from metarec.meta.updaters.task import Task
from metarec.meta.updaters.training import TorchDecision, UpdaterNetwork
from metarec.posterior import Prior

from .networks import small_network

D, ITEMS, WIDTH = 4, 128, 5
STEPPING = [ANIL, MAML, MetaSGD, Reptile]
EVERY = [kind for kind in UPDATERS.values() if issubclass(kind, NetworkUpdater)]
KINDS = [pytest.param(kind, id=kind.__name__) for kind in EVERY]


def terms_of(seed: int = 0) -> ItemTerms:
    rng = np.random.default_rng(seed)
    features = 0.5 * rng.normal(size=(ITEMS, D))
    return ItemTerms(features, np.zeros(ITEMS), *np.ones((3, ITEMS)))


def updater_of(
    kind: type[NetworkUpdater], *, landmarks: int = 20, plain: bool = False, **loop: Any
) -> NetworkUpdater:
    """An updater whose hidden units have something to say, unless it is a `plain` linear score."""
    rng = np.random.default_rng(3)
    settings = InnerLoop(**{"steps": 3, "rate": 0.8, "width": WIDTH, **loop})
    numbers = kind.begin(D, settings, lambda *shape: rng.normal(size=shape))
    for name in ("B", "G", "gain", "gate", "step", "lstm_bias"):
        if name in numbers and not plain:
            numbers[name] = 0.3 * rng.normal(size=numbers[name].shape)
    if kind is MetaSGD:
        for name in ("A", "B", "w"):
            shape = numbers[f"rate_{name}"].shape
            numbers[f"rate_{name}"] = settings.rate * rng.uniform(0.5, 1.0, size=shape)
    chosen = terms_of().features[:landmarks]
    return kind(numbers, chosen, (0.7, 2.0 if landmarks else 0.0), settings, (0.6, 2.0))


def prior_of(updater: NetworkUpdater) -> Prior:
    """N(m, P⁻¹) with P = λI + αG over the landmarks."""
    ridge, pull = updater.scales
    marks = updater.landmarks
    G = marks.T @ marks / max(1, len(marks))
    return Prior(np.array([0.3, -0.2, 0.1, 0.4]), ridge * np.eye(D) + pull * G)


def people(n: int = 7, events: int = 6) -> Support:
    """Padded supports of several lengths; the first is empty."""
    rng = np.random.default_rng(5)
    mask = np.arange(events) < np.minimum(np.arange(n), events)[:, None]
    return Support(
        rng.integers(0, ITEMS, (n, events)),
        rng.normal(size=(n, events)),
        mask * rng.uniform(0.5, 1.5, (n, events)),
    )


def alone(support: Support, row: int) -> Support:
    """One person's events without padding."""
    real = support.precisions[row] > 0
    columns = (support.rows, support.targets, support.precisions)
    return Support(*(column[row][real] for column in columns))


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


def updater_in_torch(updater: NetworkUpdater) -> NetworkUpdater:
    return replace(updater, numbers={k: torch.from_numpy(v) for k, v in updater.numbers.items()})


def torch_task(
    updater: NetworkUpdater,
    support: Support,
    features: torch.Tensor | None = None,
    mean: torch.Tensor | None = None,
) -> Task:
    phi = torch.from_numpy(terms_of().features) if features is None else features
    prior = prior_of(updater)
    return Task.of(
        torch,
        torch.from_numpy(prior.mean) if mean is None else mean,
        phi[torch.from_numpy(support.rows)],
        torch.from_numpy(support.targets),
        torch.from_numpy(support.precisions),
        phi[: len(updater.landmarks)],
        updater.scales,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_factors_say_are_the_scores_where_there_are_factors(kind: type[NetworkUpdater]):
    task = torch_task(updater_of(kind), people())
    decided = updater_in_torch(updater_of(kind)).decide(task).decision(task.whitening)
    adapted = TorchDecision(decided, torch.ones(7))
    features = torch.from_numpy(terms_of().features)
    factors = adapted.factors(features)
    assert (factors is None) == (kind in (MAML, MetaSGD, Reptile))
    if factors is not None:
        np.testing.assert_allclose(
            factors[0] @ factors[1].mT, adapted.scores_of_all(features), atol=1e-12
        )


def test_the_entropy_of_logits_is_that_of_inner_products():
    rng = torch.Generator().manual_seed(2)
    vectors, items = (torch.randn(n, 3, generator=rng, dtype=torch.float64) for n in (4, 9))
    offsets = torch.randn(9, generator=rng, dtype=torch.float64)
    out = torch.tensor([0, 0, 2, *[3] * 9]), torch.tensor([1, 4, 8, *range(9)])
    targets, weights = torch.tensor([[2, 1], [3, 3], [0, 8], [5, 6]]), torch.ones(4, 2)
    weights[0, 1] = weights[2, 1] = 0.0  # what does not compete is not asked for
    weights[3] = 0.0  # of someone who had everything
    found = []
    for entropy in (
        lambda people: catalogue_entropy(people, items, offsets, out, targets, weights),
        lambda people: entropy_of_logits(people @ items.mT + offsets, out, targets, weights),
    ):
        people_ = vectors.clone().requires_grad_()
        loss = entropy(people_)
        loss.backward()
        found.append((loss.item(), people_.grad))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-12)


def whitened(updater: NetworkUpdater) -> tuple[np.ndarray, Dense]:
    """x of all items, and θ of everyone."""
    prior = prior_of(updater)
    L = np.linalg.cholesky(prior.precision)
    x = terms_of().features @ np.linalg.inv(L).T
    return x, Dense(updater.numbers["A"], updater.numbers["B"], prior.mean @ L)


def test_the_encoder_says_what_a_loop_over_events_says():
    updater, support = updater_of(NeuralProcess), people()
    x, start = whitened(updater)
    told = updater.numbers
    scores = updater.adapt(terms_of(), support, prior_of(updater)).scores()
    for row in range(7):
        own = alone(support, row)
        z, g, s, n = np.zeros(D), np.zeros(WIDTH), 1.0, 1.0
        for item, target, b in zip(own.rows, own.targets, own.precisions, strict=True):
            h = x[item] + told["B"] @ np.maximum(told["A"] @ x[item], 0)
            surprise = target - h @ start.w
            event = np.append(x[item] / np.linalg.norm(x[item]), surprise)
            z, s, n = z + b * surprise * h, s + b * h @ h, n + b
            g = g + b * np.maximum(told["E"] @ event, 0)
        units = np.maximum(told["K"] @ np.concatenate([z / s, g / n]), 0)
        w = start.w + told["gain"] * z / s + told["G"] @ units
        expected = Dense(start.A, start.B, w).scores(x)
        np.testing.assert_allclose(scores[row], expected, atol=1e-8)


def test_an_encoder_at_its_start_is_one_gradient_step_from_the_prior():
    encoder, step = (
        updater_of(kind, landmarks=0, plain=True, steps=1, rate=1.0)
        for kind in (NeuralProcess, ANIL)
    )
    step = replace(step, numbers={name: encoder.numbers[name] for name in ("A", "B")})
    prior = prior_of(step)
    np.testing.assert_allclose(
        encoder.adapt(terms_of(), people(), prior).scores(),
        step.adapt(terms_of(), people(), prior).scores(),
        atol=1e-12,
    )


def test_written_steps_are_those_of_an_lstm_of_pytorch_for_each_coordinate():
    updater, support = updater_of(LearnedUpdater), people()
    x, start = whitened(updater)
    told, loop = updater.numbers, updater.loop
    cell = torch.nn.LSTMCell(READ, UNITS).double()
    order = np.r_[0:UNITS, UNITS : 2 * UNITS, 3 * UNITS : 4 * UNITS, 2 * UNITS : 3 * UNITS]
    with torch.no_grad():  # its gates are input, forget, cell, output
        cell.weight_ih.copy_(torch.from_numpy(told["lstm"][:READ, order].T))
        cell.weight_hh.copy_(torch.from_numpy(told["lstm"][READ:, order].T))
        cell.bias_ih.copy_(torch.from_numpy(told["lstm_bias"][order]))
        cell.bias_hh.zero_()
    scores = updater.adapt(terms_of(), support, prior_of(updater)).scores()
    task = Task.of(
        np,
        prior_of(updater).mean,
        terms_of().features[support.rows],
        support.targets,
        support.precisions,
        updater.landmarks,
        updater.scales,
    )
    for row in range(7):
        layer = LastLayer.of(task, start)
        bound, w, state = layer.bound[row], start.w, None
        for _ in range(loop.steps):
            slope = layer.slope(w)[row]
            theta = Dense(start.A, start.B, w)
            loss = task.loss(theta, task.unmoved(start))[row] / bound
            read = np.stack([small(slope), small(np.full(D, loss)), w - start.w], axis=1)
            with torch.no_grad():
                state = cell(torch.from_numpy(read), state)
            said = state[0].numpy()
            gate = 2 / (1 + np.exp(-said @ told["gate"]))
            w = w - loop.rate * gate * slope + (1 - 1 / bound) * said @ told["step"]
        expected = Dense(start.A, start.B, w).scores(x)
        np.testing.assert_allclose(scores[row], expected, atol=1e-9)


def small(numbers: np.ndarray) -> np.ndarray:
    return np.sign(numbers) * np.log(1 + np.abs(numbers) / 0.01) / 5


def test_a_learned_updater_starts_as_anil():
    written, step = (updater_of(kind, plain=True) for kind in (LearnedUpdater, ANIL))
    step = replace(step, numbers={name: written.numbers[name] for name in ("A", "B")})
    prior = prior_of(step)
    np.testing.assert_allclose(
        written.adapt(terms_of(), people(), prior).scores(),
        step.adapt(terms_of(), people(), prior).scores(),
        atol=1e-12,
    )


def test_the_gradient_of_reptile_is_the_mean_way_to_where_tasks_lead():
    config = mr.MetaConfig(d=D - 1, updater="Reptile", decision_width=WIDTH, inner_steps=2)
    network = small_network(9, 6, config, implicit=True).double()
    assert isinstance(network.updater, UpdaterNetwork)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for numbers in (network.prior.m, *network.updater.parameters()):
            numbers.add_(0.3 * torch.randn(numbers.shape, generator=rng, dtype=torch.float64))
    content = torch.randn(9, 6, generator=rng, dtype=torch.float64)
    terms = network.features(content, torch.ones(9, dtype=torch.float64))
    terms = TorchTerms(*(getattr(terms, f.name).detach() for f in fields(terms)))
    items = torch.tensor([[1, 4, 0], [7, 2, 3]])
    weights = torch.tensor([[1.0, 0.5, 0.0], [1.0, 1.0, 1.0]], dtype=torch.float64)
    support = TorchSupport(terms.of(items), torch.zeros(2, 3, dtype=torch.float64), weights)
    network.distance(terms, support).backward()

    updater = network.updater.frozen(terms.features.numpy(), network.head)
    m = network.prior.m.detach().numpy()
    each = []
    for row in range(2):
        task = Task.of(
            np,
            m,
            terms.features[items[row]].numpy(),
            np.ones(3),
            weights[row].numpy(),
            updater.landmarks,
            updater.scales,
        )
        start, reached = updater.theta(task), updater.decide(task)
        each.append([getattr(start, k) - getattr(reached, k) for k in ("A", "B", "w")])
    A, B, w = (np.mean(gap, axis=0) for gap in zip(*each, strict=True))
    np.testing.assert_allclose(network.updater.numbers["A"].grad, A, atol=1e-9)
    np.testing.assert_allclose(network.updater.numbers["B"].grad, B, atol=1e-9)
    root = np.linalg.inv(task.whitening)
    np.testing.assert_allclose(network.prior.m.grad, root @ w, atol=1e-9)  # w starts at Lᵀm
    assert np.abs(w).max() > 1e-3
    learned = {k for k, p in network.named_parameters() if p.grad is not None and p.grad.any()}
    assert learned == {"updater.numbers.A", "updater.numbers.B", "prior.m"}


@pytest.mark.parametrize("implicit", [False, True])
def test_doubt_starts_at_that_of_the_prior_and_falls_as_of_one_item(implicit: bool):
    config = mr.MetaConfig(d=D - 1, updater="ANIL")
    network = small_network(9, 6, config, implicit=implicit).double()
    assert isinstance(network.updater, UpdaterNetwork)
    rng = torch.Generator().manual_seed(1)
    content = torch.randn(9, 6, generator=rng, dtype=torch.float64)
    terms = network.features(content, torch.ones(9, dtype=torch.float64))
    network.begin(terms)
    features = terms.features.detach().numpy()
    covariance = np.linalg.inv(network.head.prior_precision(terms.features).detach().numpy())
    mean = np.mean([phi @ covariance @ phi for phi in features])
    assert network.updater.log_v.exp().item() == pytest.approx(mean, rel=1e-6)
    assert network.updater.log_n.exp().item() == pytest.approx(1 / mean, rel=1e-6)


@pytest.mark.parametrize("kind", ["rating", "implicit"])
def test_a_task_of_reptile_is_all_that_people_did(kind: str):
    shop = mr.generate(users=20, items=30, kind=kind, rng=1).dataset  # type: ignore[arg-type]
    config = mr.MetaConfig(d=3, updater="Reptile", decision_width=4)
    network = small_network(30, 6, config, implicit=kind == "implicit")
    users = np.flatnonzero(shop.histories.lengths >= 2)[:5]
    content, counts = torch.zeros(30, 6), torch.ones(30)
    inputs = Inputs(shop.histories, content, None, None, counts, "none", users)
    batch = sample_rating_batch(shop.histories, users, np.random.default_rng(0), max_events=50)
    assert batch.query_mask.any()
    step = Step(batch, users, torch.ones(30), torch.Generator(), users)
    terms = network.features(content, torch.ones(30))
    support, _ = network.head.task(network, terms, step, inputs, config)
    counted = (support.confidence > 0).sum(1).numpy()
    np.testing.assert_array_equal(counted, np.minimum(shop.histories.lengths[users], 50))
    np.testing.assert_array_equal(support.users, users)


def test_hidden_units_of_each_person_are_judged_in_smaller_parts():
    n = 400
    column = np.zeros((n, 2))
    people = PaddedEpisodes(
        *[column] * 4, *[column > 0] * 2, column, column, column > 0, np.zeros(n), None
    )
    terms = TorchTerms(torch.zeros(4096, D), *torch.zeros(3, 4096))
    plain, own = (len(list(parts_of(people, terms, units))) for units in (1, 32))
    assert own == 25  # of sixteen people
    assert plain == 1


def test_training_that_explodes_knows_whose_events_these_are():
    config = mr.MetaConfig(d=D - 1, updater="ANIL", inner_rate=1e30)
    network = small_network(9, 6, config, implicit=False)
    content, ones = torch.randn(9, 6, generator=torch.Generator().manual_seed(1)), torch.ones(9)
    terms = network.features(content, ones)
    items, values = torch.tensor([[1, 4], [2, 3], [7, 5]]), torch.ones(3, 2)
    counted = torch.tensor([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    support = TorchSupport(terms.of(items), values, counted, users=np.array([11, 22, 33]))
    with pytest.raises(Exploded) as told:
        network.adapt(terms, support)
    assert told.value.user == 22


def test_a_step_tells_whose_episodes_it_has_though_profiles_are_hidden():
    shop = mr.generate(users=20, items=30, rng=1).dataset
    users, ones = np.arange(3, 12), torch.ones(30)
    inputs = Inputs(shop.histories, torch.zeros(30, 6), None, None, ones, "none", users)
    config = mr.MetaConfig(batch_users=40)
    step = draw_step(inputs, config, np.random.default_rng(0), lambda people, rng: people)
    np.testing.assert_array_equal(step.drawn, step.batch)
    hidden = step.users < 0
    assert hidden.any()
    np.testing.assert_array_equal(step.users[~hidden], step.batch[~hidden])
    np.testing.assert_array_equal(step.whose(np.array([4, 1])), step.batch[[4, 1]])
