"""The time of events where no name tells it: columns that hold dates."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from metarec.data.column_names import Naming, plain
from metarec.data.known_names import numbered, words
from metarec.data.validation.dates_as_text import AmbiguousDates, moments_of
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table
from metarec.data.validation.times import like_dates

LOOKED_AT = 200
"""Filled cells by which it is told whether a column holds dates."""
DAYS = words("day week month when") | numbered(
    words(
        "event order ordered purchase purchased buy bought sale sold visit visited view viewed "
        "click clicked review reviewed rating rated transaction session invoice created"
    ),
    "day week month on",
)
"""Names, as `plain` leaves them, of a time of events if they hold dates: a day may be a number."""


def with_dated(naming: Naming, table: Table, report: Report) -> Naming:
    """The naming with a column of dates as the time of events, where no name told of one.

    One that is called a day, a week or a month is taken; any other is named, since it may be a
    birthday or a delivery.
    """
    taken = naming.columns.values()
    dated = [column.name for column in table.frame if holds_dates(column)]
    dated = [name for name in dated if name not in taken]
    called = [name for name in dated if plain(name) in DAYS]
    if len(called) > 1:
        return replace(naming, clashes={**naming.clashes, "timestamp": called})
    if not called:
        say_untaken(dated, table, report)
        return naming
    others = [name for name in dated if name not in called]
    return replace(
        naming,
        columns={**naming.columns, "timestamp": called[0]},
        guessed={**naming.guessed, "timestamp": called[0]},
        passed_over={**naming.passed_over, **({"timestamp": others} if others else {})},
    )


def say_untaken(dated: Sequence[str], table: Table, report: Report) -> None:
    """Name the columns of dates of which none is taken for the time of events."""
    if dated:
        fix = report.remedies.column("timestamp", dated[0])
        told = f"{' and '.join(dated)} {'hold' if len(dated) > 1 else 'holds'} dates"
        report.say(f"{table.file}: no column is the time of events, and {told}; {fix}")


def holds_dates(column: pl.Series) -> bool:
    """True for datetimes, for dates as people write them, and for numbers such as 20241231."""
    kind = column.dtype
    if isinstance(kind, pl.Datetime | pl.Date):
        return True
    if kind.is_integer():
        return like_dates(column.drop_nulls().head(LOOKED_AT))
    if kind != pl.String:
        return False
    text = column.str.strip_chars()
    text = text.filter(text != "").head(LOOKED_AT)
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() < len(text):
        return not numbers.null_count() and like_dates(numbers)
    try:
        return len(text) > 0 and moments_of(text) is not None
    except AmbiguousDates:
        return True
