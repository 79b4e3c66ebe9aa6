"""The door for tables that are already in memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import polars as pl

from metarec.contracts import DataError
from metarec.contracts.dataset import Clock, Dataset, Feedback, RepeatsRule
from metarec.contracts.dataset_checks import check_choice
from metarec.data.load import finish
from metarec.data.readers.frames import TAKEN, from_sparse, is_sparse, table_of
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table, Tables

OURS = ("user_id", "item_id", "value", "timestamp", "event", "text")
"""Names that a mapping of columns may give."""
EXACT = 2**53
"""Whole numbers below it have one float each."""


def from_frames(
    interactions: Any,
    items: Any = None,
    users: Any = None,
    *,
    feedback: Feedback | None = None,
    clock: Clock | None = None,
    repeats: RepeatsRule | None = None,
    columns: Mapping[str, str] | None = None,
    user_ids: Sequence[Any] | None = None,
    item_ids: Sequence[Any] | None = None,
    name: str = "shop",
    lenient: bool = False,
    rejects: str | Path | None = None,
) -> Dataset:
    """A shop from tables in memory, validated as files are: equal content, equal `hash`.

    Each table is a Polars frame (eager or lazy), a pandas DataFrame, or an Arrow table.
    `interactions` has the columns user_id, item_id and, where they are known, value, timestamp,
    event, text and any context; `items` has item_id and any content, `users` has user_id and any
    profile. `columns={"user_id": "customer_no"}` says which columns of yours are ours, in whichever
    table they stand. `interactions` may also be a SciPy sparse matrix of people and items, with
    their ids as `user_ids` and `item_ids`. What is not said is inferred as for files. Problems name
    the frame, the column, and the row, counted from 0 (`frame[row]`, `.iloc[row]`).

    >>> import polars as pl
    >>> bought = pl.DataFrame({"customer": ["ann", "ben"], "sku": ["00123", "00124"]})
    >>> from_frames(bought, columns={"user_id": "customer", "item_id": "sku"})
    Dataset('shop', implicit, 2 events, 2 users, 2 items)
    """
    check_choice("feedback", feedback, (*get_args(Feedback), None))
    check_choice("clock", clock, (*get_args(Clock), None))
    if not isinstance(name, str) or not name:
        raise DataError(f"name must be text, got {name!r}")
    report = Report()
    events: Table | None
    if is_sparse(interactions):
        events = from_sparse(interactions, user_ids, item_ids, feedback, report)
        feedback = feedback or "implicit"  # all ones say nothing but that there was an event
    elif user_ids is not None or item_ids is not None:
        raise DataError(
            "user_ids and item_ids go with a SciPy sparse matrix; interactions must be one, or "
            f"{TAKEN} with the columns user_id and item_id"
        )
    else:
        events = table_of(interactions, "interactions", report)
    found: dict[str, Table | None] = {
        "interactions": events,
        "items": None if items is None else table_of(items, "items", report),
        "users": None if users is None else table_of(users, "users", report),
    }
    report.raise_if_fatal()  # a column that cannot be read is not also one that is missing
    named = with_our_names({k: t for k, t in found.items() if t is not None}, columns or {})
    tables = Tables(
        name=name,
        interactions=named["interactions"],
        items=named.get("items"),
        users=named.get("users"),
        feedback=feedback,
        clock=clock,
        repeats=repeats,
    )
    return finish(
        lambda place, report: tables,
        Path(),
        report,
        lenient=lenient,
        rejects=rejects,
        repeats=repeats,
    )


def with_our_names(tables: Mapping[str, Table], columns: Mapping[str, str]) -> dict[str, Table]:
    """The tables with our names for their columns, and ids that became floats whole again."""
    if unknown := [ours for ours in columns if ours not in OURS]:
        raise DataError(
            f"columns maps our names to yours, and {unknown[0]!r} is none of ours; they are: "
            + ", ".join(OURS)
        )
    every = {column for table in tables.values() for column in table.frame.columns}
    for ours, own in columns.items():
        if own not in every:
            listed = "; ".join(f"{n}: {', '.join(t.frame.columns)}" for n, t in tables.items())
            raise DataError(
                f"columns says that {ours} is {own!r}, which no table has; they have {listed}"
            )
    renamed = {}
    for place, table in tables.items():
        there = {ours: own for ours, own in columns.items() if own in table.frame.columns}
        mapped = table.renamed(there)
        whole = mapped.frame.with_columns(whole_ids(mapped.frame))
        renamed[place] = mapped.with_frame(whole)
    return renamed


def whole_ids(frame: pl.DataFrame) -> list[pl.Series]:
    """Columns of ids that hold whole numbers as floats, which is what pandas makes of a gap."""
    ids = [frame[name] for name in ("user_id", "item_id") if name in frame.columns]
    floats = [column for column in ids if column.dtype.is_float()]
    return [
        column.cast(pl.Int64)
        for column in floats
        if bool(((column == column.floor()) & (column.abs() < EXACT)).all())
    ]
