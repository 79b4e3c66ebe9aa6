"""The reserved column `offered` of an item table: which items are still sold."""

import polars as pl

from metarec.contracts.errors import DataError

COLUMN = "offered"
YES, NO = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0")
WORDS = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
EXPECTED = "true or false, 1 or 0, yes or no, or nothing for an item on offer"
FIX = "write one of these, or give the column another name if it means another thing"


def offered(kind: pl.DataType) -> pl.Expr | None:
    """The column as Boolean, null where it says nothing or what cannot be understood.

    None for a type that cannot say yes or no.
    """
    column = pl.col(COLUMN)
    if kind in (pl.Boolean, pl.Null):
        return column.cast(pl.Boolean)
    if kind.is_numeric():
        return pl.when(column == 1).then(True).when(column == 0).then(False).alias(COLUMN)
    if kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum):
        return text().replace_strict(WORDS, default=None, return_dtype=pl.Boolean)
    return None


def text() -> pl.Expr:
    """What a cell of text says, in small letters; nothing for an empty one."""
    said = pl.col(COLUMN).cast(pl.String).str.strip_chars().str.to_lowercase()
    return pl.when(said != "").then(said).alias(COLUMN)


def says_something(kind: pl.DataType) -> pl.Expr:
    """True for a cell that is filled."""
    return (pl.col(COLUMN) if kind.is_numeric() or kind == pl.Boolean else text()).is_not_null()


def offered_mask(frame: pl.DataFrame) -> pl.Series:
    """Which items of a frame are offered: all, where it has no such column."""
    kind = frame.schema.get(COLUMN)
    if kind is None:
        return pl.repeat(True, len(frame), dtype=pl.Boolean, eager=True)
    understood = offered(kind)
    if understood is None:
        raise DataError(
            f"an item table, column {COLUMN}: found type {kind}, expected {EXPECTED}; {FIX}"
        )
    bad = frame.select(says_something(kind) & understood.is_null()).to_series()
    if bad.any():
        row = bad.to_list().index(True)
        raise DataError(
            f"an item table, row {row + 1}, column {COLUMN}: found {frame[COLUMN][row]!r}, "
            f"expected {EXPECTED}; {FIX}"
        )
    return frame.select(understood.fill_null(True)).to_series()
