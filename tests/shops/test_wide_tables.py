"""A row for each person and a column for each item, as spreadsheets hold ratings."""

import polars as pl
import pytest

from metarec.data import from_frames

WIDE = "{corner},Alien,Brazil,Casablanca\nann,5,{none},3\nben,{none},4,1\n"
EVENTS = [
    ("ann", "Alien", 5),
    ("ann", "Casablanca", 3),
    ("ben", "Brazil", 4),
    ("ben", "Casablanca", 1),
]


def events_of(data) -> list[tuple[str, str, float]]:
    users, items, values = (data.interactions[name] for name in ("user", "item", "value"))
    named = zip(data.user_ids[users], data.catalogue.ids[items], values, strict=True)
    return [(str(user), str(item), value) for user, item, value in named]


@pytest.mark.parametrize("corner", ["user_id", "customer", ""])
@pytest.mark.parametrize("none", ["", "0", "NaN"])
def test_filled_cells_are_ratings_and_that_is_said(read, corner, none) -> None:
    data = read(WIDE.format(corner=corner, none=none))
    assert events_of(data) == EVENTS
    assert (data.feedback, data.scale) == ("rating", (1, 5))
    (said,) = (note for note in data.notes if "a column for each item" in note)
    which = "of 0" if none == "0" else "without a number"
    assert f"2 cells {which} tell of no event; pass feedback=" in said


def test_cells_of_ones_are_events_of_no_rating_and_a_frame_is_read_as_a_file_is(read) -> None:
    data = read("user_id,a,b,c\nann,1,0,1\nben,0,1,0\n")
    assert data.feedback == "implicit"
    assert events_of(data) == [("ann", "a", 1), ("ann", "c", 1), ("ben", "b", 1)]
    frame = pl.DataFrame({"user_id": ["ann", "ben"], "a": [1, 0], "b": [0, 1], "c": [1, 0]})
    assert from_frames(frame, name=data.name).hash == data.hash


def test_people_stand_in_the_order_of_their_rows_each_with_all_their_items(read) -> None:
    data = read("user_id,a,b,c\nzed,,2,3\nann,5,,1\nbob,1,,\n")
    assert data.user_ids.tolist() == ["zed", "ann", "bob"]
    assert events_of(data) == [
        ("zed", "b", 2), ("zed", "c", 3), ("ann", "a", 5), ("ann", "c", 1), ("bob", "a", 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ("user_id,age,income,kids\nann,34,50000,2\nben,40,60000,\n", True),  # on no scale
        ("user_id,a,b,c\nann,3,4,2\nben,4,5,1\n", True),  # every cell filled, as in a form
        ("user_id,a,b,c\nann,5,,3\nben,,0,1\n", True),  # a 0 beside empty cells
        ("user_id,a,b,c\nann,5,,3\nann,,4,1\n", True),  # a person twice
        ("user_id,a,b\nann,5,\nben,,4\n", False),
        ("user_id,a,b,c\nann,5,,x\nben,,4,1\n", False),
    ],
)
def test_what_may_be_another_table_is_refused_with_the_way_out(refused, table, hint) -> None:
    (only,) = refused(table)
    assert "expected a column item_id" in only
    assert ('frame.unpivot(index="user_id", variable_name="item_id"' in only) == hint
