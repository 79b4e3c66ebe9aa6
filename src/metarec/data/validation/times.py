"""When events happened: clocks in seconds, datetimes, dates as people write them, or an order."""

import polars as pl

from metarec.contracts.wording import given
from metarec.data.validation.clock_units import CENTURY_END_S, with_units
from metarec.data.validation.dates_as_text import (
    NAMED_ZONE,
    AmbiguousDates,
    ContradictedOrder,
    DateOrder,
    moments_of,
)
from metarec.data.validation.odd_times import DAY_S, say_odd_times
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.rows import with_numbers
from metarec.data.validation.spreadsheet_days import with_spreadsheet_days
from metarec.data.validation.table import Table

TICKS = {"ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
"""Units of a datetime in one second."""
HOURS = 24


def with_times(
    table: Table, timestamp: str | None, report: Report, dates: DateOrder | None = None
) -> tuple[Table | None, str | None]:
    """The rows with a usable `timestamp`, and whether it is a clock ("unix") or an "order".

    Where the source does not say, numbers all below 10^8 (1973 on a clock) are an order, and dates
    are a clock, and so are milliseconds, microseconds and nanoseconds since 1970, known by their
    size. `dates` says what comes first in dates such as 12/11/2024. Rows without a `timestamp` are
    in the order of their source where that is said to be an order, and else in none.
    """
    if "timestamp" not in table.frame.columns:
        return without_times(table, timestamp, report)
    told_order = timestamp == "order"
    told = with_moments(table, timestamp, report, dates)
    if told is None:
        return None, timestamp
    table = told
    if isinstance(table.frame.schema["timestamp"], pl.Datetime | pl.Date):
        timestamp = timestamp or "unix"
    fix = "write seconds since 1970 or a date such as 2024-12-31 08:00, or remove the row"
    if table.names.get("timestamp", "timestamp") != "timestamp":
        fix += f"; {report.remedies.no_column('timestamp')} if it is no time"
    checked = with_numbers(in_seconds(table), "timestamp", report, fix)
    if checked is None:
        return None, timestamp
    kind, time = checked.frame.schema["timestamp"], pl.col("timestamp")
    if kind.is_integer() or kind == pl.Boolean:
        whole = time.cast(pl.Int64, strict=False)
        far = Check("too large", "timestamp", whole.is_null(), "a time below 9e18", fix)
        checked = report.sift(checked, [far])
        time = whole
    else:
        time = time.cast(pl.Float64)
    checked = checked.with_frame(checked.frame.with_columns(time))
    if timestamp is None and not table.settled:
        checked = with_spreadsheet_days(checked, report)
        timestamp = "unix" if checked.frame.schema["timestamp"] == pl.Datetime else None
    if timestamp != "order":
        checked = in_seconds(with_units(in_seconds(checked), report))
    if timestamp is None:
        below = (checked.frame["timestamp"] < 1e8).all()
        timestamp = "order" if below else "unix"
    if timestamp == "unix":
        other = report.remedies.setting("clock", "order")
        fix = f"write seconds since 1970 (or milliseconds, in all rows), or {other}"
        time = pl.col("timestamp")
        bad = (time < 0) | (time > CENTURY_END_S)
        expected = "seconds since 1970, before the year 2100"
        checked = report.sift(checked, [Check("absurd timestamp", "timestamp", bad, expected, fix)])
    if not told_order:
        say_odd_times(checked, timestamp, report)
    return checked, timestamp


def without_times(table: Table, timestamp: str | None, report: Report) -> tuple[Table, str | None]:
    """The rows in the order of their source where that is said to be one; else without a time."""
    if timestamp == "order":
        return table.with_frame(
            table.frame.with_row_index("timestamp").cast({"timestamp": pl.Int64})
        ), timestamp
    if timestamp == "unix":
        told = given("clock", "unix")
        report.say(f"{table.file} has no column of times, so that {told} says nothing")
    return table, None


def with_moments(
    table: Table, timestamp: str | None, report: Report, dates: DateOrder | None
) -> Table | None:
    """The table with dates that are text, or numbers such as 20241231, as datetimes.

    None, with the problem reported, where they do not tell the day from the month.
    """
    column = table.frame["timestamp"]
    if column.dtype.is_integer() and timestamp is None and like_dates(column):
        column = column.cast(pl.String)
    if column.dtype != pl.String:
        return table
    text = column.str.strip_chars()
    text = text.set(text == "", None)
    first = text.drop_nulls().head(1)
    number = first.cast(pl.Float64, strict=False)
    if number.null_count() == 0 and (timestamp is not None or not like_dates(number)):
        return table
    own = table.names.get("timestamp", "timestamp")
    try:
        moments = moments_of(text, dates)
    except AmbiguousDates as error:
        found = f"dates such as '{error}', of which none has a number above 12"
        expected = "dates that tell the day from the month"
        report.fail(table.file, found, expected, report.remedies.dates(), own)
        return None
    except ContradictedOrder as error:
        row = table.lines.filter(text == str(error))[0]
        part = "month" if dates == "month-first" else "day"
        expected = f"dates with the {part} first, as {given('dates', dates)} says"
        fix = f"mend that date, or say what comes first: {report.remedies.dates()}"
        report.fail(table.file, repr(str(error)), expected, fix, own, row)
        return None
    if moments is None:
        return None if has_named_zones(text, table.file, own, report) else table
    first = text.filter(moments.times.is_not_null()).head(1)
    report.say(
        f"{table.file}: column {own} is read as {moments.told} "
        f"({first[0]!r} is {moments.times.drop_nulls()[0]:%Y-%m-%d})"
    )
    expected, fix = f"a date as in the other rows, such as {first[0]!r}", "mend or remove the row"
    check = Check("no date", "timestamp", pl.lit(moments.times.is_null()), expected, fix)
    kept = report.sift(table, [check])
    times = moments.times.drop_nulls().alias("timestamp")
    return kept.with_frame(kept.frame.with_columns(times))


def has_named_zones(text: pl.Series, file: str, own: str, report: Report) -> bool:
    """True, which is reported, if the times name their zone, as in 10:00 Europe/Paris."""
    zones = text.str.extract(NAMED_ZONE).drop_nulls()
    if not len(zones):
        return False
    found = f"times of the zone {zones[0]!r} ({text.filter(text.str.contains(NAMED_ZONE))[0]!r})"
    expected = "times in UTC, or with their distance to it"
    fix = "write them as 2024-12-31 08:00Z or 2024-12-31 09:00+01:00; names of zones are not read"
    report.fail(file, found, expected, fix, own)
    return True


def like_dates(numbers: pl.Series) -> bool:
    """True if all numbers look like 20241231, like 202412310800, or like 20241231080000.

    No count of seconds, milliseconds or finer units of this age has the size of one of these.
    """
    numbers = numbers.cast(pl.Float64)  # a short type holds no such number to compare with
    if not len(numbers) or not (numbers == numbers.floor()).all():
        return False
    for clock in (1, 10_000, 1_000_000):
        dates, hours = numbers // clock, numbers % clock // (clock / 100)
        if dates.is_between(19_000_101, 21_001_231).all():
            months, days = dates // 100 % 100, dates % 100
            fits = months.is_between(1, 12) & days.is_between(1, 31)
            return bool((fits & (hours < HOURS)).all())
    return False


def in_seconds(table: Table) -> Table:
    """The table with datetimes as seconds since 1970, fractions kept; other types stay.

    A float holds today's clock to a quarter of a microsecond. Where that is too coarse to tell
    moments apart, rows come in the order of the moments, so that the order survives.
    """
    kind = table.frame.schema["timestamp"]
    if not isinstance(kind, pl.Datetime | pl.Date):
        return table
    moments = table.frame["timestamp"]
    per_second = TICKS[kind.time_unit] if isinstance(kind, pl.Datetime) else 1
    ticks = moments.to_physical().cast(pl.Int64)
    if isinstance(kind, pl.Date):
        ticks = ticks * DAY_S
    seconds, part = ticks // per_second, ticks % per_second
    if (part != 0).any():
        seconds = seconds.cast(pl.Float64) + part / per_second
        if seconds.n_unique() < ticks.n_unique():
            order = ticks.to_frame().with_row_index("row").sort("timestamp", "row")["row"]
            table, seconds = table.gather(order), seconds.gather(order)
    return table.with_frame(table.frame.with_columns(seconds.alias("timestamp")))
