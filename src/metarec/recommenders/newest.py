"""What came last into the shop: the same list for everyone."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import Catalogue, DataError, Dataset, Episodes, Histories
from metarec.contracts.settings import Settings
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
    kinds = catalogue.frame.schema.items()
    return next((name for name, kind in kinds if _is_date(kind)), None)


def _is_date(kind: pl.DataType) -> bool:
    return kind == pl.Date or isinstance(kind, pl.Datetime)


def _dates(catalogue: Catalogue, column: str) -> Float[np.ndarray, " item"]:
    kinds = catalogue.frame.schema
    if column not in kinds or not (_is_date(kinds[column]) or kinds[column].is_numeric()):
        told = f"holds {kinds[column]}" if column in kinds else "is no column of the items"
        raise DataError(
            f"Newest needs a column of dates or numbers, {column!r} {told}; the items have "
            f"{sorted(kinds)}"
        )
    values = catalogue.frame[column]
    if _is_date(kinds[column]):
        values = values.dt.epoch("s") / 86_400.0
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()
