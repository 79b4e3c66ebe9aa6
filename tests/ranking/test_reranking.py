"""Boosts, diversity and caps by numbers that are worked out by hand."""

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError
from metarec.contracts.alignment import align
from metarec.ranking import Wanted, reranking
from metarec.ranking.columns import boost_of, caps_of
from metarec.ranking.wanted import boosted

CATALOGUE = Catalogue.of(
    pl.DataFrame(
        {
            "item_id": list("abcdef"),
            "brand": ["x", "x", "x", "y", None, None],
            "size": [1.0, 2.0, 1.0, float("nan"), 1.0, 1.0],
            "infinite": [np.inf, 0, 0, 0, 0, 0],
            "tags": [["r"]] * 6,
        }
    )
)
NOBODY = align([[]], CATALOGUE)
SCORES = np.array([[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]])
VECTORS = np.array([[1.0, 0], [1, 0], [0.6, 0.8], [0, 1], [0, 1], [0, 1]])


def best(k: int, **filters) -> str:
    wanted = Wanted.of(k, filters, CATALOGUE, vectors=lambda: VECTORS)  # type: ignore[arg-type]
    rows, _ = wanted.best(SCORES.copy(), NOBODY)
    return "".join(CATALOGUE.ids[rows[0][rows[0] >= 0]])


def test_a_boost_of_one_lifts_by_a_standard_deviation():
    nan = np.nan
    scores = np.array([[1.0, 3, nan, 9], [2, 2, 2, 2], [2, 3, nan, 9], [2e-13, 0, nan, 9]])
    boost = np.array([1.0, 0.0, 1.0, 5.0])
    lifted = boosted(scores, boost, np.array([0, 1, 2]))
    # of 1 and 3 the deviation is 1, of 2 and 3 it is 0.5; where all are equal it is taken for 1
    np.testing.assert_array_equal(lifted[:2], [[2, 3, nan, 14], [3, 2, 3, 7]])
    np.testing.assert_array_equal(lifted[2:], [[2.5, 3, nan, 11.5], [1 + 2e-13, 0, nan, 14]])
    rounded = np.array([[1e6, 1e6 + 1e-7, 0, 0]])
    assert boosted(rounded, boost, np.array([0, 1]))[0, 0] == 1e6 + 1


def test_caps_make_room_for_the_next_and_count_no_missing_value():
    assert best(4, at_most={"brand": 1}) == "adef"
    assert best(4, at_most={"brand": 2}) == "abde"
    assert best(4, at_most={"brand": 2, "size": 1}) == "abd"  # c, e and f are of a's size
    nothing = Catalogue.of(CATALOGUE.table[:0])
    empty = Wanted.of(2, {"at_most": {"brand": 1}}, nothing)
    assert empty.best(np.zeros((1, 0)), align([[]], nothing))[0].tolist() == [[-1]]
    with pytest.raises(DataError, match="tags holds List"):
        best(1, at_most={"tags": 1})
    with pytest.raises(DataError, match="infinite holds infinite ones"):
        best(1, boost="infinite")


def test_diversity_trades_the_score_for_the_nearest_before():
    # relevance 1, .8, .6, .4, .2, 0; after a: b .4 - .5, c .3 - .3, d .2 - 0
    assert best(3, diversity=0.5) == "adb"  # then b .4 - .5, c .3 - .4, e .1 - .5: equal, b first
    assert best(6, diversity=0.0) == "abcdef"
    assert best(2, diversity=0.1) == "ab"


@pytest.mark.parametrize(("k", "pool"), [(1, 100), (10, 100), (11, 110)])
def test_the_pool_is_ten_lists_and_a_hundred_items_at_least(k: int, pool: int):
    assert reranking.Reranking(k, 0.5, None, ()).pool == pool


@pytest.mark.parametrize("value", [True, 1, 1.0, -0.1, "0.5", None, float("nan")])
def test_diversity_is_a_number_from_0_to_below_1(value):
    with pytest.raises(DataError, match="diversity must be a number from 0 to below 1, got"):
        reranking.checked_diversity(value)


def test_diversity_asks_for_vectors_and_takes_numbers_of_numpy():
    assert reranking.checked_diversity(np.float32(0.5)) == 0.5
    with pytest.raises(DataError, match="needs vectors of the items, and this model has none"):
        Wanted.of(1, {"diversity": 0.1}, CATALOGUE)
    assert Wanted.of(1, {"diversity": 0}, CATALOGUE).reranking is None


def test_relevance_among_equals_decides_nothing():
    wanted = Wanted.of(3, {"diversity": 0.5}, CATALOGUE, vectors=lambda: VECTORS)
    first, second, third = wanted.best(np.ones((1, 6)), NOBODY)[0][0]
    likeness = VECTORS @ VECTORS[first]
    assert likeness[second] == likeness[np.arange(6) != first].min()
    assert third not in (first, second)


def test_a_cap_and_a_boost_name_a_column_that_can_be_counted_or_added():
    assert boost_of("size", CATALOGUE).tolist() == [1, 2, 1, 0, 1, 1]
    with pytest.raises(DataError, match=r"boost .* brand holds String; .*\['brand', 'infinite', "):
        boost_of("brand", CATALOGUE)
    with pytest.raises(DataError, match="boost must name a column of the items, got 'x'; they"):
        boost_of("x", CATALOGUE)
    with pytest.raises(DataError, match="at_most must name a column of the items, got 3"):
        caps_of({3: 1}, CATALOGUE)
    with pytest.raises(DataError, match="at_most of brand must be at least 1, got 0"):
        caps_of({"brand": 0}, CATALOGUE)
    with pytest.raises(DataError, match=r"must map columns to numbers, .* got \['brand'\]"):
        caps_of(["brand"], CATALOGUE)
    table = CATALOGUE.table.with_columns(new=pl.lit(value=True), none=pl.lit(None))
    known = Catalogue.of(table)
    assert boost_of("new", known).tolist() == [1] * 6
    assert boost_of("none", known).tolist() == [0] * 6
    maker = [{"name": name, "size": size} for name, size in zip("aabbcc", range(6), strict=True)]
    known = Catalogue.of(CATALOGUE.table.with_columns(maker=pl.Series(maker)))
    assert boost_of("maker.size", known).tolist() == [0, 1, 2, 3, 4, 5]
    assert caps_of({"maker.name": 1}, known)[0].codes.tolist() == [0, 0, 1, 1, 2, 2]


def test_diversity_chooses_among_the_best_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reranking, "POOL", 3)
    monkeypatch.setattr(reranking, "POOL_FACTOR", 1)
    assert best(2, diversity=0.9) == "ac"  # d is less like a, and no longer among them
    # where caps leave no more of the pool, the next follow by their scores
    assert best(3, diversity=0.9, at_most={"brand": 1}) == "ade"
