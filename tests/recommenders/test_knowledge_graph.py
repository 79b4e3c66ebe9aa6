"""`LightGCN` along triples: the graph by hand, layers by hand, and items that nobody took."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from recommender_toys import taken

from metarec.contracts import DataError, Dataset
from metarec.recommenders import LightGCN, LightGCNConfig
from metarec.recommenders.knowledge_graph import entities_of, reached
from metarec.recommenders.lightgcn_learning import Spreading
from metarec.testing import planted_shop

PLANTED = planted_shop(n_users=30)
QUICK = LightGCNConfig(factors=8, graph=0.5, batch=200, steps=15, learning_rate=0.1)


def with_triples(shop: Dataset, *triples: str) -> Dataset:
    """Triples written as "a-x": a is linked to x."""
    heads, tails = zip(*(triple.split("-") for triple in triples), strict=True)
    frame = pl.DataFrame({"head": heads, "relation": ["r"] * len(heads), "tail": tails})
    return replace(shop, triples=frame)


def test_entities_are_what_two_items_are_linked_to_whatever_the_direction() -> None:
    shop = with_triples(taken(u="abc"), "a-x", "x-b", "a-x", "a-c", "b-b", "y-c", "x-z", "z-b")
    found = entities_of(shop)  # y and z are linked to one item alone, b to none but itself
    expected = [  # a, c, x
        [1, 1, 1],
        [0, 0, 1],
        [1, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
    ]
    np.testing.assert_array_equal(found.toarray(), expected)


def test_an_item_is_reached_that_shares_an_entity_with_a_known_one() -> None:
    shop = with_triples(taken(u="abcde"), "a-b", "a-x", "x-c", "d-y", "y-e")
    known = np.array([True, False, False, False, False])
    found = reached(entities_of(shop), known)
    assert found.tolist() == [True, True, True, False, False]


def test_items_begin_at_their_own_factors_and_those_of_their_entities() -> None:
    """d was not taken and is all its entities; e has none."""
    shop = taken(u="abe", v="bce", w="d").where([True] * 6 + [False])
    shop = with_triples(shop, "a-x", "b-x", "d-x", "a-y", "b-y")
    torch.manual_seed(0)
    config = LightGCNConfig(factors=3, layers=2, graph=0.3)
    found = Spreading(shop.histories, entities_of(shop), config)
    own = {name: p.detach().numpy().astype(float) for name, p in found.network.named_parameters()}
    row = shop.catalogue.row_of
    x_, y_ = own["entities"]
    first = own["items"].copy()
    first[[row["a"], row["b"]]] += 0.3 * (x_ + y_) / np.sqrt(2)
    first[row["d"]] = 0.3 * x_
    people, items = (side[0].detach().numpy() for side in found.network.spread())
    np.testing.assert_allclose(items, first, rtol=1e-4, atol=1e-7)
    with torch.no_grad():  # the layers behind are those of items that began there
        plain = Spreading(shop.histories, None, config).network
        plain.people.copy_(torch.tensor(people))
        plain.items.copy_(torch.tensor(items))
    for told, expected in zip(found.network.spread(), plain.spread(), strict=True):
        for layer, other in zip(told, expected, strict=True):
            np.testing.assert_array_equal(layer.detach().numpy(), other.detach().numpy())


def test_an_item_that_a_step_masks_is_served_to_it_as_one_that_nobody_took() -> None:
    shop = with_triples(taken(u="abe", v="bce"), "a-x", "b-x", "d-x")
    config = LightGCNConfig(factors=3, layers=2, graph=0.3, masked=0.5)
    found = Spreading(shop.histories, entities_of(shop), config)
    masks = np.stack([found.draw(np.random.default_rng(seed))[3] for seed in range(400)])
    assert masks.mean(axis=0) == pytest.approx(0.5, abs=0.1)
    assert not np.array_equal(masks[0], masks[1])
    row = shop.catalogue.row_of
    whole = torch.tensor(np.arange(5) != row["b"])[:, None]
    people, items = found.network.spread(whole)
    own = {name: p.detach() for name, p in found.network.named_parameters()}
    begun = [layer[row["b"]].detach() for layer in items]
    torch.testing.assert_close(begun[0], 0.3 * own["entities"][0])
    assert not torch.stack(begun[1:]).any()
    without = own["items"].clone()
    without[row["b"]] = 0.3 * own["entities"][0]
    sent = found.network.to_people.to_dense() @ torch.where(whole, items[0], without)
    torch.testing.assert_close(people[1], sent)  # people are still sent what it is
    rows, took, other, _ = found.draw(np.random.default_rng(0))
    losses = [
        found.loss((rows, took, other, np.full(5, kept)), 0.0).item() for kept in (True, False)
    ]
    assert losses[0] != losses[1]
    assert losses[0] == found.loss((rows, took, other, None), 0.0).item()


def test_entities_learn() -> None:
    found = Spreading(PLANTED.data.histories, entities_of(PLANTED.data), QUICK)
    found.loss(found.draw(np.random.default_rng(0)), 0.0).backward()
    assert found.network.entities is not None
    assert found.network.entities.grad is not None
    assert (found.network.entities.grad.abs().sum(dim=1) > 0).all()


def test_without_a_share_triples_change_no_bit() -> None:
    plain = replace(QUICK, graph=0.0)
    one = LightGCN(plain).fit(PLANTED.data)
    other = LightGCN(plain).fit(replace(PLANTED.data, triples=None))
    for name, part in one.weights_.items():
        np.testing.assert_array_equal(part, other.weights_[name])


def test_an_item_that_nobody_took_is_ranked_by_what_it_is_linked_to() -> None:
    shop = PLANTED.data
    model = LightGCN(replace(QUICK, steps=60)).fit(shop)
    new = np.flatnonzero(~shop.touched)
    assert len(new) == 3
    scores = model.score(PLANTED.strangers(), shop.catalogue.ids[new].tolist())
    assert (scores.argmax(axis=1) == np.arange(3)).all()  # person and item of the same topic
    alone = LightGCN(replace(QUICK, graph=0.0)).fit(shop)
    assert np.isnan(alone.score([[]], shop.catalogue.ids[new].tolist())).all()


def test_an_item_that_no_known_item_is_linked_to_has_no_score() -> None:
    shop = taken(u="ab", v="ab", w="cd").where([True] * 4 + [False] * 2)
    shop = with_triples(shop, "a-x", "b-x", "c-y", "d-y")
    model = LightGCN(replace(QUICK, factors=2)).fit(shop)
    found = model.score([["a"]], list("abcd"))[0]
    assert np.isnan(found).tolist() == [False, False, True, True]


@pytest.mark.parametrize("triples", [None, PLANTED.data.triples.clear()])  # type: ignore[union-attr]
def test_a_shop_without_triples_is_told(triples: pl.DataFrame | None) -> None:
    with pytest.raises(DataError, match=r"'planted' has no triples .* leave graph at 0"):
        LightGCN(QUICK).fit(replace(PLANTED.data, triples=triples))


def test_triples_that_speak_of_no_item_are_told() -> None:
    shop = with_triples(taken(u="ab"), "A-x", "B-x")
    with pytest.raises(DataError, match="head and tail hold 'A', item ids are such as 'a'"):
        LightGCN(QUICK).fit(shop)
