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


def test_the_fields_of_a_record_are_columns_of_their_own():
    frame = pl.DataFrame({"maker": [{"name": "Ann", "since": 1999}, None]})
    assert compose(frame) == ["Ann", ""]
    assert compose(frame, "{maker.name} ({maker.since})") == ["Ann (1999)", ""]
    with pytest.raises(DataError, match=r"they have \['maker.name', 'maker.since'\]"):
        compose(frame, "{maker}")


def test_lists_in_lists_and_arrays_are_read_to_their_leaves():
    nested = pl.Series("tags", [[["a", "b"], ["c"]], [[]], None])
    array = pl.Series("pair", [["x", "y"]] * 3, dtype=pl.Array(pl.String, 2))
    assert compose(pl.DataFrame([nested, array])) == ["a, b, c. x, y", "x, y", "x, y"]


def test_bytes_are_no_text():
    with pytest.raises(DataError, match="column cover holds Binary"):
        compose(pl.DataFrame({"cover": [b"x"]}), "{cover}")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<p>Red <b>w</b>ine</p><p>dry &amp; good</p>", "Red wine dry & good"),
        ("&lt;p&gt;Hi&lt;br/&gt;there&lt;/p&gt;", "Hi there"),
        ("<script>if (a<b) {}</script>shown <!-- not --> <![CDATA[raw]]>", "shown raw"),
        ("5&nbsp;&euro; &#128095; &#x1F3B8;", "5 € 👟 🎸"),
        ("<a href='x>y' class=z>link</a>", "link"),
        (
            "I <3 tea & a <b and c> d, x<y>z, AT&T, R&D",
            "I <3 tea & a <b and c> d, x<y>z, AT&T, R&D",
        ),
        ("half open 5 <a", "half open 5 <a"),
        ("ﬁlm Ⅳ ｆｕｌｌ cafe\u0301 x\u00a0y", "film IV full café x y"),
    ],
)
def test_html_goes_and_unicode_has_one_form(written: str, shown: str):
    assert compose(pl.DataFrame({"title": [written]})) == [shown]


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
