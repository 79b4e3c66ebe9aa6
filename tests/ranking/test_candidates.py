"""Named items are found, counted and refused as what they are."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from metarec.contracts import Catalogue, DataError, UnknownItemWarning
from metarec.contracts.alignment import align
from metarec.ranking.candidates import candidate_rows, checked_flag, checked_ids, list_length
from metarec.ranking.exclusions import excluded_rows
from metarec.ranking.given import basket_rows

CATALOGUE = Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c"]}))


def test_the_first_item_of_the_catalogue_is_known():
    assert candidate_rows(["a", "a"], CATALOGUE).tolist() == [0]
    told = "^2 of 4 candidates are not in the catalogue and were left out, the first is 'x'$"
    with pytest.warns(UnknownItemWarning, match=told):
        assert candidate_rows(["a", "x", "c", "y"], CATALOGUE).tolist() == [0, 2]


def test_candidates_and_exclusions_may_be_sets_since_their_order_means_nothing():
    assert candidate_rows({"c", "a"}, CATALOGUE).tolist() == [0, 2]
    assert excluded_rows({"c", "a"}, CATALOGUE, 2).tolist() == [0, 2]
    assert excluded_rows([{"c"}, {"a", "b"}], CATALOGUE, 2).items.tolist() == [2, 0, 1]


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
    assert checked_ids("x", pd.Series(["a"])) == ["a"]
    assert checked_ids("x", pa.array(["a"])) == ["a"]
    with pytest.raises(DataError, match="got 7 at place 0; write it as in the shop, such as '7'"):
        checked_ids("x", pd.Series([7]))


@pytest.mark.parametrize("lost", ["123", " 00123", "123.0", "00123 "])
def test_an_id_that_tools_have_changed_is_said_in_the_form_that_the_catalogue_has(lost: str):
    shop = Catalogue.of(pl.DataFrame({"item_id": ["00123", "Ab"]}))
    told = f"'{lost}' is unknown, and the catalogue has '00123'"
    with pytest.warns(UnknownItemWarning, match=f"first is 'nowhere'; {told}$"):
        assert candidate_rows(["nowhere", lost], shop).tolist() == []
    with pytest.warns(UnknownItemWarning, match=f"2 events about 2 items .*; {told}$"):
        align([["nowhere", lost]], shop)
    with pytest.raises(DataError, match=f"is not in the catalogue; {told}$"):
        basket_rows([lost], shop)
    with pytest.raises(DataError, match=f"cannot be retired: .*; {told}$"):
        shop.retire([lost])
    with pytest.warns(UnknownItemWarning, match="'AB' is unknown, and the catalogue has 'Ab'$"):
        candidate_rows(["AB"], shop)


def test_only_truth_values_are_flags():
    assert checked_flag("x", np.True_) is True
    with pytest.raises(DataError, match="x must be True or False, got 1"):
        checked_flag("x", 1)


def test_a_list_is_no_longer_than_the_catalogue_and_has_a_place():
    assert list_length(2, CATALOGUE) == 2
    assert list_length(9, CATALOGUE) == 3
    assert list_length(9, Catalogue.of(CATALOGUE.table[:0])) == 1
