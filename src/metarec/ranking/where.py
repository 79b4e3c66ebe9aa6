"""Which items a condition holds for."""

import warnings
from collections.abc import Mapping

import numpy as np
import polars as pl
from jaxtyping import Bool, Int

from metarec.contracts import Catalogue, DataError, MissingValueWarning
from metarec.contracts.wording import argument
from metarec.ranking.anchor import anchor_of
from metarec.ranking.fields import with_fields
from metarec.ranking.where_text import no_end, parse_where


def where_mask(
    where: pl.Expr | str, catalogue: Catalogue, basket: Int[np.ndarray, " basket"] | None = None
) -> Bool[np.ndarray, " item"]:
    """True for the items of which the condition holds; columns are those of the item table.

    Of lists of what is like one item, the `basket` is its row: the text calls it `anchor`.

    An item of which it cannot be told (null) is left out, and a `MissingValueWarning` counts them.
    """
    table = with_fields(catalogue.table)
    if isinstance(where, str):
        where = _read(where, catalogue, table.schema, basket)
    if not isinstance(where, pl.Expr):
        raise DataError(
            "where must be a Polars expression, such as pl.col('price') < 20, or its text, got "
            f"{type(where).__name__}"
        )
    if _ends_nowhere(where):
        raise no_end("NaN")
    holds = _evaluated(where, table)
    if unknown := holds.null_count():
        warnings.warn(
            f"{argument('where')} leaves out {unknown:,} of {len(catalogue):,} items of which it "
            "cannot be told, because a value is missing",
            MissingValueWarning,
            stacklevel=4,
        )
    return holds.fill_null(value=False).to_numpy()


def _read(
    text: str,
    catalogue: Catalogue,
    schema: Mapping[str, pl.DataType],
    basket: Int[np.ndarray, " basket"] | None,
) -> pl.Expr:
    if basket is None:
        return parse_where(text, schema)
    several = "anchor is one item, and this is a basket of several"
    return parse_where(text, schema, anchor_of(catalogue, basket), why_none=several)


def _ends_nowhere(part: pl.Expr) -> bool:
    """True where a NaN stands in the condition: Polars takes it for more than every number."""
    inside = part.meta.pop()
    if inside or not part.meta.is_literal():
        return any(map(_ends_nowhere, inside))
    value = pl.select(part).to_series()
    return value.dtype.is_float() and bool(value.is_nan().any())


def _evaluated(where: pl.Expr, table: pl.DataFrame) -> pl.Series:
    try:
        column = table.select(where.alias("where")).to_series()
    except pl.exceptions.ColumnNotFoundError as error:
        missing = sorted(set(where.meta.root_names()) - set(table.columns))
        raise DataError(
            f"{argument('where')} names the column {', '.join(map(repr, missing))}; the items have "
            f"{sorted(table.columns)}"
        ) from error
    except pl.exceptions.PolarsError as error:
        told = str(error).splitlines()[0]
        raise DataError(f"{argument('where')} cannot be asked of the items: {told}") from error
    if column.dtype not in (pl.Boolean, pl.Null):
        raise DataError(
            f"{argument('where')} must say true or false of each item, it gives {column.dtype}"
        )
    if len(column) == 1 != len(table):  # of all items together
        column = pl.repeat(column[0], len(table), eager=True)
    if len(column) != len(table):
        raise DataError(
            f"{argument('where')} must say true or false of each of {len(table):,} items, it gives "
            f"{len(column):,} values"
        )
    return column.cast(pl.Boolean)
