"""Records that lack fields, as JSON writes them where nothing is known."""

from typing import Any

import polars as pl


def with_all_fields(column: pl.Series, kind: Any) -> pl.Series:
    """The column with the fields of the record `kind` in their order, null where it lacks them.

    It stays as it is where it has a field that `kind` has not, or where either is no record.
    """
    own = column.dtype
    if not isinstance(own, pl.Struct) or not isinstance(kind, pl.Struct) or own == kind:
        return column
    there = {field.name for field in own.fields}
    if not there <= {field.name for field in kind.fields}:
        return column
    nothing = pl.Series([None] * len(column))
    parts = [
        with_all_fields(column.struct.field(field.name), field.dtype)
        if field.name in there
        else nothing.cast(field.dtype).alias(field.name)
        for field in kind.fields
    ]
    whole = pl.DataFrame(parts).to_struct(column.name)
    filled = pl.when(column.is_not_null()).then(whole).alias(column.name)
    return pl.select(filled).to_series()
