"""Lists in lists, of any depth and kind, as the values inside them."""

import numpy as np
import polars as pl
from jaxtyping import Int


def leaves_of(nested: pl.Series) -> tuple[Int[np.ndarray, " value"], pl.Series]:
    """The values inside all lists of a column, whatever their depth, and the row of each."""
    rows = np.arange(len(nested))[nested.is_not_null().to_numpy()]
    values = nested.drop_nulls()
    while isinstance(values.dtype, pl.List | pl.Array):
        if isinstance(values.dtype, pl.Array):
            values = values.arr.to_list()
        rows = np.repeat(rows, values.list.len().fill_null(1).to_numpy())
        values = values.explode(empty_as_null=False)
    return rows, values


def innermost(kind: pl.DataType) -> pl.DataType:
    """The type of the values inside all lists; a type that is no list is its own."""
    while isinstance(kind, pl.List | pl.Array):
        kind = kind.inner  # type: ignore[assignment]
    return kind


def text_of(values: pl.Series) -> pl.Series:
    """Values as text; durations, of which there is no text, as the number of their units."""
    return (values.to_physical() if values.dtype == pl.Duration else values).cast(pl.String)
