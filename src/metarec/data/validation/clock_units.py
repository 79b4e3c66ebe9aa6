"""Milliseconds, microseconds and nanoseconds since 1970, known from seconds by their size."""

from typing import Literal

import polars as pl

from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table

Unit = Literal["ms", "us", "ns"]
CENTURY_END_S = 4_102_444_800
"""2100-01-01 in seconds since 1970."""
FIRST_S = 315_532_800
"""1980-01-01: smaller numbers in a unit may be dates without separators, or plain counts."""
UNITS: dict[Unit, tuple[int, str]] = {
    "ms": (1_000, "milliseconds"),
    "us": (1_000_000, "microseconds"),
    "ns": (1_000_000_000, "nanoseconds"),
}
"""How many there are in a second, and their name."""


def with_units(table: Table, report: Report) -> Table:
    """The table with times in a finer unit than seconds as datetimes; other times stay.

    The unit is the one in which most rows lie between 1980 and 2100. A row that does not, among
    those that do, is a problem: seconds beside milliseconds would be of 1970.
    """
    unit = unit_of(table.frame)
    if unit is None:
        return table
    per_second, name = UNITS[unit]
    own = table.names.get("timestamp", "timestamp")
    off = Check(
        "time in another unit",
        "timestamp",
        ~within(per_second),
        f"{name} since 1970, as in the other rows",
        "write all times in one unit, or remove the row",
    )
    kept = report.sift(table, [off])
    times = kept.frame["timestamp"]
    moments = times.cast(pl.Int64).cast(pl.Datetime(unit))
    report.say(
        f"{table.file}: column {own} is read as {name} since 1970 "
        f"({int(times[0])} is {moments[0]:%Y-%m-%d})"
    )
    if times.dtype.is_float() and not (times == times.floor()).all():  # a part of the unit
        moments = times / per_second
    return kept.with_frame(kept.frame.with_columns(moments.alias("timestamp")))


def unit_of(frame: pl.DataFrame) -> Unit | None:
    """The unit in which most of the times are of this age; None for seconds, and for none."""
    for unit, (per_second, _) in UNITS.items():
        if frame.select(within(per_second).sum()).item() > len(frame) / 2:
            return unit
    return None


def within(per_second: int) -> pl.Expr:
    """True where a time in the unit lies between 1980 and 2100."""
    return pl.col("timestamp").is_between(FIRST_S * per_second, CENTURY_END_S * per_second)
