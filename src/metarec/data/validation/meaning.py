"""Whether the rows bear out what a shop declares of its scale, kinds of events and columns."""

import polars as pl

from metarec.contracts.meaning import Scale, recognised_scale, unscaled
from metarec.contracts.printing import nearest
from metarec.contracts.wording import given
from metarec.data.column_names import plain
from metarec.data.known_names import RATINGS
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
    remedies = report.remedies
    if feedback != "rating":
        if declared is not None:
            fix = f"remove scale, or {remedies.setting('feedback', 'rating')}"
            found = "a scale of implicit events"
            report.fail(remedies.place, found, "one of ratings", fix, "scale")
        return events
    values = events.frame["value"]
    if declared is not None:
        low, high = declared
        off = (pl.col("value") < low) | (pl.col("value") > high)
        expected = f"a rating on the declared scale, {low:g} to {high:g}"
        fix = "mend the rating, or widen scale in dataset.toml"
        if remedies.source != "folder":
            fix = f"mend the rating, or widen {given('scale', [low, high])}"
        return report.sift(events, [Check("outside the scale", "value", off, expected, fix)])
    scale = recognised_scale(values)
    if scale is None and len(values):
        least, most = float(values.min()), float(values.max())  # type: ignore[arg-type]
        found, expected, fix = unscaled(least, most)
        if remedies.source != "folder":
            implicit = remedies.setting("feedback", "implicit")
            own = given("scale", [min(least, 0.0) if least == most else least, most])
            fix = f"pass {own} for a scale of your own"
            fix = fix if least <= 0 else f"{implicit} for counts or weights, or {fix}"
            rated = recognised_scale(values.filter(values != least))
            if least == -1 and rated:  # which exports write where nobody rated
                without = f"{given('scale', [*rated])} and {given('lenient', True)}"
                fix += f"; if -1 means that there is no rating, pass {without}"
        report.fail(events.file, found, expected, fix, events.names.get("value", "value"))
    elif scale is not None:
        say_zeros(events, scale, report)
        say_unknown(events, scale, report)
    return events


def say_unknown(events: Table, scale: Scale, report: Report) -> None:
    """Say that values are taken for ratings where the name of their column does not tell."""
    own = events.names.get("value", "value")
    if not events.settled and own != "value" and plain(own) not in RATINGS:
        counts = report.remedies.setting("feedback", "implicit")
        report.say(
            f"{events.file}: {own} is read as ratings on {scale[0]:g} to {scale[1]:g}; {counts} if "
            "it says how much or how often"
        )


def say_zeros(events: Table, scale: Scale, report: Report) -> None:
    """Say that ratings of 0 made the scale, since exports write 0 where nobody rated."""
    values = events.frame["value"]
    zeros, rated = int((values == 0).sum()), values.filter(values != 0)
    without = recognised_scale(rated)
    if not zeros or not len(rated) or scale == (0.0, 1.0) or without is None:
        return
    told = report.remedies.setting("scale", [*without])
    report.say(
        f"{events.file}: {zeros:,} of {len(values):,} ratings are 0, so that the scale is "
        f"{scale[0]:g} to {scale[1]:g}; if a 0 means that there is no rating, {told} and, "
        f"to leave these rows out, {report.remedies.lenient}"
    )


def has_roles(tables: Tables, report: Report) -> None:
    """Report columns of items that are said to be something and are not there."""
    items = tables.items
    columns = [] if items is None else [c for c in items.frame.columns if c not in KEYS]
    for role, named in tables.roles.items():
        for column in named:
            if column not in columns:
                found = f"no column {column!r} of items, which is said to be {role}"
                near = nearest(column, columns, most=1, least=0.6)
                told = f"{report.remedies.role(role, near)}; " if near else ""
                fix = f"{told}the columns are {', '.join(columns) or 'none'}"
                place = report.remedies.place
                where = f"items.{role}" if place == "dataset.toml" else "roles"
                report.fail(place, found, "a column that is there", fix, where)
