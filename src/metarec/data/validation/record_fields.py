"""Records in cells, such as {"user": {"id": "u1"}}: their fields as columns, and what to say."""

from collections.abc import Sequence
from typing import cast

import polars as pl

from metarec.data.column_names import Given, TableKind, plain, recognise, tiers_of
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table


def with_fields(table: Table, given: Given) -> Table:
    """The table with a column for each field that is given by its path, as `user.id`."""
    paths = [own for own in given.values() if own is not None and own not in table.frame.columns]
    found = [field for path in paths if (field := field_at(table.frame, path)) is not None]
    return table.with_frame(table.frame.with_columns(found)) if found else table


def field_at(frame: pl.DataFrame, path: str) -> pl.Series | None:
    """The field of a column of records; None where there is no such path."""
    column, *names = path.split(".")
    if not names or column not in frame.columns:
        return None
    cells = frame[column]
    for name in names:
        if not isinstance(cells.dtype, pl.Struct) or name not in cells.struct.fields:
            return None
        cells = cells.struct.field(name)
    return cells.alias(path)


def likely_field(kind: pl.DataType, ours: str) -> str | None:
    """The field of a record that may well be one of our columns.

    The only one, as in {"$oid": "5f"}, one called id, or one of a name that people give to ours.
    """
    if not isinstance(kind, pl.Struct):
        return None
    names = [field.name for field in kind.fields]
    ids = ("id",) if ours.endswith("_id") else ()
    named = [name for name in names if plain(name) in {*ids, *tiers_of(ours)}]
    return next(iter(names if len(names) == 1 else named), None)


def wrapped(frame: pl.DataFrame, kind: TableKind, needed: Sequence[str]) -> dict[str, str]:
    """Our names to paths, where one column holds the rows as records, as {"data": {...}} does.

    Empty where no column has all the needed ones.
    """
    for column, records in frame.schema.items():
        paths = leaves(records, column)
        found = recognise(list(paths), kind).columns
        if all(ours in found for ours in needed):
            return {ours: paths[own] for ours, own in found.items()}
    return {}


def leaves(kind: pl.DataType, path: str) -> dict[str, str]:
    """The paths of the fields of records, by their names: {"user": {"id": ...}} has `user_id`."""
    found: dict[str, str] = {}
    for field in kind.fields if isinstance(kind, pl.Struct) else ():
        inner = leaves(cast(pl.DataType, field.dtype), f"{path}.{field.name}") or {
            "": f"{path}.{field.name}"
        }
        for name, whole in inner.items():
            found.setdefault("_".join(filter(None, (field.name, name))), whole)
    return found


def record_fix(table: Table, ours: str, kind: TableKind, report: Report, fix: str) -> str:
    """What to do about a column of the wrong type: `fix`, or with records how to say the field."""
    own = table.names.get(ours, ours)
    field = likely_field(table.frame.schema[ours], ours)
    if field is None:
        return fix
    if report.remedies.source == "folder":
        return f"{fix} (its field {field} alone)"
    return report.remedies.column(ours, f"{own}.{field}", kind)
