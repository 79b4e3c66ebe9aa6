"""From the tables that a reader found to a validated, indexed dataset."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import polars as pl

from metarec.contracts.dataset import Clock, Dataset, Feedback, RepeatsRule
from metarec.data.validation.content_types import typed_content
from metarec.data.validation.context import with_context
from metarec.data.validation.handling import Handling
from metarec.data.validation.ids_in_words import say_words, without_words
from metarec.data.validation.indexing import in_usual_order, on_catalogue, users_of
from metarec.data.validation.kinds import has_kinds, with_plain_kinds
from metarec.data.validation.meaning import has_roles, on_scale, with_own_names
from metarec.data.validation.naming import weighs
from metarec.data.validation.needed import has_columns, has_rows
from metarec.data.validation.offered import with_offered
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.ratings_as_text import with_written_ratings
from metarec.data.validation.repeats import settle_repeats
from metarec.data.validation.rows import (
    with_distinct,
    with_ids,
    with_safe_paths,
    with_values,
)
from metarec.data.validation.table import Table, Tables
from metarec.data.validation.times import with_times


def assemble(
    tables: Tables,
    report: Report,
    *,
    folder: Path,
    handling: Handling,
) -> Dataset:
    """The dataset, or one `InvalidData` with every problem of every table.

    Items are validated before the interactions, so that an interaction about an item whose row
    was rejected counts as one about an unknown item.
    """
    on_offer = tables.items and with_offered(tables.items, report)
    items = keyed(on_offer, "item_id", report, folder, must_have_rows=True)
    users = keyed(tables.users, "user_id", report, folder)
    triples = linked(tables.triples, ("head", "relation", "tail"), report)
    edges = linked(tables.edges, ("user_id", "other_id"), report)
    feedback = feedback_of(tables)
    listed = {} if items is None else {"item_id": items.frame["item_id"]}
    listed |= {} if users is None else {"user_id": users.frame["user_id"]}
    tables = with_told_scale(tables, feedback, report)
    events, clock = checked_events(tables, feedback, listed, report)
    has_roles(tables, report)
    if events is None or (items is None and tables.items is not None):
        raise report.invalid()
    lenient, rule = handling.lenient, handling.repeats or tables.repeats
    catalogue, events = on_catalogue(items, events, report, lenient=lenient)
    user_ids, profiles, user = users_of(users, events, report)
    events = events.with_frame(events.frame.with_columns(user.alias("user")))
    frame = in_usual_order(settle_repeats(events, len(catalogue), feedback, rule, report))
    if lenient and not len(frame):
        fix = "mend the rows that are listed here"
        report.fail("interactions", "no row without a problem", "at least one", fix)
    dropped = report.settle(lenient=lenient, rejects=handling.rejects)
    return Dataset(
        name=tables.name,
        feedback=cast(Feedback, feedback),
        clock=cast(Clock | None, clock),
        catalogue=catalogue,
        user_ids=user_ids,
        interactions=frame,
        users=profiles,
        triples=triples,
        edges=edges,
        repeats=cast(RepeatsRule, rule or "keep"),
        declared_scale=tables.scale,
        target_kinds=tables.target_kinds,
        negative_kinds=tables.negative_kinds,
        roles=tables.roles,
        licence=tables.licence,
        dropped=dropped,
        notes=tuple(report.said),
    )


def feedback_of(tables: Tables) -> str:
    """What the values mean: what the source says, else ratings where there is a value."""
    if tables.feedback is not None:
        return tables.feedback
    events = tables.interactions
    has_value = events is not None and "value" in events.frame.columns
    return "rating" if events is not None and has_value and not weighs(events) else "implicit"


def with_told_scale(tables: Tables, feedback: str, report: Report) -> Tables:
    """The tables with ratings such as "4/5" as numbers, and on the scale that these tell."""
    events = tables.interactions
    if events is None or feedback != "rating" or "value" not in events.frame.columns:
        return tables
    events, scale = with_written_ratings(events, tables.scale, report)
    return replace(tables, interactions=events, scale=tables.scale or scale)


def checked_events(
    tables: Tables, feedback: str, listed: Mapping[str, pl.Series], report: Report
) -> tuple[Table | None, str | None]:
    """The interactions with ids, value and time in order, as far as the columns allow.

    `listed` are the ids that the tables of items and users name.
    """
    table, clock = tables.interactions, tables.clock
    if table is None:
        return None, clock
    table = with_own_names(table, report)
    named = has_columns(table, ("user_id", "item_id"), report)
    if not has_rows(table, report) or not named:
        return None, clock
    events = with_ids(table, ("user_id", "item_id"), report)
    events = events and without_words(events, listed, report)
    events = events and with_context(events, report)
    events = events and with_values(events, feedback, report)
    if events is None:
        return None, clock
    events = on_scale(events, feedback, tables.scale, report)
    events = with_plain_kinds(events, report)
    has_kinds(events, tables, report)
    return with_times(events, clock, report, tables.dates)


def keyed(
    table: Table | None,
    column: str,
    report: Report,
    folder: Path,
    *,
    must_have_rows: bool = False,
) -> Table | None:
    """A table of items or users with one row an id and typed content."""
    if table is None or not has_columns(table, (column,), report):
        return None
    if must_have_rows and not has_rows(table, report):
        return None
    named = with_ids(table, (column,), report)
    if named is None:
        return None
    say_words(named, column, report)
    safe = with_safe_paths(with_distinct(named, column, report), folder, report)
    if not safe.settled:
        safe = typed_content(safe, report, column)
    return finite_content(safe, column, report)


def finite_content(table: Table, key: str, report: Report) -> Table:
    """The rows whose numbers are finite; a missing number is null and stays."""
    fix = "write the number, or nothing where it is not known"
    kinds = table.frame.schema
    return report.sift(
        table,
        [
            Check("NaN or infinite", c, ~pl.col(c).is_finite(), "a finite number or nothing", fix)
            for c in table.frame.columns
            if c != key and kinds[c].is_float()
        ],
    )


def linked(table: Table | None, columns: tuple[str, ...], report: Report) -> pl.DataFrame | None:
    """A table of links with its id columns first."""
    if table is None or not has_columns(table, columns, report):
        return None
    named = with_ids(table, columns, report)
    if named is None:
        return None
    for column in columns:
        say_words(named, column, report)
    return named.frame.select(*columns, pl.exclude(columns))
