"""Fields of records as columns of their own, under the names that the table of columns has."""

import polars as pl


def with_fields(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with each field of a record beside it, as `maker.name`, where none is called so.

    >>> with_fields(pl.DataFrame({"maker": [{"name": "Acme"}]})).columns
    ['maker', 'maker.name']
    """
    columns = {column.name: column for column in frame.get_columns()}
    records = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Struct)]
    for name in records:
        for field in columns[name].struct.fields:
            path = f"{name}.{field}"
            if path in columns:
                continue
            columns[path] = columns[name].struct.field(field).alias(path)
            if isinstance(columns[path].dtype, pl.Struct):
                records.append(path)  # and those inside
    return frame if len(columns) == frame.width else pl.DataFrame(list(columns.values()))
