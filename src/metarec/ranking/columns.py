"""What lists read of the item table: a column of numbers to boost by, and values to count."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from metarec.contracts import Catalogue, DataError, whole_number
from metarec.contracts.wording import argument
from metarec.ranking.fields import with_fields


def boost_of(column: object, catalogue: Catalogue) -> Float[np.ndarray, " item"]:
    """The numbers of a column, 0 where there is none."""
    values = _column("boost", column, catalogue)
    if not (values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null)):
        raise DataError(
            f"{argument('boost')} must name a column of numbers, {column} holds {values.dtype}; "
            f"the items have {_listed(catalogue)}"
        )
    numbers = values.cast(pl.Float64).fill_null(0.0).fill_nan(0.0).to_numpy()
    if not np.isfinite(numbers).all():
        raise DataError(
            f"{argument('boost')} must name a column of finite numbers, {column} holds "
            "infinite ones"
        )
    return numbers


def lowered_of(lowered: object, catalogue: Catalogue) -> Float[np.ndarray, " item"]:
    """How far {"9": 0.5} lowers each item."""
    if not isinstance(lowered, Mapping):
        raise DataError(
            f'lowered must map item ids to numbers, such as {{"9": 0.5}}, got {lowered!r}'
        )
    rows = catalogue.index(list(lowered))
    numbers = np.array([_finite(item, by) for item, by in lowered.items()], dtype=np.float64)
    column = np.zeros(len(catalogue))
    column[rows[rows >= 0]] = numbers[rows >= 0]
    return column


def _finite(item: object, by: object) -> float:
    if isinstance(by, bool) or not isinstance(by, int | float) or not np.isfinite(by):
        raise DataError(f"lowered must be a finite number of each item, got {by!r} for {item!r}")
    return float(by)


@dataclass(frozen=True, eq=False)
class Cap:
    """How many items of one value a list may hold."""

    most: int
    codes: Int[np.ndarray, " item"]
    """The value of each item as a number, -1 where it has none."""


def caps_of(at_most: object, catalogue: Catalogue) -> tuple[Cap, ...]:
    """The caps that {"brand": 2} asks for."""
    if not isinstance(at_most, Mapping):
        raise DataError(
            f'at_most must map columns to numbers, such as {{"brand": 2}}, got {at_most!r}'
        )
    caps = []
    for column, most in at_most.items():
        values = _column("at_most", column, catalogue)
        if values.dtype.is_nested():
            raise DataError(
                f"{argument('at_most')} counts items by one value each, {column} holds "
                f"{values.dtype}"
            )
        number = whole_number(f"{argument('at_most')} of {column}", most)
        if values.dtype.is_float():
            values = values.fill_nan(None)
        kinds = values.drop_nulls().unique().sort()
        codes = values.replace_strict(kinds, np.arange(len(kinds)))
        caps.append(Cap(number, codes.fill_null(-1).to_numpy()))
    return tuple(caps)


def _column(word: str, column: object, catalogue: Catalogue) -> pl.Series:
    frame = with_fields(catalogue.frame)
    if not isinstance(column, str) or column not in frame.columns:
        raise DataError(
            f"{argument(word)} must name a column of the items, got {column!r}; they have "
            f"{_listed(catalogue)}"
        )
    return frame[column]


def _listed(catalogue: Catalogue) -> list[str]:
    return sorted(with_fields(catalogue.frame).columns)
