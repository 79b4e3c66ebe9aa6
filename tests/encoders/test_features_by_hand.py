"""What the values of each kind of column become, worked out by hand."""

import datetime

import numpy as np
import polars as pl

from metarec.encoders import TabularFeatures
from metarec.encoders.vectors import Vectors

DAY = datetime.date(2020, 1, 1)


def test_vectors_are_scaled_alike_in_all_numbers_to_four_at_most():
    column = pl.Series([[0.0, 2.0], [4.0, 2.0], [np.inf, 2.0], None])
    vectors = Vectors.fit(column.drop_nulls())
    assert (vectors.mean, vectors.scale, vectors.width) == ((2.0, 2.0), 2**0.5 / 2, 2)
    root = 2**0.5
    np.testing.assert_allclose(
        vectors.transform(column), [[-root, 0, 0], [root, 0, 0], [0, 0, 1], [0, 0, 1]]
    )
    long = Vectors.fit(pl.Series([[float(row)] * 25 for row in (-1, 1)]))
    assert long.scale == 4 / 5
    flat = Vectors.fit(pl.Series([[1.0, 2.0]] * 2))
    assert (flat.mean, flat.scale) == ((1.0, 2.0), 2**0.5)
    none = Vectors.fit(pl.Series([[np.nan, 1.0]]))
    assert (none.mean, none.scale) == ((0.0, 0.0), 1.0)


def test_numbers_of_any_size_have_their_mean_and_spread():
    for unit in (1e-200, 1.0, 1e200):
        features = TabularFeatures.fit(pl.DataFrame({"x": [unit, 3 * unit, np.nan, None]}))
        np.testing.assert_allclose(features.numbers["x"], np.array([2, 1, 1, 3]) * unit)
        found = features.transform(pl.DataFrame({"x": [unit, 2.5 * unit, 9 * unit, None]}))
        np.testing.assert_allclose(found, [[-1, 0], [0.5, 0], [1, 0], [0, 1]])
    nothing = TabularFeatures.fit(pl.DataFrame({"x": [np.nan, np.inf]}))
    assert nothing.numbers["x"] == (0.0, 1.0, 0.0, 0.0)


def test_the_width_and_the_columns_of_features_count_each_kind_with_its_missing():
    frame = pl.DataFrame(
        {
            "n": [1.5, 2.5, 3.5],
            "c": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
            "l": [[1, 2], [2], [1]],
            "d": [DAY, datetime.date(2021, 1, 1), None],
            "v": [[0.5, 1.0], [1.0, 2.0], [3.0, 4.0]],
            "code": [b"a", b"b", b"c"],
        }
    )
    features = TabularFeatures.fit(frame)
    assert features.columns == {"n", "c", "l", "d", "v"}
    assert features.width == 2 + 3 + 3 + 2 + 3
    found = features.transform(frame)
    assert found.shape == (3, features.width)
    absent = features.transform(frame.select("n"))
    np.testing.assert_array_equal(absent[:, 2:], [[0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1]] * 3)
    np.testing.assert_array_equal(absent[:, :2], found[:, :2])


def test_more_values_count_where_a_category_is_made_of_keys():
    few = pl.DataFrame({"kind": pl.Series([f"k{row % 64}" for row in range(192)])})
    assert len(TabularFeatures.fit(few).categories["kind"]) == 64
    many = pl.DataFrame({"brand_id": [f"k{row % 300:03}" for row in range(900)]})
    kept = TabularFeatures.fit(many).categories["brand_id"]
    assert kept == tuple(f"k{row:03}" for row in range(256))
    lists = pl.DataFrame({"tags": [[row % 300] for row in range(900)]})
    assert len(TabularFeatures.fit(lists).lists["tags"]) == 256
