"""The kinds of events: plainly written, and those that a shop declares held to those there are."""

from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl

from metarec.contracts.dataset import EVENT_COLUMNS
from metarec.contracts.meaning import kinds_there, trouble_with_kinds
from metarec.contracts.printing import counted
from metarec.data.looks_of_kinds import several
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table, Tables
from metarec.data.validation.unread import KINDS, names_any


def with_plain_kinds(events: Table, report: Report) -> Table:
    """The events without spaces around their kinds; kinds that differ in case alone are named."""
    if events.settled or "event" not in events.frame.columns:
        return events
    written = events.frame["event"].cast(pl.String, strict=False)
    bare = written.str.strip_chars()
    spaced = (written != bare).fill_null(False)
    own = events.names.get("event", "event")
    if n := int(spaced.sum()):
        told = (
            f"spaces around {counted(n, 'kind')} of {own} go, as in {written.filter(spaced)[0]!r}"
        )
        report.say(f"{events.file}: {told}")
        bare = bare.set(bare == "", None)
        events = events.with_frame(events.frame.with_columns(bare.alias("event")))
    for alike in several(bare.drop_nulls().unique()):
        told = " and ".join(map(repr, alike))
        report.say(f"{events.file}: {told} of {own} are kinds of their own, though alike")
    return events


def has_kinds(events: Table, tables: Tables, report: Report) -> None:
    """Report declared kinds that cannot hold, and those that are likely a typing error."""
    there = kinds_there(events.frame)
    if there is not None:
        report_typing_errors(events, there, tables, report)
    called = report.remedies.name
    if trouble := trouble_with_kinds(there, tables.target_kinds, tables.negative_kinds, called):
        found, expected, fix = trouble
        if there is None:
            fix = column_of_kinds(events, report) + f", or remove {fix.rpartition(' ')[2]}"
        report.fail(events.file, found, expected, fix, events.names.get("event", "event"))


def column_of_kinds(events: Table, report: Report) -> str:
    """How it is said which column holds the kinds, with one that may be it as an example."""
    free = [name for name in events.frame.columns if name not in (*EVENT_COLUMNS, *events.names)]
    may_be = next((name for name in free if names_any(name, KINDS)), None)
    return report.remedies.column("event", may_be)


def report_typing_errors(
    events: Table, there: Sequence[str], tables: Tables, report: Report
) -> None:
    """Report the kinds that are not there and are like one that is; name the others."""
    unmet = not set(there) & set(tables.target_kinds)  # which is one problem of all of them
    declared = {*tables.negative_kinds, *(() if unmet else tables.target_kinds)}
    for kind in sorted(declared - set(there)):
        if near := nearest(kind, there):
            fix = f"write {near!r}, or rename the kind in the events"
            known = f"one of the kinds there are: {', '.join(map(repr, there))}"
            report.fail(events.file, f"no event of the kind {kind!r}", known, fix, "event")
        else:
            report.say(f"{events.file}: no event is of the declared kind {kind!r}")


def nearest(kind: str, there: Sequence[str]) -> str | None:
    """A kind that is not there and is most likely meant, whatever its case."""
    by_fold = {other.strip().casefold(): other for other in there}
    found = get_close_matches(kind.strip().casefold(), list(by_fold), n=1, cutoff=0.75)
    return by_fold[found[0]] if found else None
