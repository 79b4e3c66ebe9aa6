"""Times that may well be right and are worth a look: to come, from before there were shops."""

import time
from datetime import UTC, datetime

from metarec.contracts.printing import counted
from metarec.data.validation.clock_units import FIRST_S
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

DAY_S = 86_400
"""Clocks of other zones may be ahead by so much."""


def say_odd_times(table: Table, clock: str | None, report: Report) -> None:
    """Name moments after today and a few before 1980, and numbers below 0 that make an order."""
    times = table.frame["timestamp"]
    told = f"{table.file}: column {table.names.get('timestamp', 'timestamp')}"
    if clock == "order":
        if (times < 0).any():
            other = report.remedies.setting("clock", "unix")
            report.say(f"{told} has numbers below 0 and is an order; {other} if it is a clock")
        return
    ahead, early = times.filter(times > time.time() + DAY_S), times.filter(times < FIRST_S)
    if len(ahead):
        report.say(f"{told}: {counted(len(ahead), 'time')} after today, up to {day(ahead.max())}")
    if 0 < len(early) < len(times):
        report.say(
            f"{told}: {counted(len(early), 'time')} before 1980, as from {day(early.min())}; tools "
            "write 1970 where a time is not known"
        )


def day(seconds: object) -> str:
    """A moment as a date."""
    return f"{datetime.fromtimestamp(float(str(seconds)), tz=UTC):%Y-%m-%d}"
