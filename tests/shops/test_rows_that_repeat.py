"""Rows that say a thing twice: to the letter it is no fault, in other words it is."""

import polars as pl
import pytest

from metarec.data import DroppedRowsWarning, from_frames

EVENTS = "user_id,item_id\nu,a\nv,b\n"


def test_an_item_that_is_listed_twice_to_the_letter_is_listed_once(read) -> None:
    with pytest.warns(DroppedRowsWarning, match="1 x row of items.csv that repeats another"):
        data = read(EVENTS, "item_id,title\na,A\nb,B\na,A\n")
    assert list(data.catalogue.ids) == ["a", "b"]
    assert data.dropped == {"row of items.csv that repeats another": 1}


def test_an_item_that_is_listed_twice_with_other_content_is_asked_about(refused) -> None:
    (told,) = refused(EVENTS, "item_id,title\na,A\nb,B\na,A\na,Apple\na,A\n")
    assert told == (
        "items.csv, row 5, column item_id: found 'a', expected a new id; keep one row for each id, "
        "or give the other its own id"
    )


def test_lists_and_missing_cells_repeat_as_any_other(read) -> None:
    items = pl.DataFrame({"item_id": ["a", "a"], "tags": [["x"], ["x"]], "year": [None, None]})
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["a"]})
    with pytest.warns(DroppedRowsWarning, match="1 x row of the frame items"):
        assert len(from_frames(events, items).catalogue) == 1


def test_a_rating_that_is_given_twice_needs_a_rule(read, refused) -> None:
    rated = "user_id,item_id,rating\nu,a,4\nu,a,5\n"
    (told,) = refused(rated)
    assert 'expected one rating of an item; pass repeats="last" (or "keep")' in told
    with pytest.warns(DroppedRowsWarning):
        assert read(rated, repeats="last").interactions["value"].to_list() == [5]
