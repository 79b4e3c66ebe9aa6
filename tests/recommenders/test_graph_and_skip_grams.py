"""`LightGCN` and `Item2Vec`: what a step lowers, in loops, and NumPy that is the network."""

import numpy as np
import pytest
import torch
from recommender_toys import taken

from metarec.contracts import Histories
from metarec.contracts.alignment import align
from metarec.recommenders import Item2Vec, Item2VecConfig, LightGCNConfig
from metarec.recommenders.interactions import Taken, history_matrix
from metarec.recommenders.item2vec_learning import SkipGrams, pairs_of
from metarec.recommenders.lightgcn import spread_scores
from metarec.recommenders.lightgcn_learning import Spreading
from metarec.testing import planted_shop

SHOP = planted_shop(n_users=20).data
PEOPLE = SHOP.histories


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


def spreading(layers: int = 3) -> Spreading:
    torch.manual_seed(0)
    return Spreading(PEOPLE, None, LightGCNConfig(factors=4, layers=layers, l2=0.3, batch=50))


def layers_by_hand(found: Spreading) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Every layer of people and of items, by the symmetric adjacency of the whole graph."""
    own = {n: p.detach().numpy().astype(float) for n, p in found.network.named_parameters()}
    x = history_matrix(PEOPLE).toarray()
    n = len(x)
    graph = np.block([[np.zeros((n, n)), x], [x.T, np.zeros((x.shape[1],) * 2)]])
    root = np.sqrt(np.maximum(graph.sum(axis=1), 1))
    each = [np.concatenate([own["people"], own["items"]])]
    for _ in range(found.config.layers):
        each.append(graph / root / root[:, None] @ each[-1])
    return [layer[:n] for layer in each], [layer[n:] for layer in each]


@pytest.mark.parametrize("layers", [1, 3])
def test_layers_are_those_of_the_graph_and_who_is_served_lacks_their_own_factors_alone(
    layers: int,
) -> None:
    found = spreading(layers)
    people, items = layers_by_hand(found)
    for told, expected in zip(found.network.spread(), (people, items), strict=True):
        for layer, by_hand in zip(told, expected, strict=True):
            np.testing.assert_allclose(layer.detach().numpy(), by_hand, rtol=1e-4, atol=1e-6)
    served = spread_scores(found.frozen(), PEOPLE)
    expected = np.sum(people[1:], axis=0) @ np.mean(items, axis=0).T
    np.testing.assert_allclose(served, expected, rtol=1e-4, atol=1e-6)
    nobody = spread_scores(found.frozen(), PEOPLE.take(slice(0, 1)).first(0))
    assert not nobody.any()


def test_a_step_of_the_graph_lowers_bpr_of_the_mean_layers_and_the_penalty() -> None:
    found = spreading()
    people, items = (np.mean(side, axis=0) for side in layers_by_hand(found))
    first = [side[0] for side in layers_by_hand(found)]
    rows, own, other = np.array([0, 3, 3]), np.array([1, 4, 2]), np.array([7, 7, 9])
    ahead = (people[rows] * (items[own] - items[other])).sum(axis=1)
    met = (first[0][rows], first[1][own], first[1][other])
    expected = softplus(-ahead).mean() + 0.3 * sum((m**2).sum() for m in met) / (2 * 3)
    assert found.loss((rows, own, other, None), 0.0).item() == pytest.approx(expected, rel=1e-4)


def test_what_is_held_against_an_event_is_drawn_once_more_where_it_was_taken() -> None:
    shop = taken(u="abcd", v="e")  # four of the five that u could be told, twice: 16 of 25
    found = Spreading(shop.histories, None, LightGCNConfig(factors=2, batch=50))
    drawn = [found.draw(np.random.default_rng(seed))[:3] for seed in range(300)]
    rows, own, other = (np.concatenate(part) for part in zip(*drawn, strict=True))
    took = history_matrix(shop.histories).toarray() > 0
    assert len(rows) == 5 * 300
    assert took[rows, own].all()
    assert took[rows, other][rows == 0].mean() == pytest.approx(0.64, abs=0.04)
    assert took[rows, other][rows == 1].mean() == pytest.approx(0.04, abs=0.04)


def test_many_pairs_are_looked_up_at_once() -> None:
    took = history_matrix(PEOPLE).toarray() > 0
    holds = Taken(history_matrix(PEOPLE)).holds(*np.indices(took.shape))
    np.testing.assert_array_equal(holds, took)


def test_pairs_stand_within_the_window_both_ways_and_without_an_order_anywhere() -> None:
    histories = taken(u="abca", v="de").histories
    letters = {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4}

    def expected(pairs: dict[str, float]) -> np.ndarray:
        table = np.zeros((5, 5))
        for pair, n in pairs.items():
            table[letters[pair[0]], letters[pair[1]]] += n
            table[letters[pair[1]], letters[pair[0]]] += n
        return table

    near = pairs_of(histories, 1).toarray()
    np.testing.assert_array_equal(near, expected({"ab": 1, "bc": 1, "ca": 1, "de": 1}))
    wide = pairs_of(histories, 3).toarray()  # a and a are no pair
    np.testing.assert_array_equal(wide, expected({"ab": 2, "ac": 2, "bc": 1, "de": 1}))
    sets = pairs_of(histories, None).toarray()
    np.testing.assert_array_equal(sets, expected({"ab": 1, "ac": 1, "bc": 1, "de": 1}))


def test_a_step_of_skip_grams_lowers_the_loss_of_negative_sampling() -> None:
    torch.manual_seed(0)
    found = SkipGrams(PEOPLE, True, Item2VecConfig(factors=4, negatives=2))
    with torch.no_grad():
        found.network.company.mul_(100)
    items, company = (p.detach().numpy().astype(float) for p in found.network.parameters())
    firsts, seconds, others = np.array([0, 3]), np.array([4, 5]), np.array([[1, 2], [7, 8]])
    total = 0.0
    for first, second, drawn in zip(firsts, seconds, others, strict=True):
        total += softplus(-items[first] @ company[second])
        total += sum(softplus(items[first] @ company[item]) for item in drawn)
    loss = found.loss((firsts, seconds, others), 0.0).item()
    assert loss == pytest.approx(total / 2, rel=1e-5)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_pairs_are_drawn_as_often_as_they_stand_and_others_by_the_power(power: float) -> None:
    histories = taken(u="ab", v="ab", w="ab", x="cd").histories
    config = Item2VecConfig(factors=2, negatives=3, power=power, batch=4000)
    found = SkipGrams(histories, False, config)
    firsts, seconds, others = found.draw(np.random.default_rng(0))
    assert found.units == 8
    assert np.mean(firsts == 0) == pytest.approx(3 / 8, abs=0.03)
    assert set(zip(firsts.tolist(), seconds.tolist(), strict=True)) == {
        (0, 1),
        (1, 0),
        (2, 3),
        (3, 2),
    }
    assert others.shape == (4000, 3)
    assert np.mean(others == 2) == pytest.approx(0.25 if power == 0 else 1 / 8, abs=0.02)
    assert not (others == 4).any()


def test_a_score_is_the_mean_cosine_to_what_someone_took_newer_events_counting_more() -> None:
    config = Item2VecConfig(factors=4, steps=3, recency=0.5)
    model = Item2Vec(config).fit(SHOP)
    vectors = model.weights_["items"].astype(float)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    ids = [str(item) for item in SHOP.catalogue.ids]
    expected = (0.5 * vectors[3] + vectors[14]) @ vectors.T / 1.5
    found = model.score([["item-3", "item-14"], []], ids)
    np.testing.assert_allclose(found[0][SHOP.touched], expected[SHOP.touched], rtol=1e-6)
    assert (found[1][SHOP.touched] == 0).all()
    assert np.isnan(found[:, ~SHOP.touched]).all()


def test_a_shop_without_a_pair_is_learned_too() -> None:
    alone = taken(u="a", v="b")
    found = SkipGrams(alone.histories, False, Item2VecConfig(factors=2))
    assert found.loss(found.draw(np.random.default_rng(0)), 0.0).item() == 0.0
    model = Item2Vec(Item2VecConfig(factors=2, steps=2)).fit(alone)
    assert np.isfinite(model.score(align(Histories.of([["a"]]), alone.catalogue), ["b"])).all()
