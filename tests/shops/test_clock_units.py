"""Clocks in milliseconds and finer are known by their size; order and seconds stay exact."""

import polars as pl
import pytest

from metarec.data import from_frames

SECOND = 1_600_000_000


def log(*times: object) -> str:
    return "user_id,item_id,ts\n" + "".join(f"u,{n},{time}\n" for n, time in enumerate(times))


@pytest.mark.parametrize(
    ("per_second", "name"),
    [(10**3, "milliseconds"), (10**6, "microseconds"), (10**9, "nanoseconds")],
)
def test_a_finer_unit_is_recognised_and_said(read, per_second: int, name: str) -> None:
    data = read(log(SECOND * per_second + per_second // 2, SECOND * per_second))
    assert data.clock == "unix"
    assert data.interactions["timestamp"].to_list() == [SECOND + 0.5, SECOND]
    assert data.notes[-1] == (
        f"events.csv: column ts is read as {name} since 1970 "
        f"({SECOND * per_second + per_second // 2} is 2020-09-13)"
    )
    whole = read(log(SECOND * per_second)).interactions["timestamp"]
    assert (whole.dtype, whole[0]) == (pl.Int64, SECOND)


def test_the_order_of_nanoseconds_stays_where_seconds_cannot_tell_them_apart(read) -> None:
    data = read(log(*(SECOND * 10**9 + n for n in (2, 0, 1))))
    assert [data.catalogue.ids[i] for i in data.histories.items] == ["1", "2", "0"]


def test_parts_of_a_millisecond_and_frames_are_read_alike(read) -> None:
    data = read(log(SECOND * 1000 + 0.5))
    assert data.interactions["timestamp"].to_list() == [SECOND + 0.0005]
    frame = pl.DataFrame({"user_id": ["u"], "item_id": ["0"], "ts": [SECOND * 1000 + 0.5]})
    assert from_frames(frame).hash == data.hash


def test_seconds_among_milliseconds_are_a_row_that_is_wrong(refused) -> None:
    (told,) = refused(log(SECOND * 1000, SECOND, SECOND * 1000 + 1))
    assert told == (
        f"events.csv, row 3, column ts: found {SECOND}, expected milliseconds since 1970, as in "
        "the other rows; write all times in one unit, or remove the row"
    )


@pytest.mark.parametrize("time", [20240102123000, 10**10, -(10**12)])
def test_what_no_unit_brings_into_these_years_is_refused(refused, time: int) -> None:
    (told,) = refused(log(time), clock="unix")
    assert f"found {time}, expected seconds since 1970" in told


def test_large_numbers_that_are_said_to_be_an_order_stay_so(read) -> None:
    assert read(log(SECOND * 1000), clock="order").interactions["timestamp"][0] == SECOND * 1000


def test_short_whole_numbers_are_an_order() -> None:
    times = pl.Series([3, 1], dtype=pl.Int8)
    frame = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["a", "b"], "timestamp": times})
    assert from_frames(frame).clock == "order"


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ((4_000_000_000, SECOND), "column ts: 1 time after today, up to 2096-10-02"),
        (
            (0, SECOND, SECOND),
            "column ts: 1 time before 1980, as from 1970-01-01; tools write 1970 where a time is "
            "not known",
        ),
        (
            (-SECOND, -5),
            'column ts has numbers below 0 and is an order; pass clock="unix" if it is a clock',
        ),
        ((SECOND, SECOND), None),
        ((100_000_000, 200_000_000), None),
    ],
)
def test_times_that_may_be_right_and_are_odd_are_named(read, times, told) -> None:
    notes = read(log(*times)).notes
    assert notes[1:] == (() if told is None else (f"events.csv: {told}",))


def test_a_negative_clock_is_refused_and_a_day_without_a_date_is(refused) -> None:
    (told,) = refused(log(-SECOND), clock="unix")
    assert f"found -{SECOND}, expected seconds since 1970" in told
    (told,) = refused(log("0000-00-00 00:00:00", "2024-01-01 00:00:00", "2024-01-02 00:00:00"))
    assert "row 2, column ts: found '0000-00-00 00:00:00', expected a date" in told


def test_days_of_a_spreadsheet_are_dates_where_the_column_says_so(read) -> None:
    days = "user_id,item_id,order_date\nu,a,45352.4\nu,b,45353\n"
    data = read(days)
    assert data.clock == "unix"
    assert data.interactions["timestamp"].to_list() == [1_709_285_760, 1_709_337_600]
    assert data.notes[-1] == (
        "events.csv: column order_date is read as a spreadsheet's days since 1899-12-30 "
        "(45352.4 is 2024-03-01)"
    )
    assert read(days, clock="order").interactions["timestamp"].to_list() == [45352.4, 45353]
    assert read(days.replace("order_date", "ts")).clock == "order"
    assert read(days.replace("45353", "60000")).clock == "order"
