"""What a column is used as where the shop says it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast, get_args

import polars as pl

from metarec.contracts import DataError
from metarec.encoders.column_role import (
    EMPTY,
    FILE_COLUMNS,
    UNREAD_MEDIA,
    ColumnRole,
    Role,
    is_flat,
    not_used,
)

_MAY_BE: Mapping[Role, str] = {
    "text": "text, categories, numbers or lists of them",
    "category": "text, categories, whole numbers or truth values",
    "number": "numbers, or text that holds them",
    "list": "lists",
    "date": "dates, moments, or text that holds them",
    "vector": "lists or arrays of numbers, all of one length",
}


def by_column(told: Mapping[str, Sequence[str]]) -> dict[str, Role]:
    """The role of each column, from the columns of each role that a `Dataset` says."""
    return {column: cast(Role, role) for role, columns in told.items() for column in columns}


def checked_roles(told: Mapping[str, Role], columns: Iterable[str]) -> dict[str, Role]:
    """Roles by column, those of a struct passed to its fields; refuses what there is none of."""
    there = list(columns)
    found: dict[str, Role] = {}
    for name, role in told.items():
        if role not in get_args(Role):
            raise DataError(f"column {name}: a role is one of {get_args(Role)}, got {role!r}")
        members = [c for c in there if c == name or c.startswith(f"{name}.")]
        if not members:
            raise DataError(f"the role {role!r} names the column {name!r}; there are {there}")
        found |= dict.fromkeys(members, role)
    return found


def told_role(column: pl.Series, role: Role) -> ColumnRole:
    """The role that the shop names for a column; refuses one that its type cannot have."""
    kind = column.dtype
    nested = isinstance(kind, pl.List | pl.Array)
    flat = is_flat(kind) or kind == pl.Boolean
    fits = {
        "text": flat or nested,
        "category": flat,
        "number": kind.is_numeric() or kind == pl.String or kind == pl.Boolean,
        "list": nested,
        "date": kind.is_temporal() or kind == pl.String or kind.is_numeric(),
        "vector": nested,
    }.get(role, True)
    if role != "ignore" and not len(column.drop_nulls()):
        return not_used(EMPTY)
    if not fits:
        raise DataError(
            f"column {column.name} holds {kind} and cannot be the {role} that the shop says it "
            f"is, which needs {_MAY_BE[role]}"
        )
    if role == "ignore":
        return ColumnRole(("ignore",), "the shop says so")
    return ColumnRole((role,), UNREAD_MEDIA if role in FILE_COLUMNS else "the shop says so")
