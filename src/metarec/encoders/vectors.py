"""A column of vectors, such as the embeddings of another model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from metarec.contracts import DataError
from metarec.encoders.nested import leaves_of

LONGEST = 4.0
"""Root mean square length of a vector beside features of unit variance; a short one has unit
variance in each number."""


@dataclass(frozen=True)
class Vectors:
    """How vectors become features: less their mean, to one scale for all their numbers."""

    mean: tuple[float, ...]
    scale: float

    @classmethod
    def fit(cls, column: pl.Series) -> Self:
        """The mean and the spread of the filled vectors of a column, all of one width."""
        lengths = np.unique(_lengths(column))
        if len(lengths) != 1:
            raise DataError(
                f"column {column.name} holds vectors of {lengths[:5].tolist()} numbers; "
                "vectors have one length"
            )
        rows = _matrix(column, int(lengths[0]))
        rows = rows[np.isfinite(rows).all(1)]
        if not len(rows):
            return cls((0.0,) * int(lengths[0]), 1.0)
        mean = rows.mean(0)
        spread = float(np.sqrt(np.square(rows - mean).sum(1).mean()))
        return cls(tuple(mean.tolist()), min(LONGEST, len(mean) ** 0.5) / (spread or 1.0))

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return len(self.mean)

    def transform(self, column: pl.Series) -> Float[np.ndarray, "row d"]:
        """The vectors, and 1 for a row without one or with one that is not finite."""
        rows = np.full((len(column), self.width), np.nan)
        there = column.is_not_null().to_numpy()
        if there.any():
            rows[there] = _matrix(column.drop_nulls(), self.width)
        missing = ~np.isfinite(rows).all(1, keepdims=True)
        scaled = (np.where(missing, 0.0, rows) - np.array(self.mean)) * self.scale
        return np.concatenate([np.where(missing, 0.0, scaled), missing], axis=1)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """The vectors' mean and scale, as JSON holds them."""
        return cls(tuple(raw["mean"]), raw["scale"])


def _lengths(column: pl.Series) -> Int[np.ndarray, " row"]:
    return np.bincount(leaves_of(column)[0], minlength=len(column))


def _matrix(column: pl.Series, width: int) -> Float[np.ndarray, "row d"]:
    if isinstance(column.dtype, pl.List | pl.Array):
        lengths = _lengths(column)
        if (lengths == width).all():
            flat = leaves_of(column)[1].cast(pl.Float64, strict=False)
            return flat.to_numpy().reshape(len(column), width)  # (row * d) -> (row, d)
        held = f"a vector of {lengths[lengths != width][0]} numbers"
    else:
        held = str(column.dtype)
    raise DataError(
        f"column {column.name} holds {held}, expected {width} numbers a vector as in the table "
        "that the model was fitted on"
    )
