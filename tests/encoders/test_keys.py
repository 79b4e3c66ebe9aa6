"""Columns that name an item and say nothing of it."""

import polars as pl
import pytest

from metarec.encoders.keys import key_of_numbers, key_of_texts


@pytest.mark.parametrize(
    ("key", "other", "why"),
    [
        ("https://a.b/{}", "tea", "addresses"),
        ("pictures/{}.JPG", "a cup of tea", "paths of files"),
        ("B0{}", "a cup of tea", "a key: one code without a space for nearly every row"),
    ],
)
def test_a_column_is_a_key_where_nineteen_of_twenty_texts_are(key: str, other: str, why: str):
    rows = [key.format(row) for row in range(20)]
    assert key_of_texts(pl.Series("x", [*rows[:19], other])) == why
    assert key_of_texts(pl.Series("x", [*rows[:18], other, other])) is None


def test_numbers_are_a_key_by_their_name_or_where_many_are_all_distinct():
    assert key_of_numbers(pl.Series("shop_id", [1, 2]))
    assert key_of_numbers(pl.Series("shop_id", [1])) is None
    assert key_of_numbers(pl.Series("x", range(50)))
    assert key_of_numbers(pl.Series("x", range(49))) is None
    assert key_of_numbers(pl.Series("x", [0, *range(49)])) is None
    assert key_of_numbers(pl.Series("shop_id", [0.5, 1.5])) is None
