"""What each column is used as."""

import datetime
import decimal
import json

import numpy as np
import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.encoders import ColumnRoles, ContentFeatures, HashEncoder, TabularFeatures, compose
from metarec.encoders.records import expanded

N = 60
DAY = datetime.date(2020, 1, 1)
HALF = [row % 2 for row in range(N)]


def column(name: str, values: object, kind: object = None) -> pl.Series:
    return pl.Series(name, values, dtype=kind)


READ = {
    "text": (column("plot", [f"words and number {row}" for row in range(N)]), ("text",)),
    "few texts": (column("genre", ["calm jazz", "loud rock"] * 30), ("text", "category")),
    "categorical": (column("genre", ["jazz", "rock"] * 30, pl.Categorical), ("category",)),
    "enum": (column("genre", ["a", "b"] * 30, pl.Enum(["a", "b"])), ("category",)),
    "many categories": (
        column("title", [f"the {row} th" for row in range(N)], pl.Categorical),
        ("text",),
    ),
    "boolean": (column("new", [True, False] * 30), ("category",)),
    "integer": (column("year", [1990 + row % 9 for row in range(N)]), ("number",)),
    "decimal": (column("price", [decimal.Decimal(row) / 4 for row in range(N)]), ("number",)),
    "date": (column("out", [DAY + datetime.timedelta(days=row) for row in range(N)]), ("date",)),
    "moment": (
        column("at", [datetime.datetime(2020, 1, 1 + row) for row in HALF]).dt.replace_time_zone(
            "UTC"
        ),
        ("date",),
    ),
    "time": (column("opens", [datetime.time(8 + row) for row in HALF]), ("date",)),
    "duration": (column("runs", [datetime.timedelta(hours=row) for row in HALF]), ("date",)),
    "dates as text": (column("out", [f"2020-01-{1 + row:02d}" for row in HALF]), ("date",)),
    "list of texts": (column("tags", [["a", "b"], ["b"]] * 30), ("text", "list")),
    "list of integers": (column("tags", [[1, 2], [2, 3, 4]] * 30), ("list",)),
    "list of floats": (column("sizes", [[40.5], [40.5, 41.0]] * 30), ("list",)),
    "list of enums": (
        column("tags", [["a"], ["a", "b"]] * 30, pl.List(pl.Enum(["a", "b"]))),
        ("list",),
    ),
    "list of dates": (column("shows", [[DAY], [DAY, datetime.date(2021, 1, 1)]] * 30), ("list",)),
    "list of times": (column("opens", [[datetime.time(8)], [datetime.time(9)]] * 30), ("list",)),
    "list of durations": (
        column(
            "runs", [[datetime.timedelta(1)], [datetime.timedelta(1), datetime.timedelta(2)]] * 30
        ),
        ("list",),
    ),
    "list in list": (column("tags", [[["a"], ["b", "c"]], [["a"]]] * 30), ("text", "list")),
    "vector": (column("v", [[0.5, row] for row in HALF], pl.Array(pl.Float32, 2)), ("vector",)),
    "lists of one length": (column("v", [[0.5, float(row)] for row in range(N)]), ("vector",)),
    "keys that repeat": (column("brand_id", [row % 4 for row in range(N)]), ("category",)),
    "texts that repeat": (column("brandId", ["B001", "B002"] * 30), ("category",)),
}
UNREAD = {
    "IMDb ids": (column("imdbId", range(N)), "a key, as its name says"),
    "running numbers": (column("row", range(1000, 1000 + N)), "every row has its own"),
    "codes": (column("nummer", [f"B0{row:03d}F" for row in range(N)]), "one code without a space"),
    "addresses": (column("more", [f"https://shop/{row % 7}" for row in range(N)]), "addresses"),
    "pictures": (column("cover", [f"p/{row}.JPG" for row in range(N)]), "paths of files"),
    "bytes": (column("cover", [b"x"] * N), "type Binary"),
    "nothing": (column("nothing", [None] * N), "no row has a value"),
    "blanks": (column("nothing", ["  "] * N), "no row has a value"),
    "empty lists": (column("tags", [[]] * N, pl.List(pl.Int64)), "every list is empty"),
    "lists that share nothing": (
        column("seen", [[row, row + 0.5][: 1 + row % 2] for row in range(N)], pl.List(pl.Float64)),
        "hardly one",
    ),
    "files": (column("image", ["a.jpg"] * N), "no encoder reads it yet"),
}


@pytest.mark.parametrize("case", READ)
def test_each_kind_of_column_is_used_and_makes_features_that_tell_rows_apart(case: str):
    values, uses = READ[case]
    frame = values.to_frame()
    assert ColumnRoles.fit(frame).of[values.name].uses == uses
    content = ContentFeatures.fit(HashEncoder(8), frame)
    vectors = content.encode(frame)
    assert np.isfinite(vectors).all()
    assert len(np.unique(vectors, axis=0)) == min(values.n_unique(), N)
    again = ContentFeatures.from_description(json.loads(json.dumps(content.describe())))
    np.testing.assert_array_equal(again.encode(frame[:7]), vectors[:7])
    missing = again.encode(frame.clear(1))[0]
    assert sum(missing[9:]) + missing[8] == len(set(uses) - {"text"}) + 1


@pytest.mark.parametrize("case", UNREAD)
def test_what_is_not_used_says_why_and_makes_no_feature(case: str):
    values, why = UNREAD[case]
    found = ColumnRoles.fit(values.to_frame()).of[values.name]
    assert why in found.reason
    assert not found.used
    assert ContentFeatures.fit(HashEncoder(8), values.to_frame()).blocks == {"text": 9, "table": 0}


def test_names_of_one_word_with_digits_are_no_codes_where_they_repeat_or_are_few():
    few = column("title", ["Se7en", "1984", "M3GAN", "300"])
    assert ColumnRoles.fit(few.to_frame()).of["title"].uses == ("text",)
    songs = column("title", [f"Song {row}" for row in range(N)])
    assert ColumnRoles.fit(songs.to_frame()).of["title"].uses == ("text",)


ROLED = pl.DataFrame(
    {
        "title": [f"t {row}" for row in range(N)],
        "code": [f"B0{row:03d}" for row in range(N)],
        "year": [1990 + row % 9 for row in range(N)],
        "maker": [{"name": "x", "id": row} for row in range(N)],
    }
)


def test_the_roles_that_a_shop_names_are_obeyed_and_kept():
    told = {"code": "text", "year": "category", "title": "ignore", "maker": "ignore"}
    content = ContentFeatures.fit(HashEncoder(8), ROLED, roles=told)
    assert content.roles.columns("text") == ["code"]
    assert list(content.tabular.categories) == ["year"]
    assert content.roles.of["maker.name"].reason == "the shop says so"
    again = ContentFeatures.from_description(json.loads(json.dumps(content.describe())))
    assert again.roles == content.roles
    changed = ROLED.with_columns(title=pl.lit("other"))
    np.testing.assert_array_equal(again.encode(changed), content.encode(ROLED))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"titel": "text"}, r"names the column 'titel'; there are \['title', 'code'"),
        ({"title": "words"}, "a role is one of"),
        ({"title": "list"}, "column title holds String and cannot be the list"),
        ({"year": "vector"}, "needs lists or arrays of numbers"),
    ],
)
def test_a_role_that_cannot_be_is_refused(told: dict, why: str):
    with pytest.raises(DataError, match=why):
        ContentFeatures.fit(HashEncoder(8), ROLED, roles=told)


def test_a_template_says_which_columns_are_the_text():
    content = ContentFeatures.fit(HashEncoder(8, "{code} {year}"), ROLED)
    assert content.roles.columns("text") == ["code", "year"]
    assert content.roles.of["year"].uses == ("text", "number")
    assert content.roles.of["title"].reason == "text that the template does not name"
    assert compose(ROLED[:1], "{code} {year}") == ["B0000 1990"]


def test_a_row_added_later_is_read_by_the_roles_of_the_fit():
    frame = pl.DataFrame({"title": [f"tea {row}" for row in range(N)], "nr": range(N)})
    content = ContentFeatures.fit(HashEncoder(16), frame)
    for title in ("2020-01-01", "https://x", "B001"):  # alone they would be no text
        vector = content.encode(pl.DataFrame({"title": [title], "nr": [1]}))[0]
        assert vector[:16].any()


def test_dates_in_other_clothes_are_the_same_dates():
    days = [datetime.date(2020, 1, 1), datetime.date(2021, 6, 1), None]
    features = TabularFeatures.fit(pl.DataFrame({"out": days}))
    expected = features.transform(pl.DataFrame({"out": days}))
    assert expected.tolist() == [[-1, 0], [1, 0], [0, 1]]
    moments = pl.DataFrame({"out": [d and datetime.datetime(d.year, d.month, 1) for d in days]})
    texts = pl.DataFrame({"out": ["2020-01-01T00:00:00Z", "2021-06-01", None]})
    for other in (moments, texts):
        np.testing.assert_array_equal(features.transform(other), expected)


def test_a_vector_is_centred_and_as_long_as_a_text():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"v": rng.normal(3, 50, (500, 64))})
    vectors = TabularFeatures.fit(frame).transform(frame)[:, :-1]
    np.testing.assert_allclose(vectors.mean(0), 0, atol=1e-5)
    assert abs(np.square(vectors).sum(1).mean() - 16) < 1e-3
    with pytest.raises(DataError, match="column v holds a vector of 2 numbers, expected 64"):
        TabularFeatures.fit(frame).transform(pl.DataFrame({"v": [[1.0, 2.0]]}))


def test_a_field_of_a_record_may_not_have_the_name_of_a_column():
    frame = pl.DataFrame({"a": [{"b": 1}], "a.b": [2]})
    with pytest.raises(DataError, match=r"'a\.b' and a field of 'a' have one name"):
        ContentFeatures.fit(HashEncoder(8), frame)


def test_the_fields_of_a_record_stand_in_its_place_between_the_other_columns():
    pair = pl.Series(
        "p", [[{"x": 1, "y": 2}] * 2], dtype=pl.Array(pl.Struct({"x": int, "y": int}), 2)
    )
    frame = pl.DataFrame({"a": [1], "b": [{"c": 2, "d": {"e": 3}}], "f": [4], "g": [5]})
    found = expanded(frame.with_columns(pair).select("a", "b", "p", "f", "g"))
    assert found.columns == ["a", "b.c", "b.d.e", "p.x", "p.y", "f", "g"]
    assert found.row(0) == (1, 2, 3, [1, 1], [2, 2], 4, 5)
    alone = expanded(frame.select("b"))
    assert alone.columns == ["b.c", "b.d.e"]


def test_lists_of_records_are_lists_of_each_field():
    cast = pl.Series("cast", [[{"who": "Ann"}, {"who": "Ben"}], [{"who": "Ann"}]] * 20)
    assert ColumnRoles.fit(pl.DataFrame({"x": [1]})).of["x"].used
    content = ContentFeatures.fit(HashEncoder(8), cast.to_frame())
    assert content.tabular.lists == {"cast.who": ("Ann", "Ben")}
