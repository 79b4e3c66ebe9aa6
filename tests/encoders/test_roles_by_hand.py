"""The borders of what a column is used as, worked out by hand."""

import datetime

import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.encoders import ColumnRoles, ItemColumns
from metarec.encoders.columns import _are_alike
from metarec.encoders.frequent_values import frequent, is_few
from metarec.encoders.keys import is_iso_date, key_of_numbers, key_of_texts, looks_like_a_key_name
from metarec.encoders.role_as_told import told_role
from metarec.encoders.role_by_content import role_of

DAY = datetime.date(2020, 1, 1)


@pytest.mark.parametrize(
    ("distinct", "rows", "few"),
    [
        (2, 3, True),
        (3, 8, False),
        (3, 9, True),
        (64, 192, True),
        (64, 191, False),
        (65, 400, False),
    ],
)
def test_few_values_are_a_third_of_the_rows_at_most_and_two_at_least(distinct, rows, few):
    values = pl.Series([f"v{row % distinct}" for row in range(rows)])
    assert is_few(values) is few


@pytest.mark.parametrize(
    ("values", "most", "kept"),
    [
        (["b", "a"], 9, ("a", "b")),  # of two rows one is enough
        (["i", "i", *"abcdefghjklmnopqr"], 3, ("a", "b", "i")),  # and of nineteen
        (["a", "a", "b", "b", *"cdefghijklmnopqr"], 9, ("a", "b")),  # two of twenty
        (["a"] * 2 + ["b"] * 3 + [str(n) for n in range(25)], 9, ("b",)),  # three of thirty
        (["a"] * 3 + ["b"] * 3 + [str(n) for n in range(94)], 9, ("a", "b")),  # three of many
        (["c", "b", "b", "a"], 2, ("a", "b")),  # the first of equals
        (["b", "c", "c"], 1, ("c",)),
        ([], 9, ()),
    ],
)
def test_frequent_values_stand_in_a_tenth_of_the_rows_or_in_three(values, most, kept):
    assert frequent(pl.Series(values, dtype=pl.String), most) == kept


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *[
            (name, True)
            for name in ("id", "imdbId", "brand_id", "SKU", "URL", "imageURL", "tmdbid")
        ],
        *[(name, True) for name in ("movieid", "item.uuid", "ISBN")],
        *[(name, False) for name in ("", "12", "paid", "hidden", "idea", "url_text", "keyword")],
    ],
)
def test_the_last_word_of_a_name_says_that_it_is_a_key(name: str, key: bool):
    assert looks_like_a_key_name(name) is key


def test_codes_are_keys_where_ten_are_all_distinct_or_two_by_name():
    codes = [f"B0{row}" for row in range(10)]
    assert key_of_texts(pl.Series("x", codes)) == (
        "a key: one code without a space for nearly every row"
    )
    assert key_of_texts(pl.Series("x", codes[:9])) is None
    assert key_of_texts(pl.Series("x", [*codes[:9], codes[0]])) is None
    assert key_of_texts(pl.Series("sku", ["tea", "cup"]))
    assert key_of_texts(pl.Series("sku", ["tea"])) is None
    assert key_of_texts(pl.Series("sku", ["tea", "tea", "cup"])) is None
    assert key_of_texts(pl.Series("x", ["tea"] * 20)) is None
    assert key_of_texts(pl.Series("x", ["data:x", "www.a", "HTTP://b"])) == "addresses"


def test_running_numbers_are_a_key_from_fifty_on_and_nearly_distinct_ones_by_name():
    nearly = [*range(19), 0]
    assert key_of_numbers(pl.Series("id", nearly)) == (
        "a key, as its name says: nearly every row has its own"
    )
    assert key_of_numbers(pl.Series("id", [*range(18), 0, 0])) is None
    assert key_of_numbers(pl.Series("x", range(50))) == (
        "a key: whole numbers, and every row has its own"
    )


def test_a_date_in_every_text_makes_dates():
    for text in ("2020-01-01", "2020-01-01T10:00:00Z", "2020-01-01 10:00+02:00"):
        assert is_iso_date(pl.Series([text, "2021-12-31"]))
        assert not is_iso_date(pl.Series([text, "soon"]))


@pytest.mark.parametrize(
    ("name", "values", "uses", "reason"),
    [
        ("audio", ["a.wav"], ("audio",), "the path of a file"),
        ("x", [2**53, -(2**53), 1], ("number",), "numbers"),
        ("x", [-(2**53) - 2, 1, 1, 1], ("category",), "2 keys, too long for numbers"),
        ("x_id", [1, 1, 2, 2], ("category",), "2 keys, as its name says"),
        ("x_id", [1.5, 1.5], ("number",), "numbers"),
        ("x", [True, None], ("category",), "true or false"),
        ("x", [" ", "2020-01-01"], ("date",), "dates written as text"),
        ("x", ["tea", "tea", "cup"], ("text", "category"), "text with 2 values"),
        ("x", ["tea", "pot", "cup"], ("text",), "text"),
        ("x", [[1, 2], [2, 3]], ("list",), "lists of Int64"),  # whole numbers are no vector
        ("x", [[1.0, 2.0], [2.0, 3.0]], ("vector",), "a vector of 2 numbers"),
        ("x", [[1.0, 2.0], [1.0]], ("list",), "lists of Float64"),
        ("x", [[1.0, 2.0], []], ("list",), "lists of Float64"),
        ("x", [[True], [False, True]], ("list",), "lists of Boolean"),
        ("x", [[b"a"], [b"a"]], (), "lists of Binary: no encoder reads them"),
        ("x", [["a", "b"], ["c"]], ("text", "list"), "lists of text"),
        ("x", [[], [None]], (), "every list is empty"),
    ],
)
def test_the_role_of_a_column_and_why(name: str, values: list, uses: tuple, reason: str):
    found = role_of(pl.Series(name, values))
    assert (found.uses, found.reason[: len(reason)]) == (uses, reason)


def test_keys_that_repeat_say_how_many_count():
    keys = pl.Series("brand_id", [*["a", "b"] * 3, *[f"k{row}" for row in range(30)]])
    assert role_of(keys).reason == "32 keys, as its name says, of which the 2 most frequent count"
    single = pl.Series("brand_id", [f"k{row // 2}" for row in range(80)])
    assert role_of(single).uses == ()
    assert role_of(single).reason == (
        "a key, as its name says, and hardly one of 40 stands in several rows"
    )


KINDS = {
    "words": pl.Series("x", ["2020-01-01"]),
    "classes": pl.Series("x", ["a"], dtype=pl.Categorical),
    "numbers": pl.Series("x", [1.5]),
    "truth": pl.Series("x", [True]),
    "days": pl.Series("x", [DAY]),
    "lists": pl.Series("x", [[1.0, 2.0]]),
    "arrays": pl.Series("x", [[1.0, 2.0]], dtype=pl.Array(pl.Float64, 2)),
    "bytes": pl.Series("x", [b"x"]),
}
MAY_BE = {
    "text": {"words", "classes", "numbers", "truth", "days", "lists", "arrays"},
    "category": {"words", "classes", "numbers", "truth", "days"},
    "number": {"words", "numbers", "truth"},
    "list": {"lists", "arrays"},
    "date": {"words", "numbers", "days"},
    "vector": {"lists", "arrays"},
    "image": set(KINDS),
    "audio": set(KINDS),
    "ignore": set(KINDS),
}


@pytest.mark.parametrize("role", MAY_BE)
def test_each_role_is_for_columns_of_some_types_and_refused_of_others(role):
    for name, column in KINDS.items():
        if name in MAY_BE[role]:
            assert told_role(column, role).uses == (role,)
        else:
            with pytest.raises(DataError, match=f"holds .* and cannot be the {role}"):
                told_role(column, role)
    empty = pl.Series("x", [None], dtype=pl.List(pl.Binary))
    assert told_role(empty, role).uses == (("ignore",) if role == "ignore" else ())


def test_a_role_of_a_record_is_that_of_its_fields_and_of_no_column_named_alike():
    frame = pl.DataFrame({"a.b": ["x"], "a": ["x"], "ab": ["x"], "a.c": ["x"]})
    found = ColumnRoles.fit(frame, {"a": "category", "a.c": "ignore"}).of
    assert [found[name].uses for name in frame.columns] == [
        ("category",), ("category",), ("text", "category"), ("ignore",)
    ]  # fmt: skip


def test_a_template_leaves_other_roles_of_a_text_and_says_so():
    frame = pl.DataFrame({"a": ["x", "x", "y"], "b": ["p", "q", "r"], "n": [1.5, 2, 3]})
    found = ColumnRoles.fit(frame).templated(["n"]).of
    assert [(role.uses, role.reason) for role in found.values()] == [
        (("category",), "text with 2 values"),
        ((), "text that the template does not name"),
        (("text", "number"), "the template names it"),
    ]


@pytest.mark.parametrize(
    ("kind", "other", "alike"),
    [
        ("Int64", pl.Float64(), True),
        ("Int64", pl.List(pl.Int64), False),
        ("List(Int64)", pl.List(pl.Float64), True),
        ("Array(Int64, shape=(2,))", pl.List(pl.Int64), True),
        ("Struct({'a': Int64})", pl.Int64(), False),
        ("List(Int64)", pl.List(pl.String), False),
        ("List(Int64)", pl.Null(), True),
        ("List(Int64)", pl.Int64(), False),
    ],
)
def test_lists_and_records_are_not_like_plain_values(kind: str, other: pl.DataType, alike: bool):
    assert bool(_are_alike(kind, other)) is alike


def test_dates_as_text_and_lists_without_values_are_read_where_there_were_dates_and_lists():
    columns = ItemColumns.of(pl.DataFrame({"out": [DAY], "sizes": [[1, 2]], "price": [1]}))
    later = pl.DataFrame({"out": ["2021-01-01"], "sizes": [None], "price": ["3"]})
    found = columns.read(later)
    assert found["out"].to_list() == ["2021-01-01"]
    assert found["sizes"].to_list() == [None]
    assert found["price"].to_list() == [3]
