"""A later table is read by the columns of the one at fit."""

import json
import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarec.contracts import DataError
from metarec.encoders import ContentFeatures, HashEncoder, ItemColumns, UnusedColumnWarning

SHOP = pl.DataFrame(
    {
        "title": ["quiet garden", "red bicycle", None, "quiet night"],
        "plot": ["a hedge", None, "stars", "an oven"],
        "year": [1979, None, 1999, 2001],
        "tags": [["a"], [], None, ["b", "c"]],
        "kind": pl.Series(["x", "y", "x", None], dtype=pl.Categorical),
        "new": [True, False, None, True],
        "price": pl.Series([1.1, 2.5, None, 4.0], dtype=pl.Float32),
        "nothing": pl.Series([None] * 4, dtype=pl.Null),
    }
)
COLUMNS = ItemColumns.of(SHOP)


def content(template: str | None = None) -> ContentFeatures:
    return ContentFeatures.fit(HashEncoder(32, template), SHOP)


@pytest.mark.parametrize("template", [None, "{title} ({year}). {tags}. {plot}. {kind} {new}"])
@settings(max_examples=30)
@given(order=st.permutations(SHOP.columns))
def test_the_order_of_columns_changes_no_bit(template: str | None, order: list[str]):
    features = content(template)
    np.testing.assert_array_equal(features.encode(SHOP.select(order)), features.encode(SHOP))


@pytest.mark.parametrize("extra", ["words", 3, 0.5, True, ["a"]])
def test_an_extra_column_is_named_and_not_used(extra: object):
    wider = SHOP.with_columns(pl.lit(pl.Series([extra] * 4)).alias("subtitle"))
    with pytest.warns(UnusedColumnWarning, match=r"\['subtitle'\] are not used") as told:
        encoded = content().encode(wider)
    np.testing.assert_array_equal(encoded, content().encode(SHOP))
    assert len(told) == 1


def test_a_column_that_was_empty_at_fit_is_as_one_that_was_not_there():
    filled = SHOP.with_columns(nothing=pl.lit("quiet words"))
    with pytest.warns(UnusedColumnWarning, match="nothing"):
        encoded = content().encode(filled)
    np.testing.assert_array_equal(encoded, content().encode(SHOP))


@pytest.mark.parametrize("template", [None, "{title} ({year}). {tags}. {plot}. {kind} {new}"])
@pytest.mark.parametrize("lacking", SHOP.columns)
def test_a_column_that_lacks_is_as_one_without_values(lacking: str, template: str | None):
    without = SHOP.with_columns(pl.lit(None, dtype=SHOP.schema[lacking]).alias(lacking))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoded = content(template).encode(SHOP.drop(lacking))
    np.testing.assert_array_equal(encoded, content(template).encode(without))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("year", [1979.0, None, 1999.0, 2001.0]),
        ("year", [1979.0, float("nan"), 1999.0, 2001.0]),
        ("year", ["1979", "unknown", "1999", "2001"]),
        ("price", [1.1, 2.5, None, 4.0]),
        ("price", ["1.1", "2.5", None, "4"]),
        ("kind", ["x", "y", "x", None]),
        ("new", [1, 0, None, 1]),
        ("tags", pl.Series([["a"], [], None, ["b", "c"]], dtype=pl.List(pl.Categorical))),
    ],
)
def test_the_same_content_held_in_another_kind_of_column_has_the_same_bits(
    column: str, values: object
):
    features = content("{title} {plot} {year}, {tags}, {kind}, {new}, {price}")
    other = SHOP.with_columns(pl.Series(column, values))
    np.testing.assert_array_equal(features.encode(other), features.encode(SHOP))
    # nor does a column become text, or stop to be
    np.testing.assert_array_equal(content().encode(other), content().encode(SHOP))


def test_a_fraction_is_not_dropped_where_numbers_were_whole():
    years = [1979.5, 1980.0, None, 1999.0]
    assert COLUMNS.read(SHOP.with_columns(year=pl.Series(years)))["year"].to_list() == years


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("title", ["a"], r"column title holds List\(String\), expected String"),
        ("title", {"a": 1}, r"column title holds Struct.*expected String"),
        ("tags", "a", r"column tags holds String, expected List\(String\)"),
        ("year", [1], r"column year holds List\(Int64\), expected Int64"),
        ("new", "yes", "column new holds String, expected Boolean"),
        ("kind", ["x"], r"column kind holds List\(String\), expected Categorical"),
    ],
)
def test_a_column_that_cannot_be_read_as_at_fit_is_an_error_that_names_it(
    column: str, value: object, told: str
):
    other = SHOP.with_columns(pl.Series(column, [value] * 4))
    with pytest.raises(DataError, match=told):
        COLUMNS.read(other)


def test_lists_of_numbers_that_come_as_lists_of_texts_are_refused():
    columns = ItemColumns.of(pl.DataFrame({"sizes": [[1, 2]]}))
    assert columns.read(pl.DataFrame({"sizes": [[1.5]]}))["sizes"].to_list() == [[1.5]]
    with pytest.raises(DataError, match=r"sizes holds List\(String\), expected List\(Int64\)"):
        columns.read(pl.DataFrame({"sizes": [["1"]]}))


def test_a_table_without_columns_keeps_its_rows():
    bare = SHOP.drop(SHOP.columns)
    assert content().encode(bare).shape == content().encode(SHOP).shape
    assert ContentFeatures.fit(HashEncoder(8), bare).encode(bare).shape == (4, 9)
    assert ItemColumns.of(bare).read(SHOP.select("nothing")).shape == (4, 0)


def test_json_and_back_changes_nothing():
    assert ItemColumns.from_list(json.loads(json.dumps(COLUMNS.to_list()))) == COLUMNS


def test_the_fingerprint_names_the_columns():
    fewer = ContentFeatures.fit(HashEncoder(32), SHOP.drop("nothing"))
    assert fewer.fingerprint != content().fingerprint
