"""From the tables that a reader found to a validated, indexed dataset."""

from pathlib import Path
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metarec.contracts import vocabulary_of
from metarec.data.catalogue import Catalogue
from metarec.data.content_types import typed_content
from metarec.data.dataset import Dataset, RepeatsRule, TimestampKind, ValueKind
from metarec.data.problems import Check, Report
from metarec.data.repeats import settle_repeats
from metarec.data.table import Table, Tables
from metarec.data.validation import (
    has_columns,
    has_rows,
    with_distinct,
    with_ids,
    with_safe_paths,
    with_times,
    with_values,
)


def assemble(
    tables: Tables,
    report: Report,
    *,
    folder: Path | None = None,
    repeats: str | None = None,
    lenient: bool = False,
    rejects: str | Path | None = None,
) -> Dataset:
    """The dataset, or one `InvalidData` with every problem of every table.

    Items are validated before the interactions, so that an interaction about an item whose row
    was rejected counts as one about an unknown item.
    """
    items = keyed(tables.items, "item_id", report, folder, must_have_rows=True)
    users = keyed(tables.users, "user_id", report, folder)
    triples = linked(tables.triples, ("head", "relation", "tail"), report)
    edges = linked(tables.edges, ("user_id", "other_id"), report)
    value = value_kind(tables)
    events, timestamp = checked_events(tables.interactions, value, tables.timestamp, report)
    if events is None or (items is None and tables.items is not None):
        report.raise_if_fatal()
    assert events is not None, "what cannot be used is reported as fatal"
    catalogue, events = on_catalogue(items, events, report, lenient=lenient)
    user_ids, profiles, user = users_of(users, events.frame["user_id"])
    events = events.with_frame(events.frame.with_columns(user.alias("user")))
    rule = repeats or tables.repeats
    frame = in_usual_order(settle_repeats(events, len(catalogue), value, rule, report))
    if lenient and not len(frame):
        fix = "mend the rows that are listed here"
        report.fail("interactions", "no row without a problem", "at least one", fix)
    dropped = report.settle(lenient=lenient, rejects=rejects)
    return Dataset(
        name=tables.name,
        value=cast(ValueKind, value),
        timestamp=cast(TimestampKind | None, timestamp),
        catalogue=catalogue,
        user_ids=user_ids,
        interactions=frame,
        users=profiles,
        triples=triples,
        edges=edges,
        repeats=cast(RepeatsRule, rule or "keep"),
        licence=tables.licence,
        dropped=dropped,
    )


def value_kind(tables: Tables) -> str:
    """What the values mean: what the source says, else ratings where there is a value."""
    if tables.value is not None:
        return tables.value
    events = tables.interactions
    return "rating" if events is not None and "value" in events.frame.columns else "implicit"


def checked_events(
    table: Table | None, value: str, timestamp: str | None, report: Report
) -> tuple[Table | None, str | None]:
    """The interactions with ids, value and time in order, as far as the columns allow."""
    if table is None:
        return None, timestamp
    named = has_columns(table, ("user_id", "item_id"), report)
    if not has_rows(table, report) or not named:
        return None, timestamp
    events = with_ids(table, ("user_id", "item_id"), report)
    events = events and with_values(events, value, report)
    return with_times(events, timestamp, report) if events else (None, timestamp)


def keyed(
    table: Table | None,
    column: str,
    report: Report,
    folder: Path | None,
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
    safe = with_safe_paths(with_distinct(named, column, report), folder, report)
    if safe.untyped:
        safe = safe.with_frame(typed_content(safe.frame, column))
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
    return None if named is None else named.frame.select(*columns, pl.exclude(columns))


def on_catalogue(
    items: Table | None, events: Table, report: Report, *, lenient: bool
) -> tuple[Catalogue, Table]:
    """The catalogue, and the events on its items with their rows as column `item`.

    An event on an item whose own row was rejected is no problem of its own; in lenient mode it is
    left out and counted.
    """
    if items is None:
        listed = events.frame.select("item_id").unique(maintain_order=True)
    else:
        listed = items.frame
    item = rows_of(events.frame["item_id"], listed["item_id"]).alias("item")
    events = events.with_frame(events.frame.with_columns(item))
    if items is None or not item.null_count():
        return catalogue_of(listed), events
    missing = pl.col("item").is_null()
    own = items.names.get("item_id", "item_id")
    rejected = pl.col("item_id").is_in(report.rejected_ids(items.file, own).implode())
    fix = "add the item to the items file, or remove the row"
    expected = "an id of the items file"
    unknown = Check("unknown item", "item_id", missing & ~rejected, expected, fix)
    events = report.sift(events, [unknown])
    if lenient:
        left_out = Check("item left out", "item_id", missing, "an item without problems", fix)
        events = report.sift(events, [left_out])
    return catalogue_of(listed), events.keep(~events.frame.select(missing).to_series())


def catalogue_of(frame: pl.DataFrame) -> Catalogue:
    """The catalogue of validated items; the reserved column `offered` is its mask."""
    ids = vocabulary_of(frame["item_id"])
    if frame.schema.get("offered") != pl.Boolean:
        return Catalogue(ids, frame.drop("item_id"), np.ones(len(frame), dtype=bool))
    offered = frame["offered"].fill_null(True).to_numpy().copy()
    return Catalogue(ids, frame.drop("item_id", "offered"), offered)


def rows_of(ids: pl.Series, vocabulary: pl.Series) -> pl.Series:
    """Row of each id in the vocabulary as Int64, null where it is not there."""
    return ids.cast(pl.Enum(vocabulary), strict=False).to_physical().cast(pl.Int64)


def users_of(
    users: Table | None, named: pl.Series
) -> tuple[NDArray[np.object_], pl.DataFrame | None, pl.Series]:
    """All user ids, their profiles, and the row of each event's user.

    Users of the user table come first, in its order; then those who are only in events, in
    order of appearance, with a profile of nulls.
    """
    listed = pl.Series("user_id", [], dtype=pl.String) if users is None else users.frame["user_id"]
    rows = rows_of(named, listed)
    if rows.null_count():
        others = named.filter(rows.is_null()).unique(maintain_order=True)
        listed = listed.append(others)
        rows = rows_of(named, listed)
    ids = vocabulary_of(listed)
    if users is None or users.frame.width == 1:
        return ids, None, rows
    nobody = pl.DataFrame({"user_id": listed[len(users.frame) :]})
    profiles = pl.concat([users.frame, nobody], how="diagonal").drop("user_id")
    return ids, profiles, rows


def in_usual_order(frame: pl.DataFrame) -> pl.DataFrame:
    """The interactions without ids: user, item, value, timestamp, event, then the context."""
    usual = ["user", "item", "value"] + [c for c in ("timestamp", "event") if c in frame.columns]
    if "event" in frame.columns:
        frame = frame.with_columns(pl.col("event").cast(pl.String))
    return frame.select(*usual, pl.exclude([*usual, "user_id", "item_id"]))
