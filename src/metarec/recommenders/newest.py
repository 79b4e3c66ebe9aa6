"""What came last into the shop: the same list for everyone."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import Catalogue, DataError, Dataset, Episodes, Histories
from metarec.contracts.settings import Settings
from metarec.encoders.keys import is_iso_date
from metarec.encoders.tabular import seconds_of
from metarec.recommenders.base import BaseRecommender


@dataclass(frozen=True)
class NewestConfig(Settings):
    """Choices of `Newest`."""

    column: str | None = None
    """A column of dates of the items, or of numbers such as a year; None: the first column of dates
    that there is, else the moment of each item's first event."""


class Newest(BaseRecommender):
    """Score = the item's date in days since 1970, or the number in the chosen column.

    An item without a date, or without an event where the first event is its date, scores NaN.
    """

    Config = NewestConfig
    config: NewestConfig
    dates_: Float[np.ndarray, " item"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        column = self.config.column or _dated_column(train.catalogue)
        if column is not None:
            self.dates_ = _dates(train.catalogue, column)
            return
        events = train.histories
        if not len(events.times) or not np.isfinite(events.times).all():
            raise DataError(
                "Newest needs to know when items came: the items have no column of dates, and the "
                'events no clock; name a column of numbers, as in NewestConfig(column="year")'
            )
        first = np.full(len(train.catalogue), np.inf)
        np.minimum.at(first, events.items, events.times)
        self.dates_ = np.where(np.isfinite(first), first / 86_400.0, np.nan)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.broadcast_to(self.dates_, (len(histories), len(self.dates_)))


def _dated_column(catalogue: Catalogue) -> str | None:
    return next((name for name in catalogue.frame.columns if _is_date(catalogue.frame[name])), None)


def _is_date(values: pl.Series) -> bool:
    """True for dates, moments, and text that holds such in the way of ISO 8601."""
    if values.dtype == pl.String:
        said = values.drop_nulls().str.strip_chars()
        return len(said) > 0 and is_iso_date(said)
    return values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime)


def _dates(catalogue: Catalogue, column: str) -> Float[np.ndarray, " item"]:
    kinds = catalogue.frame.schema
    there = column in kinds
    values = catalogue.frame[column] if there else pl.Series(dtype=pl.Null)
    if there and _is_date(values):
        values = values.str.strip_chars() if values.dtype == pl.String else values
        values = seconds_of(values) / 86_400.0
    elif not there or not kinds[column].is_numeric():
        told = f"holds {kinds[column]}" if there else "is no column of the items"
        raise DataError(
            f"Newest needs a column of dates or numbers, {column!r} {told}; the items have "
            f"{sorted(kinds)}"
        )
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()
