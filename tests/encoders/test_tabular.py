"""Numbers, categories and lists as features."""

import datetime
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metarec.contracts import DataError
from metarec.encoders import TabularFeatures
from metarec.encoders.nested import leaves_of
from metarec.encoders.tabular import seconds_of
from metarec.encoders.template import compose
from metarec.encoders.vectors import Vectors

SHOP = pl.DataFrame(
    {
        "price": [1.0, 3.0, 5.0, None, 3.0, 3.0],
        "kind": ["tea", "tea", "cup", "cup", None, "tea"],
        "tags": [["hot", "green"], ["hot"], [], None, ["green", "hot"], ["green"]],
        "image": ["a.jpg"] * 6,
    }
)
FEATURES = TabularFeatures.fit(SHOP)


def transformed(**columns: object) -> np.ndarray:
    return FEATURES.transform(pl.DataFrame(columns, strict=False))


def test_the_features_of_a_small_table_are_those_worked_out_by_hand():
    # price: mean 3, population variance (4 + 0 + 4 + 0 + 0) / 5 = 1.6; then "is missing"
    # kind: cup, tea, missing; tags: green, hot, missing. The image's path is no feature.
    z = 2 / np.sqrt(1.6)
    expected = [
        [-z, 0, 0, 1, 0, 1, 1, 0],
        [0, 0, 0, 1, 0, 0, 1, 0],
        [z, 0, 1, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1, 1, 1, 0],
        [0, 0, 0, 1, 0, 1, 0, 0],
    ]
    features = FEATURES.transform(SHOP)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, rtol=1e-6)


def test_a_number_outside_the_range_seen_is_held_at_its_edge():
    np.testing.assert_array_equal(transformed(price=[-1e300, 99.0]), transformed(price=[1.0, 5.0]))


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_missing(value: float | None):
    np.testing.assert_array_equal(
        FEATURES.transform(pl.DataFrame({"price": [value]}, schema={"price": pl.Float64})),
        transformed(nothing=[1]),
    )


def test_moments_of_every_kind_are_seconds():
    day, hour = 86_400.0, 3_600.0
    for moments, seconds in (
        ([datetime.time(1)], hour),
        ([datetime.timedelta(hours=1)], hour),
        ([datetime.date(1970, 1, 2)], day),
        ([datetime.datetime(1970, 1, 2, 1)], day + hour),
        (["1970-01-02"], day),
        (["1970-01-02T01:00:00Z"], day + hour),
        (["no date"], None),
        ([7], 7.0),
    ):
        assert seconds_of(pl.Series(moments)).to_list() == [seconds]


def test_lists_of_lists_have_their_leaves_with_the_row_of_each():
    rows, values = leaves_of(pl.Series([[["a"], None], None, [], [["b", "c"]]]))
    assert (rows.tolist(), values.to_list()) == ([0, 0, 3, 3], ["a", None, "b", "c"])


def test_equal_numbers_are_no_feature_and_have_no_spread_of_rounding():
    features = TabularFeatures.fit(pl.DataFrame({"price": [0.1] * 7}))
    assert features.transform(pl.DataFrame({"price": [0.1, 9.0]})).tolist() == [[0, 0]] * 2


def test_an_absent_column_counts_as_missing():
    row = transformed(colour=["red"])[0]
    assert row.tolist() == [0, 1, 0, 0, 1, 0, 0, 1]


def test_a_column_of_nothing_counts_as_missing_whatever_it_was():
    empty = pl.DataFrame({name: pl.Series([None] * 2) for name in SHOP.columns})
    assert set(empty.dtypes) == {pl.Null}
    np.testing.assert_array_equal(
        FEATURES.transform(empty), np.repeat(transformed(nothing=[1]), 2, axis=0)
    )


def test_a_category_that_was_never_seen_is_all_zeros_and_not_missing():
    assert transformed(kind=["plate"])[0, 2:5].tolist() == [0, 0, 0]
    assert transformed(tags=[["cold", "hot"]])[0, 5:].tolist() == [0, 1, 0]


def test_an_empty_list_is_no_missing_list():
    assert transformed(tags=pl.Series([[], None], dtype=pl.List(pl.String)))[:, -1].tolist() == [
        0,
        1,
    ]


def test_a_constant_number_is_zero_however_it_rounds():
    features = TabularFeatures.fit(pl.DataFrame({"x": [0.1] * 7}))
    assert features.transform(pl.DataFrame({"x": [0.1, 0.2]})).tolist() == [[0, 0], [0, 0]]


def test_a_column_may_be_called_count_or_value():
    kinds = ["a", "a", "a", "b", "b", "b"]
    features = TabularFeatures.fit(pl.DataFrame({"count": kinds, "value": kinds}))
    assert set(features.categories) == {"count", "value"}


def test_texts_that_hardly_repeat_are_not_categories():
    frame = pl.DataFrame({"title": [f"title {i}" for i in range(30)]})
    assert not TabularFeatures.fit(frame).categories


def test_truth_values_are_categories():
    features = TabularFeatures.fit(pl.DataFrame({"new": [True, False, True, False, True, True]}))
    frame = pl.DataFrame({"new": [True, False, None]})
    assert features.transform(frame).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_a_column_of_another_kind_is_an_error_that_names_it():
    with pytest.raises(DataError, match=r"column price holds List\(Int64\), expected Float64"):
        transformed(price=[[1]])
    with pytest.raises(DataError, match="column tags holds String"):
        transformed(tags=["hot"])


def test_a_number_in_words_is_read():
    np.testing.assert_array_equal(transformed(price=["5", "dear"])[:, 1], [0, 1])


@pytest.mark.parametrize("frame", [pl.DataFrame(), SHOP.clear(), SHOP.select("image")])
def test_a_table_without_anything_to_measure_has_no_features(frame: pl.DataFrame):
    assert TabularFeatures.fit(frame).transform(SHOP).shape == (6, 0)


def test_no_rows_give_no_features_of_the_right_width():
    assert FEATURES.transform(SHOP.clear()).shape == (0, 8)


def test_json_and_back_changes_nothing():
    again = TabularFeatures.from_dict(json.loads(json.dumps(FEATURES.to_dict())))
    assert again == FEATURES
    np.testing.assert_array_equal(again.transform(SHOP), FEATURES.transform(SHOP))


numbers = hnp.arrays(
    np.float64, st.integers(2, 20), elements=st.floats(-1e6, 1e6, allow_subnormal=False)
)


@given(numbers)
def test_seen_numbers_have_mean_zero_and_at_most_unit_variance(values: np.ndarray):
    frame = pl.DataFrame({"x": values})
    scaled = TabularFeatures.fit(frame).transform(frame)[:, 0].astype(np.float64)
    spread = values.std()
    assert np.isfinite(scaled).all()
    if spread > 1e-6 * max(1, np.abs(values).max()):
        assert abs(scaled.mean()) < 1e-3
        assert abs(scaled.std() - 1) < 1e-3


@given(
    st.lists(
        st.tuples(
            st.floats(width=32) | st.none(),
            st.sampled_from(["tea", "cup", "jar"]) | st.none(),
            st.lists(st.sampled_from(["hot", "cold"]), max_size=3) | st.none(),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_the_features_of_a_row_depend_on_that_row_alone(rows: list[tuple]):
    schema = {"price": pl.Float64, "kind": pl.String, "tags": pl.List(pl.String)}
    frame = pl.DataFrame(rows, schema, orient="row")
    together = FEATURES.transform(frame)
    assert np.isfinite(together).all()
    for row in range(len(frame)):
        np.testing.assert_array_equal(together[row : row + 1], FEATURES.transform(frame[row]))


@pytest.mark.parametrize("kind", [pl.List(pl.List(pl.String)), pl.List(pl.Array(pl.String, 1))])
def test_lists_in_lists_are_the_same_values_as_text_and_as_features(kind) -> None:
    rows = [[["a"], None, ["b"]], [], None, [["c"], [None], ["a"]]]
    nested = pl.Series("tags", rows, dtype=kind)
    assert compose(pl.DataFrame([nested]), "{tags}") == ["a, b", "", "", "c, a"]
    found, values = leaves_of(nested)
    assert list(zip(found.tolist(), values, strict=True)) == [
        (0, "a"), (0, None), (0, "b"), (3, "c"), (3, None), (3, "a"),
    ]  # fmt: skip


def test_a_vector_may_be_written_as_lists_in_lists() -> None:
    flat = pl.Series("v", [[1.0, 2.0], [3.0, 5.0]])
    nested = pl.Series("v", [[[1.0], [2.0]], [[3.0], [5.0]]])
    assert Vectors.fit(nested) == Vectors.fit(flat)
    assert (
        Vectors.fit(flat).transform(nested).tolist() == Vectors.fit(flat).transform(flat).tolist()
    )
    with pytest.raises(DataError, match="vectors of \\[1, 2\\] numbers"):
        Vectors.fit(pl.Series("v", [[1.0], [1.0, 2.0]]))
