"""`TwoTower`, `DropoutNet`, `NeuMF`: what a step lowers, and NumPy that is the network."""

import numpy as np
import pytest
import torch
from drawn_networks import drawn_anew

from metarec.contracts import DataError
from metarec.encoders import HashEncoder
from metarec.recommenders import (
    DropoutNet,
    DropoutNetConfig,
    NeuMF,
    NeuMFConfig,
    TwoTower,
    TwoTowerConfig,
)
from metarec.recommenders.dropout_net import side
from metarec.recommenders.dropout_net_learning import Hiding
from metarec.recommenders.dropout_net_learning import Step as Hidden
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.known_people import keys_of
from metarec.recommenders.neumf import pair_logits
from metarec.recommenders.neumf_learning import Pairs
from metarec.recommenders.two_tower_learning import Towers
from metarec.testing import planted_shop

SHOP = planted_shop(n_users=20).data
PEOPLE = SHOP.histories
IDS = [str(item) for item in SHOP.catalogue.ids]
TOOK = history_matrix(PEOPLE).toarray() > 0
CONTENT = np.random.default_rng(0).normal(size=(36, 5))


def towers(**settings: float) -> Towers:
    found = Towers(PEOPLE, CONTENT, TwoTowerConfig(d=4, batch=12, **settings))  # type: ignore[arg-type]
    drawn_anew(found.network)
    return found


def test_the_target_of_a_person_is_not_read_and_half_of_the_rest_is_left_out() -> None:
    found, shares = towers(dropout=0.5), []
    for seed in range(20):
        step = found.draw(np.random.default_rng(seed))
        read = step.read.toarray()
        targets = step.items[step.targets]
        for row, target in enumerate(targets):
            own = step.items[np.flatnonzero(read[row])]
            assert target not in own
            assert any(took[target] and took[own].all() for took in TOOK)
            assert read[row].sum() == pytest.approx(1.0 if len(own) else 0.0)
            shares.append(len(own) / 7)
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


def test_a_step_of_the_towers_is_a_softmax_corrected_for_chance_without_what_was_taken() -> None:
    found = towers(dropout=0.0, weight_decay=0.2, hidden=0.4)
    step = found.draw(np.random.default_rng(3))
    own = {n: p.detach().numpy().astype(float) for n, p in found.network.named_parameters()}
    vectors = own["residual"][step.items] * step.residual[:, None]
    vectors = vectors + CONTENT[step.items] @ own["map"]
    mean = step.read.toarray() @ vectors
    inner = np.maximum(mean @ own["widen.weight"].T + own["widen.bias"], 0)
    people = mean + inner @ own["narrow.weight"].T + own["narrow.bias"]
    targets = step.items[step.targets]
    chance = (TOOK / TOOK.sum(axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(step.log_chance, np.log(chance[targets]))
    losses = []
    whose = [
        {t, *step.items[np.flatnonzero(r)]}
        for t, r in zip(targets, step.read.toarray(), strict=True)
    ]
    for row in range(len(targets)):
        rivals = [j for j in range(len(targets)) if j == row or targets[j] not in whose[row]]
        logits = [
            people[row] @ vectors[step.targets[j]] - np.log(chance[targets[j]]) for j in rivals
        ]
        losses.append(np.log(np.exp(logits).sum()) - logits[rivals.index(row)])
    expected = np.mean(losses) + 0.2 * (vectors**2).sum() / len(vectors)
    assert 0 < step.residual.sum() < len(step.residual)
    assert found.loss(step, 0.0).item() == pytest.approx(expected, rel=1e-4)


def test_numpy_serves_what_the_towers_learned() -> None:
    found = towers()
    model = TwoTower(HashEncoder(8), found.config)
    x = torch.from_numpy(TOOK / TOOK.sum(axis=1, keepdims=True)).float()
    with torch.no_grad():
        learned = torch.from_numpy(SHOP.touched).float()
        vectors = found.network.vectors(torch.arange(36), learned)
        expected = found.network(x @ vectors) @ vectors.mT
    served = model._products(found.frozen(), PEOPLE)
    np.testing.assert_allclose(served, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_without_an_encoder_an_untouched_item_is_not_scored_and_with_one_it_is() -> None:
    config = TwoTowerConfig(d=4, steps=2)
    blind, reading = (TwoTower(e, config).fit(SHOP) for e in (None, HashEncoder(8)))
    assert np.array_equal(np.isnan(blind.score(PEOPLE, IDS)[0]), ~SHOP.touched)
    assert np.isfinite(reading.score(PEOPLE, IDS)).all()


def hiding() -> Hiding:
    rng = np.random.default_rng(1)
    read, factors = rng.normal(size=(20, 8)), rng.normal(size=(36, 3))
    found = Hiding(PEOPLE, read, factors, CONTENT, DropoutNetConfig(factors=3, hidden=6, batch=10))
    drawn_anew(found.network)
    return found


def test_a_step_of_dropout_net_gives_products_of_factors_back_hidden_or_not() -> None:
    found = hiding()
    step = Hidden(
        np.array([0, 5]),
        np.array([3, 4, 9]),
        np.array([True, False]),
        np.array([False, True, True]),
    )
    person, item = found.person.numpy().astype(float), found.item.numpy().astype(float)
    aim = person[step.people, :3] @ item[step.items, :3].T
    mine, theirs = person[step.people].copy(), item[step.items].copy()
    mine[1, :3] = theirs[0, :3] = 0.0
    weights = found.frozen()
    told = side(weights, "person", mine) @ side(weights, "item", theirs).T
    assert found.loss(step, 0.0).item() == pytest.approx(np.mean((told - aim) ** 2), rel=1e-4)


def test_half_of_the_people_and_items_of_a_step_are_hidden_and_untouched_items_never_drawn() -> (
    None
):
    found = hiding()
    steps = [found.draw(np.random.default_rng(seed)) for seed in range(60)]
    for shown in ("people_shown", "items_shown"):
        assert np.mean([getattr(s, shown).mean() for s in steps]) == pytest.approx(0.5, abs=0.06)
    items = np.concatenate([step.items for step in steps])
    assert SHOP.touched[items].all()
    hits, share = np.isin(items, (0, 1)).mean(), TOOK[:, :2].sum() / TOOK.sum()
    assert hits == pytest.approx((share + 2 / SHOP.touched.sum()) / 2, abs=0.05)


def test_dropout_net_reads_factors_and_the_mean_content_and_needs_content() -> None:
    config = DropoutNetConfig(factors=3, hidden=6, steps=2, l2=1.0)
    model = DropoutNet(HashEncoder(8), config).fit(SHOP)
    read = model.read(PEOPLE)
    np.testing.assert_allclose(
        read[:, 3:], TOOK @ model.content_.astype(float) / TOOK.sum(axis=1, keepdims=True)
    )
    y, taken = model.factors_, TOOK[0]
    precision = y.T @ y + np.eye(3) + config.alpha * y[taken].T @ y[taken]
    x = np.linalg.solve(precision, (1 + config.alpha) * y[taken].sum(axis=0))
    np.testing.assert_allclose(read[0, :3], x, rtol=1e-9)
    assert not model.factors_[~SHOP.touched].any()
    assert np.isfinite(model.score([[]], IDS)).all()
    with pytest.raises(DataError, match="DropoutNet reads content: give it an encoder"):
        DropoutNet(None, config).fit(SHOP)


def pairs() -> Pairs:
    found = Pairs(PEOPLE, np.arange(20)[::-1], NeuMFConfig(factors=3, negatives=3, l2=0.1, batch=9))
    drawn_anew(found.network)
    return found


def test_numpy_serves_what_neumf_learned() -> None:
    found = pairs()
    own = {name: weights.astype(float) for name, weights in found.frozen().items()}
    served = pair_logits(own, own["people"])
    with torch.no_grad():
        people, items = found.network.people, found.network.items
        told = found.network(people.repeat_interleave(36, dim=0), items.repeat(20, 1))
    np.testing.assert_allclose(served, told.numpy().reshape(20, 36), rtol=1e-4, atol=1e-5)


def test_a_step_of_neumf_tells_events_from_items_that_were_drawn() -> None:
    found = pairs()
    own = {name: weights.astype(float) for name, weights in found.frozen().items()}
    rows, items, others = np.array([0, 4]), np.array([3, 9]), np.array([[1, -1], [7, 8]])
    logits = pair_logits(own, own["people"])
    whose, what = np.array([0, 4, 0, 4, 4]), np.array([3, 9, 1, 7, 8])
    signed = logits[whose, what] * np.array([1, 1, -1, -1, -1])
    met = (own["people"][whose] ** 2).sum() + (own["items"][what] ** 2).sum()
    expected = np.log1p(np.exp(-signed)).mean() + 0.1 * met / 2
    assert found.loss((rows, items, others), 0.0).item() == pytest.approx(expected, rel=1e-4)


def test_neumf_draws_what_people_did_not_take() -> None:
    found, took = pairs(), TOOK[::-1]
    for seed in range(10):
        rows, items, others = found.draw(np.random.default_rng(seed))
        assert took[rows, items].all()
        event, place = np.nonzero(others >= 0)
        assert not took[rows[event], others[event, place]].any()
        assert SHOP.touched[others[others >= 0]].all()


def test_neumf_knows_people_by_their_ids_whatever_the_history() -> None:
    model = NeuMF(NeuMFConfig(factors=3, steps=20, learning_rate=0.05)).fit(SHOP)
    whole, none = PEOPLE.take(np.array([7, 2])), PEOPLE.take(np.array([7, 2])).first(0)
    np.testing.assert_array_equal(model.score(whole, IDS), model.score(none, IDS))
    rows = {key: row for row, key in enumerate(model.user_keys_)}
    assert list(rows.values()) == list(range(20))
    own = {name: weights.astype(float) for name, weights in model.weights_.items()}
    where = [rows[key] for key in keys_of(["user-7", "user-2"])]
    expected = pair_logits(own, own["people"][where])
    found = model.score(whole, IDS)
    np.testing.assert_allclose(found[:, SHOP.touched], expected[:, SHOP.touched])


def test_neumf_has_learned_of_each_person_what_they_took() -> None:
    way = {"batch": 200, "steps": 40, "learning_rate": 0.1, "patience": 100}
    model = NeuMF(NeuMFConfig(factors=4, l2=1e-3, **way)).fit(SHOP)  # type: ignore[arg-type]
    scores = model.score(PEOPLE, IDS)[:, SHOP.touched]
    took = TOOK[:, SHOP.touched]

    def ahead(whose: np.ndarray) -> float:
        return float(scores[whose].mean() - scores[~whose].mean())

    assert ahead(took) > 2 * ahead(np.roll(took, 1, axis=0)) > 0  # the next loves another topic
