"""What a column is used as where nobody says it: by its type, its name and what it holds."""

import re

import polars as pl

from metarec.contracts.availability import WINDOW
from metarec.encoders.column_role import (
    EMPTY,
    FILE_COLUMNS,
    UNREAD_MEDIA,
    ColumnRole,
    is_flat,
    not_used,
)
from metarec.encoders.frequent_values import MOST_VALUES, frequent, is_few
from metarec.encoders.keys import is_iso_date, key_of_numbers, key_of_texts, looks_like_a_key_name
from metarec.encoders.nested import leaves_of, text_of

EXACT = 2**53
"""Whole numbers below it have one float each."""


def role_of(column: pl.Series) -> ColumnRole:
    """The role of one column by its type and what it holds."""
    kind, filled = column.dtype, column.drop_nulls()
    if column.name in WINDOW:
        return not_used("when the item is on offer")
    if column.name in FILE_COLUMNS:
        return ColumnRole(("image" if column.name == "image" else "audio",), UNREAD_MEDIA)
    if not len(filled) or kind == pl.Null:
        return not_used(EMPTY)
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
    return not_used(f"type {_short(kind)}: no encoder reads it")


def _short(kind: pl.DataType) -> str:
    return re.sub(r"\(.*", "", str(kind))


def _role_of_text(filled: pl.Series) -> ColumnRole:
    said = filled.str.strip_chars()
    said = said.filter(said != "")
    if not len(said):
        return not_used(EMPTY)
    if is_iso_date(said):
        return ColumnRole(("date",), "dates written as text")
    if reason := key_of_texts(said):
        return not_used(reason)
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
        return not_used(reason)
    return ColumnRole(("text",), f"{text.n_unique():,} categories are read as text")


def _role_of_number(filled: pl.Series) -> ColumnRole:
    if reason := key_of_numbers(filled):
        return not_used(reason)
    if looks_like_a_key_name(filled.name) and filled.dtype.is_integer():
        return _role_of_repeated_keys(filled.cast(pl.String))
    if filled.dtype.is_integer() and (filled.cast(pl.Float64).abs() > EXACT).any():
        return _role_of_repeated_keys(filled.cast(pl.String), "too long for numbers")
    return ColumnRole(("number",), "numbers")


def _role_of_repeated_keys(keys: pl.Series, why: str = "as its name says") -> ColumnRole:
    kept, there = len(frequent(keys, MOST_VALUES)), keys.n_unique()
    if not kept:
        return not_used(f"a key, {why}, and hardly one of {there:,} stands in several rows")
    of = f", of which the {kept} most frequent count" if kept < there else ""
    return ColumnRole(("category",), f"{there:,} keys, {why}{of}")


def _role_of_list(filled: pl.Series) -> ColumnRole:
    kind = filled.dtype
    rows, values = leaves_of(filled)
    inner, lengths = values.dtype, pl.Series(rows).value_counts()["count"]
    if not len(values.drop_nulls()):
        return not_used("every list is empty")
    is_array, fixed = isinstance(kind, pl.Array), kind == pl.List(inner) and inner.is_float()
    if (is_array and inner.is_numeric()) or (fixed and set(lengths) == {len(rows) / len(filled)}):
        return ColumnRole(("vector",), f"a vector of {lengths[0]} numbers")
    if not (is_flat(inner) or inner == pl.Boolean):
        return not_used(f"lists of {_short(inner)}: no encoder reads them")
    repeat = bool(frequent(text_of(values.drop_nulls()), MOST_VALUES))
    if inner == pl.String:
        return ColumnRole(("text", "list") if repeat else ("text",), "lists of text")
    if not repeat:
        return not_used(f"lists of {_short(inner)} of which hardly one stands in several rows")
    return ColumnRole(("list",), f"lists of {_short(inner)}")
