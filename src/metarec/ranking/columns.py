"""What lists read of the item table: a column of numbers to boost by, and values to count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, eq=False)
class Lowered:
    """By how many σ items are lowered for single people: those of person h are
    `items[offsets[h]:...]`; without offsets they are everybody's."""

    items: Int[np.ndarray, " lowered"]
    by: Float[np.ndarray, " lowered"]
    offsets: Int[np.ndarray, " person+1"] | None = None

    def of(self, first: int, people: int, n_items: int) -> Float[np.ndarray, "history item"]:
        """A table of `people` people, the first of whom is number `first`; one row for all where
        they have no own."""
        if self.offsets is None:
            table = np.zeros((1, n_items))
            table[0, self.items] = self.by
            return table
        offsets = self.offsets[first : first + people + 1]
        rows, part = np.repeat(np.arange(people), np.diff(offsets)), slice(offsets[0], offsets[-1])
        table = np.zeros((people, n_items))
        table[rows, self.items[part]] = self.by[part]
        return table


def lowered_of(lowered: Any, catalogue: Catalogue, people: int | None = None) -> Lowered:
    """How far {"9": 0.5} lowers each item, or one such mapping for each of `people`.

    `people` is None for one person alone, who can have one mapping only.
    """
    if isinstance(lowered, Mapping):
        return Lowered(*_known(lowered, catalogue))
    if people is None or isinstance(lowered, str) or not isinstance(lowered, Sequence):
        raise DataError(
            f'lowered must map item ids to numbers, such as {{"9": 0.5}}, got {lowered!r}'
        )
    if len(lowered) != people or not all(isinstance(own, Mapping) for own in lowered):
        raise DataError(
            f"lowered must be one mapping of item ids to numbers, or one for each of {people} "
            f"people, got {len(lowered)} of {sorted({type(own).__name__ for own in lowered})}"
        )
    parts = [_known(own, catalogue) for own in lowered]
    offsets = np.cumsum([0, *(len(items) for items, _ in parts)])
    items, by = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Lowered(items, by, offsets)


def _known(
    lowered: Mapping[str, float], catalogue: Catalogue
) -> tuple[Int[np.ndarray, " lowered"], Float[np.ndarray, " lowered"]]:
    """Rows of the items that the catalogue knows, and by how much each is lowered."""
    by = np.array([_finite(item, by) for item, by in lowered.items()], dtype=np.float64)
    rows = catalogue.index(list(lowered))
    return rows[rows >= 0], by[rows >= 0]


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
