"""What people take of late: the same list for everyone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Positive, Settings
from metarec.recommenders.base import BaseRecommender

SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True)
class TrendingConfig(Settings):
    """Choices of `Trending`."""

    days: Positive = 7.0
    """Days before the newest event after which an event counts half, where there is a clock."""
    places: Positive = 2.0
    """Places before the newest event of its history after which an event counts half, where there
    is none."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "days": (1.0, 3.0, 7.0, 14.0, 30.0, 90.0),
        "places": (0.5, 1.0, 2.0, 5.0, 10.0),
    }


class Trending(BaseRecommender):
    """Score = number of the item's training events, each counting 1/2^(age / half-life).

    Ages are days before the newest event of all. Where a shop tells the order of each history and
    no clock, they are places from the end of the history, which says what people came to last.
    """

    Config = TrendingConfig
    config: TrendingConfig
    counts_: Float[np.ndarray, " item"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        events = train.histories
        if len(events.times) and np.isfinite(events.times).all():
            ages = (events.times.max() - events.times) / SECONDS_A_DAY / self.config.days
        else:
            last = np.repeat(events.lengths, events.lengths) - 1
            ages = (last - events.places) / self.config.places
        self.counts_ = np.bincount(events.items, 0.5**ages, minlength=len(train.catalogue))

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.broadcast_to(self.counts_, (len(histories), len(self.counts_)))
