"""From tables that are no files to a dataset: our names, what is said of them, the checks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

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
from metarec.data.validation.record_fields import with_fields
from metarec.data.validation.table import Table, Tables

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
    """The dataset of `interactions` and, where given, `items`, `users` and `triples`; these last
    have our names for their columns."""
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
        triples=there.get("triples"),
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
    tables = {name: with_fields(table, columns) for name, table in tables.items() if name in KINDS}
    every = {name: table.frame.columns for name, table in tables.items()}
    check_given(columns, every)
    found: dict[str, Table | None] = {}
    for kind in KINDS:
        table, there = tables.get(kind), every.get(kind, [])
        given = {n: own for n, own in columns.items() if own in (None, *there) and n in OURS[kind]}
        given |= {n: columns[f"{kind}.{n}"] for n in OURS[kind] if f"{kind}.{n}" in columns}
        found[kind] = named(table, kind, report, given, preferred(found, kind))
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


def preferred(found: Mapping[str, Table | None], kind: TableKind) -> str | None:
    """What the events call the ids that this table has."""
    events = found.get("interactions")
    ids = {"interactions": "", "items": "item_id", "users": "user_id"}[kind]
    return None if events is None else events.names.get(ids)
