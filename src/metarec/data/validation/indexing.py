"""From ids to rows: the catalogue, the users, and the events that speak of them."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metarec.contracts import vocabulary_of
from metarec.contracts.catalogue import Catalogue
from metarec.contracts.offered import offered_mask
from metarec.contracts.printing import counted
from metarec.contracts.printing import listed as first_of
from metarec.data.validation.id_forms import say_alike, with_listed_forms
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table


def on_catalogue(
    items: Table | None, events: Table, report: Report, *, lenient: bool
) -> tuple[Catalogue, Table]:
    """The catalogue, and the events on its items with their rows as column `item`.

    An event on an item whose own row was rejected is no problem of its own; in lenient mode it is
    left out and counted.
    """
    if items is None:
        listed = events.frame.select("item_id").unique(maintain_order=True)
        if not events.settled:
            say_alike(listed["item_id"], events, "item_id", report)
    else:
        listed = items.frame
    item = rows_of(events.frame["item_id"], listed["item_id"]).alias("item")
    if items is not None and item.null_count():
        events = with_listed_forms(events, "item_id", listed["item_id"], items.file, report)
        item = rows_of(events.frame["item_id"], listed["item_id"]).alias("item")
    events = events.with_frame(events.frame.with_columns(item))
    if items is None or not item.null_count():
        return catalogue_of(listed), events
    missing = pl.col("item").is_null()
    own = items.names.get("item_id", "item_id")
    rejected = pl.col("item_id").is_in(report.rejected_ids(items.file, *{"item_id", own}).implode())
    fix = how_to_list(events.frame.filter(missing & ~rejected)["item_id"], report)
    expected = "an id of the items file"
    unknown = Check("unknown item", "item_id", missing & ~rejected, expected, fix)
    events = report.sift(events, [unknown])
    if lenient:
        left_out = Check("item left out", "item_id", missing, "an item without problems", fix)
        events = report.sift(events, [left_out])
    return catalogue_of(listed), events.keep(~events.frame.select(missing).to_series())


def how_to_list(ids: pl.Series, report: Report) -> str:
    """What to do about events on items that are not listed, of which the first few are named."""
    distinct = ids.unique(maintain_order=True).to_list()
    out = f"{report.remedies.lenient}, which leaves such rows out"
    if len(distinct) < 2:
        return f"add the item to the items file, or remove the row, or {out}"
    named = first_of(map(repr, distinct))
    return f"add these items to the items file: {named}; or remove their rows, or {out}"


def catalogue_of(frame: pl.DataFrame) -> Catalogue:
    """The catalogue of validated items; the reserved column `offered` is its mask."""
    content = frame.drop("item_id", "offered", strict=False)
    offered = offered_mask(frame).to_numpy().copy()
    return Catalogue(vocabulary_of(frame["item_id"]), content, offered)


def rows_of(ids: pl.Series, vocabulary: pl.Series) -> pl.Series:
    """Row of each id in the vocabulary as Int64, null where it is not there."""
    return ids.cast(pl.Enum(vocabulary), strict=False).to_physical().cast(pl.Int64)


def users_of(
    users: Table | None, events: Table, report: Report
) -> tuple[NDArray[np.object_], pl.DataFrame | None, pl.Series]:
    """All user ids, their profiles, and the row of each event's user.

    Users of the user table come first, in its order; then those who are only in events, in
    order of appearance, with a profile of nulls.
    """
    listed = pl.Series("user_id", [], dtype=pl.String) if users is None else users.frame["user_id"]
    rows = rows_of(events.frame["user_id"], listed)
    if users is not None and rows.null_count():
        events = with_listed_forms(events, "user_id", listed, users.file, report)
        rows = rows_of(events.frame["user_id"], listed)
    named = events.frame["user_id"]
    if users is not None and len(listed) and 0 < len(rows) == rows.null_count():
        report.say(
            f"{users.file}: none of its {counted(len(listed), 'id')}, such as {listed[0]!r}, has "
            f"an event; those of {events.file} look like {named[0]!r}"
        )
    if rows.null_count():
        others = named.filter(rows.is_null()).unique(maintain_order=True)
        listed = listed.append(others)
        rows = rows_of(named, listed)
    if not events.settled:
        say_alike(listed, events, "user_id", report)
    ids = vocabulary_of(listed)
    if users is None or users.frame.width == 1:
        return ids, None, rows
    nobody = pl.DataFrame({"user_id": listed[len(users.frame) :]})
    profiles = pl.concat([users.frame, nobody], how="diagonal").drop("user_id")
    return ids, profiles, rows


def in_usual_order(frame: pl.DataFrame) -> pl.DataFrame:
    """The interactions without ids: user, item, value, timestamp, event, then the context."""
    usual = ["user", "item", "value"] + [c for c in ("timestamp", "event") if c in frame.columns]
    rest = [c for c in frame.columns if c not in (*usual, "user_id", "item_id")]
    columns = {name: frame[name].rechunk() for name in (*usual, *rest)}  # select copies the ids too
    if "event" in columns:
        columns["event"] = columns["event"].cast(pl.String)
    return pl.DataFrame(columns)
