"""How updaters of a network are learned: what training asks of them, and of whose events."""

from dataclasses import fields

import numpy as np
import pytest
import torch

import metarec as mr
from metarec.data import sample_rating_batch
from metarec.meta.features.network import TorchTerms
from metarec.meta.heads.choice_validation import parts_of
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes
from metarec.meta.loops.steps import Step, draw_step
from metarec.meta.network import TorchSupport
from metarec.meta.updaters import MAML, UPDATERS, MetaSGD, Reptile, training
from metarec.meta.updaters.exploded import Exploded
from metarec.meta.updaters.network_updater import NetworkUpdater
from metarec.meta.updaters.task import Task
from metarec.meta.updaters.training import TorchDecision, UpdaterNetwork

from .decisions import EVERY, WIDTH, D, people, terms_of, torch_task, updater_in_torch, updater_of
from .networks import small_network

KINDS = [pytest.param(kind, id=kind.__name__) for kind in EVERY]


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


@pytest.mark.parametrize("kind", ["MAML", "ANIL", "NeuralProcess"])
def test_supports_beyond_memory_are_learned_from_in_parts_to_the_same_gradient(
    kind: str, monkeypatch: pytest.MonkeyPatch
):
    config = mr.MetaConfig(d=D - 1, updater=kind, decision_width=WIDTH)  # type: ignore[arg-type]
    network = small_network(9, 6, config, implicit=True).double()
    rng = torch.Generator().manual_seed(1)
    content = torch.randn(9, 6, generator=rng, dtype=torch.float64)
    items = torch.randint(9, (5, 1, 4), generator=rng)  # prefixes of a history share its events
    counted = torch.rand(5, 3, 4, generator=rng, dtype=torch.float64)
    calls, found = [], []
    decide = UPDATERS[kind].decide  # type: ignore[attr-defined]
    monkeypatch.setattr(UPDATERS[kind], "decide", lambda *given: calls.append(0) or decide(*given))
    for cells in (10**9, 1):
        monkeypatch.setattr(training, "CELLS_AT_ONCE", cells)
        network.zero_grad()
        terms = network.features(content, torch.ones(9, dtype=torch.float64))
        support = TorchSupport(terms.of(items), torch.zeros(items.shape), counted)
        scores = network.adapt(terms, support).scores_of_all(terms.features)
        scores.square().sum().backward()
        found.append(
            [scores.detach(), *(p.grad for p in network.parameters() if p.grad is not None)]
        )
    assert len(calls) == 1 + 2 * 5  # of one person, each computed again on the way back
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cells", [1, 10**9])
def test_training_that_explodes_knows_whose_events_these_are(
    cells: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training, "CELLS_AT_ONCE", cells)
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
