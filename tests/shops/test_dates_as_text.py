"""Dates are a clock however they are written, told by the column; what cannot be told is asked."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from metarec.data import InvalidData, from_frames
from metarec.data.validation.dates_as_text import AmbiguousDates, moments_of


def seconds(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]


def log(*cells: str) -> str:
    return "user_id;item_id;date\n" + "".join(f"u;{n};{cell}\n" for n, cell in enumerate(cells))


@pytest.mark.parametrize(
    ("cells", "first", "told"),
    [
        (["2024-12-31", "2024-01-02"], (2024, 12, 31), "dates"),
        (["2024-12-31T08:00:00Z"], (2024, 12, 31, 8), "dates"),
        (["2024-12-31 08:00:00.5+02:00"], (2024, 12, 31, 6, 0, 0, 500_000), "dates"),
        (
            ["2024-12-31T08:00:00+0100", "2024-12-31 08:00:00", "2024-12-30"],
            (2024, 12, 31, 7),
            "dates, those without a zone as UTC",
        ),
        (["31.12.2024", "01.02.2024"], (2024, 12, 31), "dates with the day first"),
        (["1.2.24 13:05"], (2024, 2, 1, 13, 5), "dates with the day first, those without a zone"),
        (["01/02/2024", "31/12/2024"], (2024, 2, 1), "dates with the day first"),
        (["01/02/2024", "12/31/2024"], (2024, 1, 2), "dates with the month first"),
        (["1/2/2024 1:05 PM", "1/13/2024 12:05 AM"], (2024, 1, 2, 13, 5), "dates with the month"),
        (["20241231", "20240102"], (2024, 12, 31), "dates"),
        (["2024/3/1", "2024/3/14 8:05"], (2024, 3, 1), "dates, those without a zone as UTC"),
        (["2024年3月1日", "2024年12月31日"], (2024, 3, 1), "dates"),
        (["Fri Aug 25 13:55:02 -0700 2017"], (2017, 8, 25, 20, 55, 2), "dates ("),
        (["Sun Aug  6 13:55:02 2017"], (2017, 8, 6, 13, 55, 2), "dates, those without a zone"),
        (["20240102123000", "20241231080000"], (2024, 1, 2, 12, 30), "dates, those without a zone"),
        (["202401021230"], (2024, 1, 2, 12, 30), "dates, those without a zone as UTC"),
        (["20240102T123000.5Z", "20240102T1230+0100"], (2024, 1, 2, 12, 30, 0, 500_000), "dates ("),
        (["31 Dec 2024", "Jan 2, 2024"], (2024, 12, 31), "dates"),
        (["Tuesday, December 31st, 2024", "1st May 2024"], (2024, 12, 31), "dates"),
        (["31. März 2024", "1. Okt. 2024"], (2024, 3, 31), "dates"),
        (["lundi 1er août 2024 8:05", "2 juil. 2024 9:00"], (2024, 8, 1, 8, 5), "dates, those"),
        (["3 de enero de 2024", "4 de mayo de 2024"], (2024, 1, 3), "dates"),
        (["01-MAY-24", "31-DEC-23"], (2024, 5, 1), "dates"),
        (["2024-05-01T10:00:00+02:00[Europe/Paris]"], (2024, 5, 1, 8), "dates ("),
    ],
)
def test_a_column_of_dates_is_a_clock(read, cells: list[str], first, told: str) -> None:
    data = read(log(*cells))
    assert data.clock == "unix"
    assert data.interactions["timestamp"][0] == seconds(*first)
    assert f"column date is read as {told}" in data.notes[-1]
    assert repr(cells[0]) in data.notes[-1]


def test_dates_that_do_not_tell_the_day_from_the_month_are_asked_about_once(read, refused) -> None:
    cells = ["01/02/2024", "03/04/2024"]
    assert refused(log(*cells)) == [
        "events.csv, column date: found dates such as '01/02/2024', of which none has a number "
        "above 12, expected dates that tell the day from the month; "
        'pass dates="day-first" or dates="month-first"'
    ]
    assert read(log(*cells), dates="day-first").interactions["timestamp"][0] == seconds(2024, 2, 1)
    data = read(log(*cells), dates="month-first")
    assert data.interactions["timestamp"][0] == seconds(2024, 1, 2)


def test_moments_in_one_number_are_read_from_frames_and_only_where_all_are_such() -> None:
    events = pl.DataFrame({"user_id": ["u"] * 2, "item_id": ["a", "b"]})
    times = pl.Series("timestamp", [20240102123000, 20240102235959])
    data = from_frames(events.with_columns(times))
    assert data.interactions["timestamp"][1] == seconds(2024, 1, 2, 23, 59, 59)
    for wrong in (20240102243000, 20241302123000):
        with pytest.raises(InvalidData, match="expected seconds since 1970"):
            from_frames(events.with_columns(times.scatter(1, wrong)))


def test_frames_whose_dates_do_not_tell_are_asked_for_what_the_call_takes() -> None:
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["a"], "date": ["01/02/2024"]})
    with pytest.raises(InvalidData, match='pass dates="day-first" or dates="month-first"'):
        from_frames(events)
    data = from_frames(events, dates="month-first")
    assert data.interactions["timestamp"][0] == seconds(2024, 1, 2)


def test_a_cell_that_is_no_date_is_named(refused) -> None:
    (told,) = refused(log("2024-12-31", "2024-12-30", "soon", "2024-02-30"))
    assert told == (
        "events.csv, row 4, column date: found 'soon', expected a date as in the other rows, such "
        "as '2024-12-31'; mend or remove the row (and 1 row more: 5)"
    )


@pytest.mark.parametrize("cell", ["12 marraskuuta 2024", "12 jui 2024", "12 May 3 2024"])
def test_a_month_that_is_not_told_is_no_date(refused, cell: str) -> None:
    (told,) = refused(log(cell))
    assert f"row 2, column date: found '{cell}'" in told


@pytest.mark.parametrize(
    ("cell", "zone"),
    [
        ("2024-05-01 10:00 Europe/Paris", "Europe/Paris"),
        ("01.05.2024 10:00:00 CET", "CET"),
        ("Fri Aug 25 13:55:02 PDT 2017", "PDT"),
    ],
)
def test_a_zone_by_its_name_is_refused_once_with_what_to_write(refused, cell, zone) -> None:
    (told,) = refused(log(cell, cell))
    assert f"column date: found times of the zone '{zone}' ('{cell}')" in told
    assert "write them as 2024-12-31 08:00Z" in told


def test_seconds_and_places_stay_what_they_are(read) -> None:
    assert read(log("1600000000", "1600000001")).clock == "unix"
    assert read(log("1", "2")).clock == "order"
    assert read(log("20241301", "20241302")).clock == "order"
    assert read(log("20241231"), clock="order").interactions["timestamp"][0] == 20241231


def test_two_days_or_months_above_twelve_leave_no_order(refused) -> None:
    with pytest.raises(AmbiguousDates):
        moments_of(pl.Series(["1/2/2024 8:00 AM"]))
    (told,) = refused(log("13/01/2024", "14/01/2024", "01/25/2024"))
    assert "found '01/25/2024', expected a date as in the other rows" in told


def test_a_column_that_only_its_name_makes_a_time_can_be_said_to_be_none(read, refused) -> None:
    (told,) = refused(log("morning", "noon"))
    assert told.endswith('pass columns={"timestamp": None} if it is no time (and 1 row more: 3)')
    data = read(log("morning", "noon"), columns={"timestamp": None})
    assert data.interactions["date"].to_list() == ["morning", "noon"]


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (["02/03/2024", "13/01/2024"], 3),
        (["13/01/2024", "14/01/2024", "15/01/2024"], 2),
        (["13/01/2024 8:00 AM", "02/03/2024"], 2),
        (["31.12.2024", "01.02.2024"], 2),
    ],
)
def test_a_date_that_contradicts_what_was_said_of_dates_is_named(refused, cells, row) -> None:
    (told,) = refused(log(*cells), dates="month-first")
    assert told == (
        f"events.csv, row {row}, column date: found {cells[row - 2]!r}, expected dates with the "
        'month first, as dates="month-first" says; mend that date, or say what comes first: pass '
        'dates="day-first" or dates="month-first"'
    )


def test_what_is_said_of_dates_holds_for_dots_and_leaves_years_first_alone(read) -> None:
    data = read(log("01.02.2024", "02.02.2024"), dates="month-first")
    assert data.interactions["timestamp"][0] == seconds(2024, 1, 2)
    data = read(log("2024-02-01"), dates="month-first")
    assert data.interactions["timestamp"][0] == seconds(2024, 2, 1)


def test_the_model_answer_is_a_date_and_not_the_cell_that_is_wrong(refused) -> None:
    (told,) = refused(log("hello", "2024-01-02", "2024-01-03"))
    assert "found 'hello', expected a date as in the other rows, such as '2024-01-02'" in told


@pytest.mark.parametrize("name", ["day", "Week", "order_day", "purchased on"])
@pytest.mark.parametrize("cell", ["2024-01-02", "20240102"])
def test_a_column_called_a_day_is_a_time_where_it_holds_dates(read, name, cell) -> None:
    data = read(f"user_id,item_id,{name}\nu,a,{cell}\n")
    assert data.interactions["timestamp"].to_list() == [seconds(2024, 1, 2)]
    assert data.notes[0] == f"events.csv: read {name} as timestamp"
    assert read(f"user_id,item_id,{name}\nu,a,3\n").clock is None  # a weekday, or a day of sale


def test_a_day_of_a_frame_is_a_time_and_two_days_are_asked_about(refused) -> None:
    frame = pl.DataFrame({"user_id": ["u"], "item_id": ["a"], "day": [date(2024, 1, 2)]})
    assert from_frames(frame).interactions["timestamp"].to_list() == [seconds(2024, 1, 2)]
    (told,) = refused("user_id,item_id,day,week\nu,a,2024-01-02,2024-01-01\n")
    assert told.startswith("events.csv, column timestamp: found day and week, expected one column")


def test_dates_that_no_name_makes_a_time_stay_context_and_are_named(read) -> None:
    data = read("user_id,item_id,birthday\nu,a,2004-01-02\n")
    assert (data.clock, data.interactions["birthday"].to_list()) == (None, ["2004-01-02"])
    assert data.notes == (
        "events.csv: no column is the time of events, and birthday holds dates; say which holds "
        'it, such as columns={"timestamp": "birthday"}',
    )


def test_the_year_one_is_a_year_in_which_no_shop_was_open(read) -> None:
    with pytest.raises(InvalidData, match="expected seconds since 1970"):
        read(log("0001-01-01", "2024-01-02"))


def test_rows_without_times_are_in_their_order_only_where_that_is_said(read) -> None:
    rows = "user_id,item_id\nu,c\nu,a\nw,b\nu,b\n"
    shop = read(rows, clock="order")
    assert shop.clock == "order"
    own = shop.histories.take([shop.user_ids.tolist().index("u")])
    assert [str(shop.catalogue.ids[item]) for item in own.items] == ["c", "a", "b"]
    assert read(rows).clock is None
    dated = read(rows, clock="unix")
    assert dated.clock is None
    assert "no column of times" in dated.notes[-1]
