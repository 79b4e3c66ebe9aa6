"""The columns of the item table that an encoder reads, as they were at fit."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

from metarec.contracts import DataError
from metarec.contracts.availability import WINDOW

_WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_SIMPLE = (*_WHOLE, pl.Float32, pl.Float64, pl.Boolean, pl.String)
_PLAIN: Mapping[str, pl.DataType] = {
    str(kind): kind for kind in (*(simple() for simple in _SIMPLE), pl.List(pl.String))
}
"""Kinds that a later table's columns are brought to; a column of another kind stays as it came."""


class UnusedColumnWarning(UserWarning):
    """A column of an item table is not used, because the model was fitted without it."""


@dataclass(frozen=True)
class ItemColumns:
    """The columns at fit, in order, with the kind of each: what any later table is read by.

    So an item's text is composed of the same columns in the same order, and a number stays a
    number, whatever table the item comes in.
    """

    kinds: Mapping[str, str]
    """Name of the Polars type by column."""

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """The columns of the table that is fitted on."""
        return cls({name: str(kind) for name, kind in frame.schema.items()})

    def read(self, frame: pl.DataFrame) -> pl.DataFrame:
        """These columns of `frame` and no other, in this order; what it lacks is null.

        Other columns that hold anything are named in an `UnusedColumnWarning`.
        """
        others = [name for name in frame.columns if name not in WINDOW]  # which is no content
        extra = [name for name in others if self._says_nothing(name)]
        if unused := [name for name in extra if frame[name].null_count() < len(frame)]:
            warnings.warn(
                f"the item columns {unused} are not used, because the model was fitted without "
                f"them; it reads {[name for name in self.kinds if not self._says_nothing(name)]}",
                UnusedColumnWarning,
                stacklevel=4,
            )
        held = [self._held(frame, name) for name in self.kinds]
        others = [name for name in frame.columns if name not in self.kinds]
        wide = frame.drop(others).with_columns(held)  # a table without columns keeps its height
        return wide.select(list(self.kinds)) if self.kinds else wide

    def _says_nothing(self, name: str) -> bool:
        return self.kinds.get(name, "Null") == "Null"  # a column that was empty at fit

    def _held(self, frame: pl.DataFrame, name: str) -> pl.Series:
        kind = self.kinds[name]
        if name not in frame.columns or kind == "Null":
            return pl.Series(name, [None] * len(frame), dtype=_PLAIN.get(kind, pl.Null()))
        return _as_kind(frame[name], kind)

    def to_list(self) -> list[list[str]]:
        """Pairs of name and kind, as JSON values."""
        return [[name, kind] for name, kind in self.kinds.items()]

    @classmethod
    def from_list(cls, raw: Iterable[tuple[str, str]]) -> Self:
        """The columns that `to_list` wrote."""
        return cls(dict(raw))


def _as_kind(column: pl.Series, kind: str) -> pl.Series:
    """The column as text, number or list like the one at fit; what cannot be read is null."""
    if str(column.dtype) == kind:
        return column
    wanted = _PLAIN.get(kind)
    if wanted is None and column.dtype == pl.String and kind.startswith(("Date", "Time", "Dura")):
        return column  # a date that is written as text
    if wanted is None:  # strings where there was no text are values, and no text
        wanted = pl.Categorical() if column.dtype == pl.String else column.dtype
    try:
        if not _are_alike(kind, column.dtype):
            raise pl.exceptions.InvalidOperationError
        held = column.cast(wanted, strict=False)
    except pl.exceptions.InvalidOperationError as error:
        raise DataError(
            f"column {column.name} holds {column.dtype}, expected {kind} as in the table that the "
            "model was fitted on"
        ) from error
    if column.dtype.is_float() and wanted.is_integer() and not (held == column).all():
        return column  # as a whole number it would lose its fraction
    return held


def _are_alike(kind: str, other: pl.DataType) -> bool:
    """False where one is a list or a record and the other is none, or only one holds texts."""
    if other == pl.List(pl.String):  # at fit it was another thing
        return False
    return other.is_nested() == kind.startswith(("List", "Array", "Struct")) or other == pl.Null
