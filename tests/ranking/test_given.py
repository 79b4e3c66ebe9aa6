"""Items that a caller names: in order, or together."""

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError, UnknownItemWarning
from metarec.ranking.given import basket_rows, given_rows, whole_order
from metarec.ranking.ties import ties_of

CATALOGUE = Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c"]}))


def test_named_items_have_their_rows_and_an_unknown_one_has_none():
    with pytest.warns(UnknownItemWarning, match="^1 of 3 ids are not in .* stand last.* 'x'$"):
        named, rows = given_rows(["b", "x", "a"], CATALOGUE)
    assert (list(named), rows.tolist()) == (["b", "x", "a"], [1, -1, 0])


def test_the_item_that_is_named_twice_is_told():
    with pytest.raises(DataError, match="ids must name each item once, got 'c' more than once"):
        given_rows(["a", "c", "b", "c"], CATALOGUE)


def test_a_basket_is_one_item_or_several_each_once():
    assert basket_rows("c", CATALOGUE).tolist() == [2]
    assert basket_rows(["c", "a", "c"], CATALOGUE).tolist() == [0, 2]
    with pytest.raises(DataError, match="'x' is not in the catalogue"):
        basket_rows(["a", "x", "y"], CATALOGUE)
    with pytest.raises(DataError, match="an item id, or a basket of at least one"):
        basket_rows([], CATALOGUE)


def test_what_has_no_score_stands_last_as_it_was_given_and_ties_as_in_every_list():
    rows = np.array([2, 1, -1, 0, -1])
    nan = np.nan
    scores = np.array([[1.0, 1, nan, 1, nan], [nan, 2, nan, 3, nan], [0.0, 0, 5, 1, nan]])
    found = whole_order(scores, rows, CATALOGUE)
    by_tie = sorted([0, 1, 3], key=lambda column: ties_of(CATALOGUE.vocabulary)[rows[column]])
    assert found[0].tolist() == [*by_tie, 2, 4]
    assert found[1].tolist() == [3, 1, 0, 2, 4]
    assert found[2].tolist() == [2, 3, *(c for c in by_tie if c != 3), 4]
    nothing = Catalogue.of(CATALOGUE.table[:0])
    assert whole_order(np.array([[nan, nan]]), np.array([-1, -1]), nothing).tolist() == [[0, 1]]
