"""Records inside a column as columns of their own."""

import polars as pl

from metarec.contracts import DataError


def expanded(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with each field of a struct as a column `maker.name`.

    A field of structs in a list is a list of that field's values. A struct without fields stays.
    """
    while named := next((name for name, kind in frame.schema.items() if _fields(kind)), None):
        parts = _parts(frame[named])
        if taken := [part.name for part in parts if part.name in frame.columns]:
            raise DataError(
                f"the column {taken[0]!r} and a field of {named!r} have one name; rename the column"
            )
        place = frame.columns.index(named)
        columns = frame.get_columns()
        frame = pl.DataFrame([*columns[:place], *parts, *columns[place + 1 :]])
    return frame


def _fields(kind: pl.DataType) -> list[str]:
    if isinstance(kind, pl.List | pl.Array) and isinstance(kind.inner, pl.Struct):
        kind = kind.inner
    return [field.name for field in kind.fields] if isinstance(kind, pl.Struct) else []


def _parts(column: pl.Series) -> list[pl.Series]:
    named = [(field, f"{column.name}.{field}") for field in _fields(column.dtype)]
    if isinstance(column.dtype, pl.Struct):
        return [column.struct.field(field).alias(name) for field, name in named]
    lists = column.arr.to_list() if isinstance(column.dtype, pl.Array) else column
    return [lists.list.eval(pl.element().struct.field(field)).alias(name) for field, name in named]
