"""What each column is used as, decided once, from its type and from what it holds."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
import polars as pl

from metarec.contracts import DataError
from metarec.encoders.keys import is_iso_date, key_of_numbers, key_of_texts, looks_like_a_key_name

Role = Literal["text", "category", "number", "list", "date", "vector", "image", "audio", "ignore"]
FILE_COLUMNS = ("image", "audio")
"""Columns of the folder format that hold relative paths, not text."""
MOST_CATEGORIES = 64
"""A text column with more distinct values than this is text, not a category."""
MOST_VALUES = 256
"""Values kept of a list column or of keys that repeat, the most frequent first."""
LEAST_ITEMS = 3
"""A category or list value that fewer items have says nothing that could be learned."""
UNREAD_MEDIA = "the path of a file; no encoder reads it yet"
_EMPTY = "no row has a value"


@dataclass(frozen=True)
class ColumnRole:
    """What a column is used as; none of the roles, with the reason, where it is not used."""

    uses: tuple[Role, ...]
    """A text with few distinct values is also a category, a list of texts also text."""
    reason: str
    """Why it is used so, or why not."""

    @property
    def used(self) -> bool:
        """True if the column makes a feature."""
        return not set(self.uses) <= {"image", "audio", "ignore"}


def _not(reason: str) -> ColumnRole:
    return ColumnRole((), reason)


@dataclass(frozen=True)
class ColumnRoles:
    """The role of each column of a table whose structs stand as columns of their own."""

    of: Mapping[str, ColumnRole]

    @classmethod
    def fit(cls, frame: pl.DataFrame, told: Mapping[str, Role] | None = None) -> Self:
        """The role of each column; `told` are those that the shop names, which are obeyed."""
        told = checked_roles(told or {}, frame.columns)
        return cls(
            {
                name: _told_role(frame[name], told[name]) if name in told else role_of(frame[name])
                for name in frame.columns
            }
        )

    def columns(self, *roles: Role) -> list[str]:
        """The columns that are used as one of `roles`, in table order."""
        return [name for name, role in self.of.items() if set(role.uses) & set(roles)]

    def templated(self, named: Collection[str]) -> Self:
        """The roles where a template says which columns are the text, and no other is."""
        found = {}
        for name, role in self.of.items():
            others = tuple(use for use in role.uses if use != "text")
            if name in named:
                found[name] = ColumnRole(("text", *others), "the template names it")
            elif "text" in role.uses and not others:
                found[name] = _not("text that the template does not name")
            else:
                found[name] = ColumnRole(others, role.reason)
        return type(self)(found)

    def to_list(self) -> list[list[object]]:
        """Name, roles and reason of each column, as JSON values."""
        return [[name, list(role.uses), role.reason] for name, role in self.of.items()]

    @classmethod
    def from_list(cls, raw: Iterable[tuple[str, list[Role], str]]) -> Self:
        """The roles that `to_list` wrote."""
        return cls({name: ColumnRole(tuple(uses), reason) for name, uses, reason in raw})


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


def role_of(column: pl.Series) -> ColumnRole:
    """The role of one column by its type and what it holds."""
    kind, filled = column.dtype, column.drop_nulls()
    if column.name in FILE_COLUMNS:
        return ColumnRole(("image" if column.name == "image" else "audio",), UNREAD_MEDIA)
    if not len(filled) or kind == pl.Null:
        return _not(_EMPTY)
    if kind == pl.String:
        return _role_of_text(filled)
    if isinstance(kind, pl.Categorical | pl.Enum):
        return _role_of_category(filled)
    if kind == pl.Boolean:
        return ColumnRole(("category",), "true or false")
    if kind.is_temporal():
        return ColumnRole(("date",), f"type {_short(kind)}")
    if kind.is_numeric():
        return _role_of_number(filled)
    if isinstance(kind, pl.List | pl.Array):
        return _role_of_list(filled)
    return _not(f"type {_short(kind)}: no encoder reads it")


def _short(kind: pl.DataType) -> str:
    return re.sub(r"\(.*", "", str(kind))


def is_few(values: pl.Series) -> bool:
    """True if so few values stand in a column that each can be a category of its own."""
    return values.n_unique() <= min(MOST_CATEGORIES, max(2, len(values) // LEAST_ITEMS))


def _role_of_text(filled: pl.Series) -> ColumnRole:
    said = filled.str.strip_chars()
    said = said.filter(said != "")
    if not len(said):
        return _not(_EMPTY)
    if is_iso_date(said):
        return ColumnRole(("date",), "dates written as text")
    if reason := key_of_texts(said):
        return _not(reason)
    if looks_like_a_key_name(filled.name):
        return _role_of_repeated_keys(filled)
    if is_few(filled):
        return ColumnRole(("text", "category"), f"text with {filled.n_unique()} values")
    return ColumnRole(("text",), "text")


def _role_of_category(filled: pl.Series) -> ColumnRole:
    text = filled.cast(pl.String)
    if is_few(text):
        return ColumnRole(("category",), f"{text.n_unique()} categories")
    if reason := key_of_texts(text):
        return _not(reason)
    return ColumnRole(("text",), f"{text.n_unique():,} categories are read as text")


def _role_of_number(filled: pl.Series) -> ColumnRole:
    if reason := key_of_numbers(filled):
        return _not(reason)
    if looks_like_a_key_name(filled.name) and filled.dtype.is_integer():
        return _role_of_repeated_keys(filled.cast(pl.String))
    return ColumnRole(("number",), "numbers")


def _role_of_repeated_keys(keys: pl.Series) -> ColumnRole:
    kept, there = len(frequent(keys, MOST_VALUES)), keys.n_unique()
    if not kept:
        return _not(f"a key, as its name says, and hardly one of {there:,} stands in several rows")
    of = f", of which the {kept} most frequent count" if kept < there else ""
    return ColumnRole(("category",), f"{there:,} keys, as its name says{of}")


def _role_of_list(filled: pl.Series) -> ColumnRole:
    kind = filled.dtype
    rows, values = leaves_of(filled)
    inner, lengths = values.dtype, pl.Series(rows).value_counts()["count"]
    if not len(values.drop_nulls()):
        return _not("every list is empty")
    is_array, fixed = isinstance(kind, pl.Array), kind == pl.List(inner) and inner.is_float()
    if (is_array and inner.is_numeric()) or (fixed and set(lengths) == {len(rows) / len(filled)}):
        return ColumnRole(("vector",), f"a vector of {lengths[0]} numbers")
    if not (_flat(inner) or inner == pl.Boolean):
        return _not(f"lists of {_short(inner)}: no encoder reads them")
    repeat = bool(frequent(values.drop_nulls().cast(pl.String), MOST_VALUES))
    if inner == pl.String:
        return ColumnRole(("text", "list") if repeat else ("text",), "lists of text")
    if not repeat:
        return _not(f"lists of {_short(inner)} of which hardly one stands in several rows")
    return ColumnRole(("list",), f"lists of {_short(inner)}")


def leaves_of(nested: pl.Series) -> tuple[np.ndarray, pl.Series]:
    """The values inside all lists of a column, whatever their depth, and the row of each."""
    rows = np.arange(len(nested))[nested.is_not_null().to_numpy()]
    values = nested.drop_nulls()
    while isinstance(values.dtype, pl.List | pl.Array):
        if isinstance(values.dtype, pl.Array):
            values = values.arr.to_list()
        rows = np.repeat(rows, values.list.len().fill_null(1).to_numpy())
        values = values.explode(empty_as_null=False)
    return rows, values


def frequent(values: pl.Series, most: int) -> tuple[str, ...]:
    """The values that stand often enough to be learned from, at most so many, sorted."""
    counts = values.alias("value").value_counts()
    kept = counts.filter(pl.col("count") >= min(LEAST_ITEMS, max(1, len(values) // 10)))
    ordered = kept.sort(["count", "value"], descending=[True, False]).head(most)
    return tuple(sorted(ordered["value"].cast(pl.String)))


def _flat(kind: pl.DataType) -> bool:
    return kind == pl.String or _coded(kind) or kind.is_numeric() or kind.is_temporal()


def _coded(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.Categorical | pl.Enum)


_MAY_BE: Mapping[Role, str] = {
    "text": "text, categories, numbers or lists of them",
    "category": "text, categories, whole numbers or truth values",
    "number": "numbers, or text that holds them",
    "list": "lists",
    "date": "dates, moments, or text that holds them",
    "vector": "lists or arrays of numbers, all of one length",
}


def _told_role(column: pl.Series, role: Role) -> ColumnRole:
    """The role that the shop names for a column; refuses one that its type cannot have."""
    kind = column.dtype
    nested = isinstance(kind, pl.List | pl.Array)
    flat = _flat(kind) or kind == pl.Boolean
    fits = {
        "text": flat or nested,
        "category": flat,
        "number": kind.is_numeric() or kind == pl.String or kind == pl.Boolean,
        "list": nested,
        "date": kind.is_temporal() or kind == pl.String or kind.is_numeric(),
        "vector": nested,
    }.get(role, True)
    if kind == pl.Null:
        return _not(_EMPTY)
    if not fits:
        raise DataError(
            f"column {column.name} holds {kind} and cannot be the {role} that the shop says it "
            f"is, which needs {_MAY_BE[role]}"
        )
    if role == "ignore":
        return ColumnRole(("ignore",), "the shop says so")
    return ColumnRole((role,), UNREAD_MEDIA if role in FILE_COLUMNS else "the shop says so")
