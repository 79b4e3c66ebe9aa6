"""Named items are found, counted and refused as what they are."""

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError, UnknownItemWarning
from metarec.ranking.candidates import candidate_rows, checked_flag, checked_ids, list_length

CATALOGUE = Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c"]}))


def test_the_first_item_of_the_catalogue_is_known():
    assert candidate_rows(["a", "a"], CATALOGUE).tolist() == [0]
    told = "^2 of 4 candidates are not in the catalogue and were left out, the first is 'x'$"
    with pytest.warns(UnknownItemWarning, match=told):
        assert candidate_rows(["a", "x", "c", "y"], CATALOGUE).tolist() == [0, 2]


def test_retired_items_are_no_candidates_and_no_error():
    gone = CATALOGUE.retire(["b"])
    assert candidate_rows(None, gone).tolist() == [0, 2]
    assert candidate_rows(["b", "c"], gone).tolist() == [2]


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ("ab", "must be a sequence of item ids, such as a list, got one string 'ab'"),
        (b"ab", "got one string b'ab'"),
        ({"a"}, "got set"),
        (["a", 7], "must hold item ids, which are strings, got 7 at place 1"),
    ],
)
def test_what_is_no_list_of_ids_is_refused(ids, told: str):
    with pytest.raises(DataError, match=told):
        checked_ids("candidates", ids)


def test_arrays_and_series_hold_ids_too():
    assert checked_ids("x", np.array(["a"], dtype=object)) == ["a"]
    assert checked_ids("x", pl.Series(["a"])) == ["a"]


def test_only_truth_values_are_flags():
    assert checked_flag("x", np.True_) is True
    with pytest.raises(DataError, match="x must be True or False, got 1"):
        checked_flag("x", 1)


def test_a_list_is_no_longer_than_the_catalogue_and_has_a_place():
    assert list_length(2, CATALOGUE) == 2
    assert list_length(9, CATALOGUE) == 3
    assert list_length(9, Catalogue.of(CATALOGUE.table[:0])) == 1
