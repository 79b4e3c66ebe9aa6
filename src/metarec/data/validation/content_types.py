"""Types for content that was read as text: numbers where every cell is one, text otherwise."""

import polars as pl

WHOLE = r"^-?(?:0|[1-9][0-9]{0,17})$"  # a leading zero marks a code, such as a postcode
DECIMAL = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"


def typed_content(frame: pl.DataFrame, key: str | None = None) -> pl.DataFrame:
    """A text file's columns beside `key` with empty text as null, and numbers as numbers."""
    content = [c for c, kind in frame.schema.items() if c != key and kind == pl.String]
    frame = frame.with_columns(pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in content)
    return frame.with_columns(typed(frame[c]) for c in content)


def typed(column: pl.Series) -> pl.Series:
    """The column as Int64 or Float64 if every cell that is filled is such a number."""
    filled = column.drop_nulls()
    if len(filled) and filled.str.contains(WHOLE).all():
        return column.cast(pl.Int64)
    if len(filled) and filled.str.contains(DECIMAL).all():
        return column.cast(pl.Float64)
    return column
