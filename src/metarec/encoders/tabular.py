"""Numbers, categories and lists of the catalogue as features beside the text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import DataError
from metarec.encoders.template import FILE_COLUMNS

MOST_CATEGORIES = 64
"""A text column with more distinct values than this is text, not a category."""
MOST_LIST_VALUES = 256
"""Values kept of a list column, the most frequent first."""
LEAST_ITEMS = 3
"""A category or list value that fewer items have says nothing that could be learned."""


@dataclass(frozen=True)
class TabularFeatures:
    """How each column becomes features, learned from one table and applied to any other.

    A number is standardised and held inside the range seen at `fit`; a category is one-hot; a list
    of strings is multi-hot. A missing value is a feature of its own, never a guess; a category
    that was not seen at `fit` is all zeros.
    """

    numbers: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)
    """Mean, standard deviation, smallest and largest value by column."""
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def fit(cls, frame: pl.DataFrame) -> Self:
        """Choose and measure the columns of `frame`."""
        numbers, categories, lists = {}, {}, {}
        for name, kind in frame.schema.items():
            column = frame[name].drop_nulls()
            if name in FILE_COLUMNS or not len(column):
                continue
            if kind.is_numeric():
                numbers[name] = _measure(column.cast(pl.Float64))
            elif kind == pl.List(pl.String):
                if kept := _frequent(column.explode().drop_nulls(), MOST_LIST_VALUES):
                    lists[name] = kept
            elif kind in (pl.String, pl.Boolean, pl.Categorical):
                text = column.cast(pl.String)
                if text.n_unique() <= min(MOST_CATEGORIES, max(2, len(text) // LEAST_ITEMS)):
                    categories[name] = _frequent(text, MOST_CATEGORIES)
        return cls(numbers, categories, lists)

    def transform(self, frame: pl.DataFrame) -> Float[np.ndarray, "row d"]:
        """One row of features a row of `frame`, float32; absent columns count as missing."""
        blocks = [np.zeros((len(frame), 0))]
        for name, (mean, std, low, high) in self.numbers.items():
            values = _column(frame, name, pl.Float64).to_numpy()
            missing = ~np.isfinite(values)
            scaled = (np.clip(values, low, high) - mean) / std
            blocks += [np.where(missing, 0.0, scaled)[:, None], missing[:, None]]
        for name, kept in self.categories.items():
            coded = _codes(_column(frame, name, pl.String), kept)
            blocks.append(_one_hot(np.arange(len(frame)), coded, len(frame), len(kept)))
        for name, kept in self.lists.items():
            nested = _column(frame, name, pl.List(pl.String))
            rows = np.repeat(np.arange(len(frame)), nested.list.len().fill_null(0).to_numpy())
            coded = _codes(nested.drop_nulls().explode(empty_as_null=False), kept)
            hot = _one_hot(rows, coded, len(frame), len(kept))
            hot[nested.is_null().to_numpy(), -1] = 1.0
            blocks.append(hot)
        return np.concatenate(blocks, axis=1).astype(np.float32)

    @property
    def width(self) -> int:
        """Number of features; each column has one more for a missing value."""
        coded = sum(len(kept) + 1 for kept in (*self.categories.values(), *self.lists.values()))
        return 2 * len(self.numbers) + coded

    def to_dict(self) -> dict[str, Any]:
        """The features as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """The features that `to_dict` wrote."""
        return cls(
            {name: tuple(measured) for name, measured in raw["numbers"].items()},
            {name: tuple(values) for name, values in raw["categories"].items()},
            {name: tuple(values) for name, values in raw["lists"].items()},
        )


def _measure(column: pl.Series) -> tuple[float, float, float, float]:
    values = column.filter(column.is_finite()).to_numpy()
    if not len(values):
        return 0.0, 1.0, 0.0, 0.0
    low, high = float(values.min()), float(values.max())
    scale = max(abs(low), abs(high), 1e-100)  # squares of huge or tiny numbers would not fit
    std = float((values / scale).std()) * scale
    if low == high or std == 0:  # of equal numbers rounding may leave a tiny one
        return low, 1.0, low, high
    return float((values / scale).mean()) * scale, std, low, high


def _frequent(values: pl.Series, most: int) -> tuple[str, ...]:
    counts = values.alias("value").value_counts()
    kept = counts.filter(pl.col("count") >= min(LEAST_ITEMS, max(1, len(values) // 10)))
    ordered = kept.sort(["count", "value"], descending=[True, False]).head(most)
    return tuple(sorted(ordered["value"].cast(pl.String)))


def _column(frame: pl.DataFrame, name: str, kind: Any) -> pl.Series:
    if name not in frame.columns:
        return pl.Series(name, [None] * len(frame), dtype=kind)
    try:
        return frame[name].cast(kind, strict=False)
    except pl.exceptions.InvalidOperationError as error:
        raise DataError(
            f"column {name} holds {frame[name].dtype}, expected {kind} as in the table that the "
            "model was fitted on"
        ) from error


def _codes(column: pl.Series, values: tuple[str, ...]) -> np.ndarray:
    """Position of each value, `len(values)` for null, -1 for a value not seen at fit."""
    row_of = {value: row for row, value in enumerate(values)}
    coded = column.replace_strict(row_of, default=-1, return_dtype=pl.Int64)
    return np.where(column.is_null().to_numpy(), len(values), coded.fill_null(-1).to_numpy())


def _one_hot(rows: np.ndarray, coded: np.ndarray, n_rows: int, n_values: int) -> np.ndarray:
    hot = np.zeros((n_rows, n_values + 1))  # the last column is "missing"
    seen = coded >= 0
    hot[rows[seen], coded[seen]] = 1.0
    return hot
