"""When items are on offer."""

import datetime
import math

import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError
from metarec.encoders import ColumnRoles
from metarec.ranking.wanted import Wanted

UTC = datetime.UTC


def catalogue(**columns: object) -> Catalogue:
    return Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c", "d"], **columns}))  # type: ignore[dict-item]


def on_offer(items: Catalogue, at: float | None) -> str:
    return "".join(items.ids[items.on_offer(at)])


def test_a_window_is_open_from_its_first_moment_to_just_before_its_last() -> None:
    items = catalogue(
        available_from=[None, 10.0, None, 30.0],
        available_until=[None, 20.0, 20.0, None],
        offered=[True, True, True, False],
    )
    assert [on_offer(items, at) for at in (9.0, 10.0, 19.9, 20.0, 1e9)] == [
        *("ac", "abc", "abc", "a", "a")
    ]
    assert on_offer(items, None) == "abc"
    assert Wanted.of(4, {"at": 9.0}, items).left_out["not_offered"] == 2
    named = Wanted.of(4, {"at": 9.0, "candidates": ["a", "b"]}, items)
    assert items.ids[named.allowed].tolist() == ["a"]


@pytest.mark.parametrize(
    "told",
    [
        [datetime.datetime(2026, 12, 1, 1, tzinfo=UTC)] * 4,
        [datetime.datetime(2026, 12, 1, 1)] * 4,
        ["2026-12-01T01:00:00Z", "2026-12-01 01:00", "2026-12-01T02:00:00+01:00", None],
        [1796086800] * 4,
    ],
)
def test_moments_are_read_in_any_form_as_seconds(told: list[object]) -> None:
    items = catalogue(available_from=told)
    assert items.frame["available_from"].drop_nulls().unique().to_list() == [1796086800.0]
    assert on_offer(items, 1796086799.0) == ("d" if told[3] is None else "")


def test_a_day_begins_at_midnight_and_an_empty_cell_says_nothing() -> None:
    days = [datetime.date(2026, 12, 1), None, None, None]
    for told in (days, ["2026-12-01", "", " ", None]):
        items = catalogue(available_until=told)
        assert items.frame["available_until"].to_list() == [1796083200.0, None, None, None]


@pytest.mark.parametrize("told", [["soon", None], [math.nan, 1.0], [[1.0], None], [True, None]])
def test_what_is_no_moment_is_refused(told: list[object]) -> None:
    with pytest.raises(DataError, match="column available_from must hold seconds since 1970"):
        Catalogue.of(pl.DataFrame({"item_id": ["a", "b"], "available_from": told}, strict=False))
    for at in (math.nan, "now", True):
        with pytest.raises(DataError, match="at must be a moment in seconds"):
            catalogue(available_from=[1.0] * 4).on_offer(at)  # type: ignore[arg-type]


def test_windows_come_to_items_that_had_none_and_go() -> None:
    items = catalogue(title=["x"] * 4)
    changed = items.patch(pl.DataFrame({"item_id": ["b"], "available_until": [5.0]}))
    assert on_offer(changed, 6.0) == "acd"
    more = changed.append(pl.DataFrame({"item_id": ["e"], "available_from": ["2100-01-01"]}))
    assert on_offer(more, 6.0) == "acd"
    back = more.patch(pl.DataFrame({"item_id": ["b"], "available_until": [None]}))
    assert on_offer(back, 6.0) == "abcd"


def test_a_window_is_no_content() -> None:
    roles = ColumnRoles.fit(pl.DataFrame({"available_from": [1.0, 2.0, 3.0], "price": [1, 5, 9]}))
    assert roles.of["available_from"].uses == ()
    assert roles.of["price"].uses != ()
