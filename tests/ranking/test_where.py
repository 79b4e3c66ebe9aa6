"""Conditions on items, as text and as expressions."""

import datetime

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError, MissingValueWarning
from metarec.ranking.where import where_mask

CATALOGUE = Catalogue.of(
    pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "d"],
            "price": [5.0, 20.0, -1.0, 7.5],
            "brand": ["Acme", "Bolt", "Acme", "Ücker"],
            "unit price": [1, 2, 3, 4],
            "new": [True, False, False, True],
            "tags": [["red", "big"], [], ["red"], ["blue"]],
            "since": [datetime.date(2020, month, 1) for month in (1, 2, 3, 4)],
            "stock": [1, None, 0, None],
            "maker": [{"name": n, "land": {"code": c}} for n, c in ("xA", "yB", "xB", "zA")],
        }
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price < 20", "acd"),
        ("price <= 20 and brand == 'Acme'", "ac"),
        ('brand == "Acme" or brand == "Ücker" and not new', "ac"),
        ("not (brand == 'Acme' or new)", "b"),
        ("-2 < price < 6", "ac"),
        ("price == -1", "c"),
        ("20 > price >= 7.5", "d"),
        ("brand in ['Acme', 'Bolt']", "abc"),
        ("brand not in ('Acme',)", "bd"),
        ("brand in []", ""),
        ("'red' in tags", "ac"),
        ("'red' not in tags", "bd"),
        ("'c' in brand", "acd"),
        ("new", "ad"),
        ("new == False", "bc"),
        ("col('unit price') >= 3", "cd"),
        ("since >= '2020-03-01'", "cd"),
        ("item_id != 'a'", "bcd"),
        ("stock is None", "bd"),
        ("stock is not None and price > 0", "a"),
        ("price < col('unit price')", "c"),
        (" price < 9223372036854775807", "abcd"),
        ("maker.name == 'x' and maker.land.code == 'A'", "a"),
        ("col('maker.name') == 'x'", "ac"),
    ],
)
def test_a_text_means_what_it_says(text: str, expected: str):
    mask = where_mask(text, CATALOGUE)
    assert "".join(CATALOGUE.ids[np.flatnonzero(mask)]) == expected


def test_a_field_of_records_is_a_column_in_an_expression_too():
    assert where_mask(pl.col("maker.name") == "z", CATALOGUE).tolist() == [False] * 3 + [True]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("__import__('os').system('true')", "where cannot take .*__import__"),
        ("price.real < 3", r"where names the column 'price\.real'"),
        ("(price).real() < 3", "where cannot take"),
        ("(lambda: 3)() < price", "where cannot take"),
        ("[p for p in price]", "where cannot take"),
        ("price + 1 < 3", r"where cannot take 'price \+ 1' here"),
        ("price < f'{brand}'", "where cannot take"),
        ("price < 'a'", "compares price, which holds Float64, with 'a'"),
        ("brand == 3", "compares brand, which holds String, with 3"),
        ("brand == True", "with True"),
        ("since > 'today'", "dates are written as"),
        ("brand", "the column brand alone says neither yes nor no"),
        ("3 < 4", "where cannot take"),
        ("3 in tags", "3 cannot be in tags"),
        ("colour == 'red'", "names the column 'colour'; the items have"),
        ("price is 3", "where cannot take"),
        ("price < " + "9" * 30, "where cannot take"),
        ("price = 3", "where cannot be read.*equal is =="),
        ("price == 3)", "where cannot be read(?!.*equal is ==)"),
        ("(" * 300 + "new" + ")" * 300, "where cannot be read"),
        ("", "where cannot be read"),
        ("new and " * 400 + "new", "where has 3,203 characters"),
        ("price < -'a'", "where cannot take"),
        ("  price + 1 < 3 ", r"where cannot take 'price \+ 1' here"),
        ("3 in []", "where cannot take '3' here"),
        ("price in brand", "where cannot take 'price' here"),
        ("'x' in 'y'", "where cannot take \"'x'\" here"),
        ("3 in brand", "3 cannot be in brand, which holds String"),
        ("price is not brand", "where cannot take"),
        ("3 is None", "where cannot take '3' here"),
        ("price < None", "where cannot take"),
        ("col('price', 3) < 2", "where cannot take"),
        ("col(price) < 2", "where cannot take"),
        ("row('price') < 2", "where cannot take"),
        ("col(item_id='price') < 2", "where cannot take"),
        ("-price < 2", "where cannot take"),
        ("new < -True", "where cannot take"),
        ("price < 9223372036854775808", "where cannot take"),
        ("1 < price < nan", "where: nothing can be compared with nan; write a number, or leave"),
        ("NaN == price", "nothing can be compared with NaN"),
        ("price > -inf", "nothing can be compared with inf"),
        ("price in [1, nan]", "nothing can be compared with nan"),
        ("price < 1e999", "nothing can be compared with 1e999"),
    ],
)
def test_a_text_that_means_nothing_here_is_refused(text: str, told: str):
    with pytest.raises(DataError, match=told) as refused:
        where_mask(text, CATALOGUE)
    assert "\n" not in str(refused.value)


def test_an_expression_is_asked_of_every_item():
    assert where_mask(pl.col("price").is_between(0, 10), CATALOGUE).tolist() == [1, 0, 0, 1]
    assert where_mask(pl.lit(value=True), CATALOGUE).all()
    with pytest.raises(DataError, match="where names the column 'a', 'b'; the items have"):
        where_mask(pl.col("price") < pl.col("b") + pl.col("a"), CATALOGUE)
    with pytest.raises(DataError, match=r"must be a Polars expression.*got int"):
        where_mask(3, CATALOGUE)  # type: ignore[arg-type]
    for end in (float("nan"), pl.lit(float("nan"))):
        with pytest.raises(DataError, match="nothing can be compared with NaN"):
            where_mask(pl.col("price").is_between(0, end), CATALOGUE)
    with pytest.raises(DataError, match="it gives 2 values"):
        where_mask(pl.col("new").head(2), CATALOGUE)
    with pytest.raises(DataError, match="cannot be asked of the items"):
        where_mask(pl.col("brand") < 3, CATALOGUE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price < anchor.price", "ac"),
        ("brand != anchor.brand and anchor.price > price", "ac"),
        ("since <= anchor.since", "abcd"),
        ("maker.name == anchor.maker.name", "d"),
        ("maker.land.code == anchor.maker.land.code and price > 0", "ad"),
        ("new == anchor.new", "ad"),
        ("brand in [anchor.brand, 'Bolt']", "bd"),
    ],
)
def test_an_anchor_is_the_one_item_that_others_are_to_be_like(text: str, expected: str):
    mask = where_mask(text, CATALOGUE, np.array([3]))
    assert "".join(CATALOGUE.ids[mask]) == expected


def test_what_an_anchor_does_not_have_cannot_be_told():
    for text in ("stock == anchor.stock", "stock in [anchor.stock]", "not (stock < anchor.stock)"):
        with pytest.warns(MissingValueWarning, match="leaves out 4 of 4 items"):
            assert not where_mask(text, CATALOGUE, np.array([1])).any()
    own = Catalogue.of(CATALOGUE.table.with_columns(pl.struct(price=pl.lit(6.0)).alias("anchor")))
    assert where_mask("price < anchor.price", own).tolist() == [1, 0, 1, 0]  # its own column


def test_what_cannot_be_told_is_left_out_and_counted():
    for where in ("stock < 5", "not (stock == 1)", pl.col("stock") < 5):
        with pytest.warns(MissingValueWarning, match="leaves out 2 of 4 items"):
            mask = where_mask(where, CATALOGUE)
        assert not mask[[1, 3]].any()
    assert where_mask("stock == 1 or price > 6", CATALOGUE).tolist() == [1, 1, 0, 1]
