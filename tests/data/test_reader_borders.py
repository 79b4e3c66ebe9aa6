"""Where a reader's guess turns, with what lies on either side."""

import polars as pl
import pytest

from metarec.data.readers.dialect import Dialect, lines_above
from metarec.data.readers.file_kinds import foreign
from metarec.data.readers.header import header_of
from metarec.data.validation.content_types import as_people_write
from metarec.data.validation.dated_columns import holds_dates
from metarec.data.validation.dates_as_text import in_numbers
from metarec.data.validation.numbers_as_text import perhaps_thousands
from metarec.data.validation.problems import Report
from metarec.data.validation.ratings_as_text import Read, _told


@pytest.mark.parametrize(("comments", "found"), [(1, 1), (10, 10), (11, 0)])
def test_up_to_ten_lines_stand_above_a_table(comments: int, found: int) -> None:
    assert lines_above("# made by x\n" * comments + "a,b\n1,2\n3,4", ",") == found


@pytest.mark.parametrize(("good", "found"), [(8, 2), (7, 0)])
def test_nine_rows_of_ten_make_a_table(good: int, found: int) -> None:
    assert lines_above("Orders\n\na,b\n" + "1,2\n" * good + "more", ",") == found


@pytest.mark.parametrize("begin", ["<!DOCTYPE HTML>", "\n <HTML>", "<?xml version"])
def test_a_page_is_one_whatever_its_case(begin: str) -> None:
    assert foreign(begin.encode() + b"<p>log in</p>")[0] == "a web page or XML"  # type: ignore[index]
    assert foreign(b"a,b\n<html>,2\n") is None


def test_of_several_names_that_stand_twice_the_first_by_letters_is_told() -> None:
    report = Report()
    assert header_of(b"b,a,b,a,c\n", "x.csv", Dialect(","), report) == []
    assert report.fatal[0].found == "column 'a' twice"
    assert header_of(b"b, ,c \n", "x.csv", Dialect(","), report) == ["b", "unnamed_2", "c"]


@pytest.mark.parametrize(
    ("cells", "written"),
    [(["1,5", "x"], True), (["1,5", "x", "y"], False), (["15", "2"], False), ([None], False)],
)
def test_a_column_half_of_which_is_numbers_is_read_as_such(cells, written: bool) -> None:
    assert as_people_write(pl.Series(cells, dtype=pl.String)) is written


@pytest.mark.parametrize(
    ("cells", "dated"),
    [(["2024-12-31"], True), ([], False), ([" ", None], False), (["2024-12-31", "x", "y"], False)],
)
def test_one_date_makes_a_column_of_dates_and_nothing_none(cells, dated: bool) -> None:
    assert holds_dates(pl.Series(cells, dtype=pl.String)) is dated


def test_one_date_beyond_twelve_tells_the_order_of_all() -> None:
    for cells, told in (
        (["01/02/2024", "01/31/2024"], "month"),
        (["01/02/2024", "31/01/2024"], "day"),
    ):
        parts, words = in_numbers(pl.Series(cells), None)
        assert parts["month"].to_list() == ([1, 1] if told == "month" else [2, 1])
        assert f"the {told} first" in words


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["12", "1.234"], "1.234"),
        (["1234", "1.234"], None),
        (["1.2", "1.234"], None),
        (["12"], None),
        (["0.123", "0.456"], None),
    ],
)
def test_dots_that_all_stand_before_three_digits_may_part_thousands(cells, first) -> None:
    assert perhaps_thousands(pl.Series(cells)) == first


def test_of_two_words_both_are_told_and_of_other_ratings_the_first() -> None:
    words = {"yes": Read(1.0, 1.0), "no": Read(0.0, 1.0)}
    assert _told(words) == "'yes' is 1, 'no' is 0"
    assert _told({**words, "4/5": Read(4.0, 5.0)}) == "'yes' is 1"
    assert _told({"4/5": Read(4.0, 5.0), "3/5": Read(3.0, 5.0)}) == "'4/5' is 4"
