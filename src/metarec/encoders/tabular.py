"""Numbers, categories, lists, dates and vectors of the catalogue as features beside the text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import DataError
from metarec.encoders.frequent_values import MOST_CATEGORIES, MOST_VALUES, frequent, is_few
from metarec.encoders.nested import leaves_of, text_of
from metarec.encoders.records import expanded
from metarec.encoders.roles import ColumnRoles
from metarec.encoders.vectors import Vectors

Measured = tuple[float, float, float, float]
"""Mean, standard deviation, smallest and largest value."""
MEASURED = ("value", "missing")
"""The features of a number or a date."""


@dataclass(frozen=True)
class TabularFeatures:
    """How each column becomes features, learned from one table and applied to any other.

    A number is standardised and held inside the range seen at `fit`, and so is a date, as its
    seconds since 1970; a category is one-hot; a list is multi-hot in its values; a vector is
    centred and brought to the length of a text's. A missing value is a feature of its own, never a
    guess; a category that was not seen at `fit` is all zeros. Fields of a struct are columns.
    """

    numbers: Mapping[str, Measured]
    categories: Mapping[str, tuple[str, ...]]
    lists: Mapping[str, tuple[str, ...]]
    dates: Mapping[str, Measured]
    vectors: Mapping[str, Vectors]

    @classmethod
    def fit(cls, frame: pl.DataFrame, roles: ColumnRoles | None = None) -> Self:
        """Measure the columns of `frame` by their roles, which are found where not given."""
        frame = expanded(frame)
        roles = roles or ColumnRoles.fit(frame)
        filled = {name: frame[name].drop_nulls() for name in frame.columns}
        return cls(
            {c: _measure(filled[c].cast(pl.Float64)) for c in roles.columns("number")},
            {c: _categories(filled[c].cast(pl.String)) for c in roles.columns("category")},
            {c: _values(filled[c]) for c in roles.columns("list")},
            {c: _measure(seconds_of(filled[c])) for c in roles.columns("date")},
            {c: Vectors.fit(filled[c]) for c in roles.columns("vector")},
        )

    @property
    def columns(self) -> set[str]:
        """The columns that features are made of."""
        return {
            *self.numbers, *self.categories, *self.lists, *self.dates, *self.vectors
        }  # fmt: skip

    def transform(self, frame: pl.DataFrame) -> Float[np.ndarray, "row d"]:
        """One row of features a row of `frame`, float32; absent columns count as missing."""
        frame = expanded(frame)
        blocks = [np.zeros((len(frame), 0))]
        for name, measured in self.numbers.items():
            blocks.append(_scaled(_column(frame, name, pl.Float64), measured))
        for name, kept in self.categories.items():
            coded = _codes(_column(frame, name, pl.String), kept)
            blocks.append(_one_hot(np.arange(len(frame)), coded, len(frame), len(kept)))
        for name, kept in self.lists.items():
            blocks.append(_multi_hot(frame, name, kept))
        for name, measured in self.dates.items():
            there = frame[name] if name in frame.columns else _nothing(frame, name, pl.Date)
            blocks.append(_scaled(seconds_of(there), measured))
        for name, vectors in self.vectors.items():
            there = frame[name] if name in frame.columns else _nothing(frame, name, pl.Null)
            blocks.append(vectors.transform(there))
        return np.concatenate(blocks, axis=1).astype(np.float32)

    @property
    def width(self) -> int:
        """Number of features; each column has one more for a missing value."""
        coded = sum(len(kept) + 1 for kept in (*self.categories.values(), *self.lists.values()))
        vectors = sum(vectors.width + 1 for vectors in self.vectors.values())
        return 2 * (len(self.numbers) + len(self.dates)) + coded + vectors

    @property
    def names(self) -> list[tuple[str, ...]]:
        """What each feature is, in their order: the kind of its column, the column, what of it."""
        told: list[tuple[str, ...]] = []
        told += [("number", c, part) for c in self.numbers for part in MEASURED]
        for kind, columns in (("category", self.categories), ("list", self.lists)):
            for c, kept in columns.items():
                told += [*((kind, c, "value", value) for value in kept), (kind, c, "missing")]
        told += [("date", c, part) for c in self.dates for part in MEASURED]
        for c, vectors in self.vectors.items():
            kind = f"vector of {vectors.width}"
            told += [(kind, c, str(place)) for place in range(vectors.width + 1)]
        return told

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
            {name: tuple(measured) for name, measured in raw.get("dates", {}).items()},
            {name: Vectors.from_dict(part) for name, part in raw.get("vectors", {}).items()},
        )


def seconds_of(moments: pl.Series) -> pl.Series:
    """Dates, moments and times as seconds since 1970 or midnight, durations as their length.

    Texts are read as ISO 8601 by their own clock: a zone that they name is not counted, since hours
    make no difference to a content's date.
    """
    kind = moments.dtype
    if kind == pl.String:
        days = moments.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        clock = moments.str.slice(11, 8).str.to_time("%H:%M:%S", strict=False)
        midday = clock.to_physical().cast(pl.Float64).fill_null(0.0) / 1e9
        return seconds_of(days) + midday
    if isinstance(kind, pl.Time):
        return moments.to_physical().cast(pl.Float64) / 1e9
    if isinstance(kind, pl.Duration):
        return moments.cast(pl.Duration("us")).to_physical().cast(pl.Float64) / 1e6
    if kind.is_temporal():
        return moments.cast(pl.Datetime("us")).to_physical().cast(pl.Float64) / 1e6
    return _as(moments, pl.Float64)


def _categories(text: pl.Series) -> tuple[str, ...]:
    return frequent(text, MOST_CATEGORIES if is_few(text) else MOST_VALUES)


def _values(lists: pl.Series) -> tuple[str, ...]:
    return frequent(text_of(leaves_of(lists)[1].drop_nulls()), MOST_VALUES)


def _measure(column: pl.Series) -> tuple[float, float, float, float]:
    values = column.filter(column.is_finite()).to_numpy()
    if not len(values):
        return 0.0, 1.0, 0.0, 0.0
    low, high = float(values.min()), float(values.max())
    scale = max(abs(low), abs(high), 1e-100)  # squares of huge or tiny numbers would not fit
    std = float((values / scale).std()) * scale
    if std == 0:
        return low, 1.0, low, high
    return float((values / scale).mean()) * scale, std, low, high


def _scaled(column: pl.Series, measured: Measured) -> np.ndarray:
    mean, std, low, high = measured
    values = column.to_numpy()
    missing = ~np.isfinite(values)
    scaled = (np.clip(values, low, high) - mean) / std
    return np.concatenate([np.where(missing, 0.0, scaled)[:, None], missing[:, None]], axis=1)


def _multi_hot(frame: pl.DataFrame, name: str, kept: tuple[str, ...]) -> np.ndarray:
    nested = frame[name] if name in frame.columns else _nothing(frame, name, pl.List(pl.String))
    if not isinstance(nested.dtype, pl.List | pl.Array):
        nested = _as(nested, pl.List(pl.String))
    rows, values = leaves_of(nested)
    hot = _one_hot(rows, _codes(text_of(values), kept), len(frame), len(kept))
    hot[nested.is_null().to_numpy(), -1] = 1.0
    return hot


def _column(frame: pl.DataFrame, name: str, kind: Any) -> pl.Series:
    return _as(frame[name], kind) if name in frame.columns else _nothing(frame, name, kind)


def _nothing(frame: pl.DataFrame, name: str, kind: Any) -> pl.Series:
    return pl.Series(name, [None] * len(frame), dtype=kind)


def _as(column: pl.Series, kind: Any) -> pl.Series:
    try:
        if column.dtype == pl.String and kind == pl.List(pl.String):
            raise pl.exceptions.InvalidOperationError
        return column.cast(kind, strict=False)
    except pl.exceptions.InvalidOperationError as error:
        raise DataError(
            f"column {column.name} holds {column.dtype}, expected {kind} as in the table that the "
            "model was fitted on"
        ) from error


def _codes(column: pl.Series, values: tuple[str, ...]) -> np.ndarray:
    """Position of each value, `len(values)` for null, -1 for a value not seen at fit."""
    row_of = {value: row for row, value in enumerate(values)}
    coded = column.replace_strict(row_of, default=-1, return_dtype=pl.Int64)
    return np.where(column.is_null().to_numpy(), len(values), coded.to_numpy())


def _one_hot(rows: np.ndarray, coded: np.ndarray, n_rows: int, n_values: int) -> np.ndarray:
    hot = np.zeros((n_rows, n_values + 1))  # the last column is "missing"
    seen = coded >= 0
    hot[rows[seen], coded[seen]] = 1.0
    return hot
