"""Whether the rows bear out what a shop declares of its scale, kinds of events and columns."""

from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl

from metarec.contracts.meaning import Scale, recognised_scale, unscaled
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table, Tables

IDS = {"user": "user_id", "item": "item_id"}
"""Columns whose names `Dataset.interactions` needs, and what they hold where no such ids are."""
KEYS = ("item_id", "offered")
"""Columns of items that are no content."""


def with_own_names(table: Table, report: Report) -> Table:
    """The events with `user` and `item` read as ids where there are none, else kept as context.

    As context they are called `context_user` and `context_item`, since the names mean rows.
    """
    columns = table.frame.columns
    for own, ids in IDS.items():
        if own not in columns:
            continue
        name = ids if ids not in columns else f"context_{own}"
        if name in columns:
            fix = "give one of them another name"
            report.fail(table.file, f"columns {own} and {name}", "one of them", fix, own)
            table = table.with_frame(table.frame.drop(own))
        else:
            table = table.renamed({name: own})
    return table


def on_scale(events: Table, feedback: str, declared: Scale | None, report: Report) -> Table:
    """The events whose rating lies on the declared scale; without one, any that is recognised."""
    if feedback != "rating":
        if declared is not None:
            fix = 'remove scale, or write feedback = "rating" beside it'
            report.fail(
                "dataset.toml", "a scale of implicit events", "one of ratings", fix, "scale"
            )
        return events
    values = events.frame["value"]
    if declared is not None:
        low, high = declared
        off = (pl.col("value") < low) | (pl.col("value") > high)
        expected = f"a rating on the declared scale, {low:g} to {high:g}"
        fix = "mend the rating, or widen scale in dataset.toml"
        if report.remedies.source == "file":
            fix = f"mend the rating, or widen {report.remedies.option('scale', [low, high])}"
        return report.sift(events, [Check("outside the scale", "value", off, expected, fix)])
    if len(values) and recognised_scale(values) is None:
        least, most = float(values.min()), float(values.max())  # type: ignore[arg-type]
        found, expected, fix = unscaled(least, most)
        if report.remedies.source == "file":
            implicit = report.remedies.setting("feedback", "implicit")
            own = report.remedies.option("scale", [least, most])
            fix = f"{implicit} for counts or weights, or {own} for a scale of your own"
        report.fail(events.file, found, expected, fix, events.names.get("value", "value"))
    return events


def has_kinds(events: Table, tables: Tables, report: Report) -> None:
    """Report declared kinds of a table without kinds, and targets that nobody met."""
    declared = [*tables.target_kinds, *tables.negative_kinds]
    if not declared:
        return
    name = "target_kinds" if tables.target_kinds else "negative_kinds"
    if "event" not in events.frame.columns:
        fix = f"name the column of kinds event, or remove {name}"
        report.fail(events.file, "no such column", f"the kinds that {name} names", fix, "event")
        return
    there = sorted(events.frame["event"].cast(pl.String).drop_nulls().unique())
    if both := set(tables.target_kinds) & set(tables.negative_kinds):
        fix = "remove it from one of them"
        found = f"{min(both)!r} in target_kinds and in negative_kinds"
        report.fail("dataset.toml", found, "each kind in one of them", fix, "target_kinds")
    unmet = tables.target_kinds and not set(there) & set(tables.target_kinds)
    for kind in sorted({*(tables.negative_kinds if unmet else declared)} - {*there}):
        if near := nearest(kind, there):
            fix = f"write {near!r}, or rename the kind in the events"
            known = f"one of the kinds there are: {', '.join(map(repr, there))}"
            report.fail(events.file, f"no event of the kind {kind!r}", known, fix, "event")
        else:
            report.say(f"{events.file}: no event is of the declared kind {kind!r}")
    if unmet:
        found = f"no event of the kinds {', '.join(tables.target_kinds)}"
        fix = f"name one of the kinds there are: {', '.join(there)}"
        report.fail(events.file, found, "events of the target_kinds", fix, "event")


def nearest(kind: str, there: Sequence[str]) -> str | None:
    """A kind that is not there and is most likely meant, whatever its case."""
    by_fold = {other.strip().casefold(): other for other in there}
    found = get_close_matches(kind.strip().casefold(), list(by_fold), n=1, cutoff=0.75)
    return by_fold[found[0]] if found else None


def has_roles(tables: Tables, report: Report) -> None:
    """Report columns of items that are said to be something and are not there."""
    items = tables.items
    columns = [] if items is None else [c for c in items.frame.columns if c not in KEYS]
    for role, named in tables.roles.items():
        for column in named:
            if column not in columns:
                found = f"no column {column!r} of items, which is said to be {role}"
                fix = f"name one of {', '.join(columns) or 'none'}"
                report.fail("dataset.toml", found, "a column that is there", fix, f"items.{role}")
