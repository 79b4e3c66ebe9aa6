"""Days as a spreadsheet counts them, which is what it writes of a date in a cell for numbers."""

from datetime import datetime, timedelta

import polars as pl

from metarec.data.column_names import plain
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

START = datetime(1899, 12, 30)
FIRST, LAST = 32_874, 54_789
"""1990 and 2050."""
DAY_US = 86_400_000_000


def with_spreadsheet_days(table: Table, report: Report) -> Table:
    """The table with times such as 45352.4 in a column of dates as datetimes, which is said."""
    times = table.frame["timestamp"]
    own = table.names.get("timestamp", "timestamp")
    dated = any(word in plain(own) for word in ("date", "datum", "day"))
    if not dated or not times.dtype.is_numeric() or not len(times):
        return table
    if not times.is_between(FIRST, LAST).all():
        return table
    since = (times.cast(pl.Float64) * DAY_US).round().cast(pl.Int64)
    seconds = (since + 500_000) // 1_000_000  # a spreadsheet knows moments to a few microseconds
    moments = pl.select(pl.lit(START) + pl.duration(seconds=pl.lit(seconds))).to_series()
    first = START + timedelta(days=float(times[0]))
    report.say(
        f"{table.file}: column {own} is read as a spreadsheet's days since 1899-12-30 "
        f"({times[0]:.10g} is {first:%Y-%m-%d})"
    )
    return table.with_frame(table.frame.with_columns(moments.alias("timestamp")))
