"""Boosts, diversity and caps by numbers that are worked out by hand."""

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError
from metarec.contracts.alignment import align
from metarec.ranking import Wanted, reranking
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
    scores = np.array([[1.0, 3.0, np.nan, 9.0], [2.0, 2.0, 2.0, 2.0]])
    boost = np.array([1.0, 0.0, 1.0, 5.0])
    lifted = boosted(scores, boost, np.array([0, 1, 2]))
    # of 1 and 3 the deviation is 1; where all are equal it is taken for 1
    np.testing.assert_array_equal(lifted, [[2.0, 3.0, np.nan, 14.0], [3.0, 2.0, 3.0, 7.0]])


def test_caps_make_room_for_the_next_and_count_no_missing_value():
    assert best(4, at_most={"brand": 1}) == "adef"
    assert best(4, at_most={"brand": 2}) == "abde"
    assert best(4, at_most={"brand": 2, "size": 1}) == "abd"  # c, e and f are of a's size
    with pytest.raises(DataError, match="tags holds List"):
        best(1, at_most={"tags": 1})
    with pytest.raises(DataError, match="infinite holds infinite ones"):
        best(1, boost="infinite")


def test_diversity_trades_the_score_for_the_nearest_before():
    # relevance 1, .8, .6, .4, .2, 0; after a: b .4 - .5, c .3 - .3, d .2 - 0
    assert best(3, diversity=0.5) == "adb"  # then b .4 - .5, c .3 - .4, e .1 - .5: equal, b first
    assert best(6, diversity=0.0) == "abcdef"
    assert best(2, diversity=0.1) == "ab"


def test_diversity_chooses_among_the_best_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reranking, "POOL", 3)
    monkeypatch.setattr(reranking, "POOL_FACTOR", 1)
    assert best(2, diversity=0.9) == "ac"  # d is less like a, and no longer among them
    # where caps leave no more of the pool, the next follow by their scores
    assert best(3, diversity=0.9, at_most={"brand": 1}) == "ade"
