"""From tables that are no files to a dataset: our names, what is said of them, the checks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from metarec.contracts import DataError
from metarec.contracts.dataset import Dataset
from metarec.contracts.meaning import roles_of
from metarec.contracts.wording import written
from metarec.data.column_names import OURS, Given, TableKind
from metarec.data.declared import Declared
from metarec.data.validation.assembly import assemble
from metarec.data.validation.handling import Handling
from metarec.data.validation.naming import named
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table, Tables

EXACT = 2**53
"""Whole numbers below it have one float each."""
KINDS: tuple[TableKind, ...] = ("interactions", "items", "users")


def assembled(
    found: Mapping[str, Table | None],
    report: Report,
    declared: Declared,
    *,
    columns: Given | None,
    name: str,
    roles: Mapping[str, Sequence[str]] | None,
    handling: Handling,
) -> Dataset:
    """The dataset of the tables `interactions`, `items` and `users`, the last two where given."""
    if not isinstance(name, str) or not name:
        raise DataError(f"name must be text, got {name!r}")
    report.raise_if_fatal()  # a column that cannot be read is not also one that is missing
    there = {place: table for place, table in found.items() if table is not None}
    ours = with_our_names(there, columns or {}, report)
    tables = Tables(
        name=name,
        interactions=ours["interactions"],
        items=ours["items"],
        users=ours["users"],
        roles=roles_of(roles or {}),
    )
    return assemble(declared.over(tables), report, folder=Path(), handling=handling)


def with_our_names(
    tables: Mapping[str, Table], columns: Given, report: Report
) -> dict[str, Table | None]:
    """The tables with our names for their columns: those given, then those that are recognised.

    `columns` names one of ours in whichever tables have its column, or of one table, as in
    `items.item_id`, which overrules.
    """
    every = {name: table.frame.columns for name, table in tables.items()}
    check_given(columns, every)
    found: dict[str, Table | None] = {}
    for kind in KINDS:
        table, there = tables.get(kind), every.get(kind, [])
        given = {n: own for n, own in columns.items() if own in (None, *there) and n in OURS[kind]}
        given |= {n: columns[f"{kind}.{n}"] for n in OURS[kind] if f"{kind}.{n}" in columns}
        table = named(table, kind, report, given, preferred(found, kind))
        found[kind] = table and table.with_frame(table.frame.with_columns(whole_ids(table.frame)))
    return found


def check_given(columns: Given, every: Mapping[str, Sequence[str]]) -> None:
    """Refuse names that are none of ours, and columns that are none of the tables'."""
    ours = dict.fromkeys(name for names in OURS.values() for name in names)
    known = {*ours, *(f"{kind}.{name}" for kind in KINDS for name in OURS[kind])}
    if unknown := [name for name in columns if name not in known]:
        raise DataError(
            f"{written('columns', '--map')} maps our names to yours, and {unknown[0]!r} is none of "
            "ours; they are: " + ", ".join(ours) + "; of one table, such as items.item_id"
        )
    for name, own in columns.items():
        kind = name.rpartition(".")[0]
        places = {kind: every.get(kind, ())} if kind else every
        if own is not None and not any(own in there for there in places.values()):
            listed = "; ".join(f"{n}: {', '.join(there)}" for n, there in places.items())
            raise DataError(
                f"{written('columns', '--map')} says that {name} is {own!r}, which no table has; "
                f"they have {listed}"
            )


def whole_ids(frame: pl.DataFrame) -> list[pl.Series]:
    """Columns of ids that hold whole numbers as floats, which is what pandas makes of a gap."""
    ids = [frame[name] for name in ("user_id", "item_id") if name in frame.columns]
    floats = [column for column in ids if column.dtype.is_float()]
    return [
        column.cast(pl.Int64)
        for column in floats
        if bool(((column == column.floor()) & (column.abs() < EXACT)).all())
    ]


def preferred(found: Mapping[str, Table | None], kind: TableKind) -> str | None:
    """What the events call the ids that this table has."""
    events = found.get("interactions")
    ids = {"interactions": "", "items": "item_id", "users": "user_id"}[kind]
    return None if events is None else events.names.get(ids)
