"""Records without fields, such as {"attributes": {}} in every row: they say nothing, and no file
but JSON can hold them."""

from typing import Any

import polars as pl

from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table


def without_empty_records(table: Table, report: Report) -> Table:
    """The table with nothing in place of records that have no field, which is said."""
    empty = [column for column in table.frame.get_columns() if is_empty(column.dtype)]
    for column in empty:
        report.say(
            f"{table.file}: column {column.name} holds records without fields, which is nothing"
        )
    return table.with_frame(table.frame.with_columns(map(emptied, empty))) if empty else table


def is_empty(kind: Any) -> bool:
    """True for a type of which some record has no field."""
    if isinstance(kind, pl.Struct):
        return not kind.fields or any(is_empty(field.dtype) for field in kind.fields)
    return isinstance(kind, pl.List | pl.Array) and is_empty(kind.inner)


def emptied(column: pl.Series) -> pl.Series:
    """The column with nulls in place of its records without fields, or of lists of such."""
    kind = column.dtype
    if not is_empty(kind):
        return column
    if not isinstance(kind, pl.Struct) or not kind.fields:
        return pl.Series(column.name, [None] * len(column), dtype=pl.Null)
    fields = pl.DataFrame([emptied(column.struct.field(field.name)) for field in kind.fields])
    there = pl.when(column.is_not_null()).then(fields.to_struct(column.name))
    return pl.select(there.alias(column.name)).to_series()
