"""How popular an item will be, by its content: the first row for items nobody has touched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Positive, Settings
from metarec.recommenders.content import ContentRecommender
from metarec.recommenders.ridge import ridge_predictions


@dataclass(frozen=True)
class PredictedPopularityConfig(Settings):
    """Choices of `PredictedPopularity`."""

    penalty: Positive = 0.3
    """Ridge penalty, relative to the mean squared length of the features."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {"penalty": (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)}


class PredictedPopularity(ContentRecommender):
    """Score = log(1 + n) of a touched item's n events; a ridge prediction of it for the others.

    The ridge learns from touched items only: that nobody could touch an item yet says nothing of
    how popular it will be.
    """

    Config = PredictedPopularityConfig
    config: PredictedPopularityConfig
    popularity_: Float[np.ndarray, " item"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        known = np.log1p(train.item_counts)
        predicted = ridge_predictions(
            self._features(train),
            known[:, None],
            train.touched.astype(np.float64),
            self.config.penalty,
        )[:, 0]
        self.popularity_ = np.where(train.touched, known, predicted)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.broadcast_to(self.popularity_, (len(histories), len(self.popularity_)))
