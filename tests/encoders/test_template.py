"""An item's text, from its columns."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metarec.contracts import DataError
from metarec.encoders import compose

FILMS = pl.DataFrame(
    {
        "title": ["Alien", "Brazil", None, None],
        "year": [1979, None, 1999, None],
        "genres": [["horror", "space"], [], None, None],
    }
)


def test_a_template_puts_columns_into_words():
    assert compose(FILMS, "{title} ({year}). {genres}")[0] == "Alien (1979). horror, space"


def test_a_missing_value_takes_its_brackets_and_stops_with_it():
    texts = compose(FILMS, "{title} ({year}). {genres}")
    assert texts[1:] == ["Brazil", "(1999)", ""]


def test_without_a_template_the_text_columns_are_joined_and_numbers_are_not():
    assert compose(FILMS) == ["Alien. horror, space", "Brazil", "", ""]


def test_paths_of_files_are_no_text():
    frame = pl.DataFrame({"title": ["a"], "image": ["a.jpg"], "audio": ["a.wav"]})
    assert compose(frame) == ["a"]


@pytest.mark.parametrize("frame", [FILMS.select("year"), FILMS.clear(), pl.DataFrame()])
def test_without_text_every_row_is_empty(frame: pl.DataFrame):
    assert compose(frame) == [""] * len(frame)


def test_nulls_inside_a_list_are_left_out():
    frame = pl.DataFrame({"tags": [["a", None, "b"], [None], []]})
    assert compose(frame) == ["a, b", "", ""]


def test_a_column_may_have_any_name():
    frame = pl.DataFrame({"a.b": ["x"], "c:d": ["y"], "0": ["z"], "e!f": ["w"], "g{": ["v"]})
    assert compose(frame) == ["x. y. z. w. v"]


def test_braces_in_a_value_are_only_braces():
    frame = pl.DataFrame({"title": ["{year} {"], "year": ["1999"]})
    assert compose(frame, "{title} {{{year}}}") == ["{year} { {1999}"]


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{titel}", r"names the columns \['titel'\].*they have \['title'"),
        ("{title.upper}", "names the columns"),
        ("{0}", "names the columns"),
        ("{title", "is broken"),
        ("{title:d}", "write its name alone"),
        ("{title!r}", "write its name alone"),
        ("{}", "names no column"),
        ("plain words", "names no column"),
    ],
)
def test_a_wrong_template_is_an_error_that_says_why(template: str, told: str):
    with pytest.raises(DataError, match=told):
        compose(FILMS, template)


def test_records_are_no_text():
    with pytest.raises(DataError, match="column maker holds Struct"):
        compose(pl.DataFrame({"maker": [{"name": "x"}]}), "{maker}")


words = st.text("abc .,:;", max_size=8)


@given(st.lists(st.tuples(words | st.none(), words | st.none()), min_size=1, max_size=5))
def test_the_text_of_a_row_depends_on_that_row_alone(rows: list[tuple[str | None, str | None]]):
    schema = {"title": pl.String, "plot": pl.String}
    together = compose(pl.DataFrame(rows, schema, orient="row"), "{title} ({plot}). {title}")
    alone = [
        compose(pl.DataFrame([row], schema, orient="row"), "{title} ({plot}). {title}")[0]
        for row in rows
    ]
    assert together == alone
    assert all(text == text.strip() and "  " not in text and "()" not in text for text in together)
