"""Rating levels with content: the row that famous cold-start tables fall to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Count, NotNegative, Positive, Settings
from metarec.recommenders.bias import TINY, alternate_biases, user_bias
from metarec.recommenders.content import ContentRecommender
from metarec.recommenders.ridge import ridge_predictions, trust


@dataclass(frozen=True)
class TextRidgeConfig(Settings):
    """Choices of `TextRidge`."""

    penalty: Positive = 1.0
    """Ridge penalty, relative to the mean squared length of the features."""
    saturation: NotNegative = 20.0
    """Events after which an item's mean counts half as much as one without noise."""
    item_damping: NotNegative = 5.0
    """How many events at the level that content expects each item starts with."""
    user_damping: NotNegative = 3.0
    """How many events at the expected level each user starts with."""
    sweeps: Count = 10
    """How often item and user biases are solved in turn."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "penalty": (0.03, 0.1, 0.3, 1.0, 3.0),
        "item_damping": (2.0, 5.0, 10.0, 25.0),
        "user_damping": (1.0, 2.0, 3.0, 5.0, 10.0),
    }


class TextRidge(ContentRecommender):
    """Score = μ + b_item + b_user, where content tells the bias of an item nobody has touched.

    A ridge regression learns the items' mean residuals from their features. A touched item's bias
    is its own mean damped towards that prediction, an untouched item's is the prediction. b_user
    is the damped mean of the history's residuals.
    """

    Config = TextRidgeConfig
    predicts_ratings = True
    reads_ratings = True
    config: TextRidgeConfig
    offsets_: Float[np.ndarray, " item"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        config, events = self.config, train.histories
        biases = alternate_biases(events, config.item_damping, config.user_damping, config.sweeps)
        residuals = events.values - biases.level - biases.user[events.rows]
        counts = train.item_counts
        totals = np.bincount(events.items, residuals, minlength=len(counts))
        means = totals / np.maximum(counts, 1)
        expected = ridge_predictions(
            self._features(train),
            means[:, None],
            trust(counts, config.saturation),
            config.penalty,
        )[:, 0]
        own = (totals + config.item_damping * expected) / np.maximum(
            counts + config.item_damping, TINY
        )
        self.offsets_ = biases.level + np.where(train.touched, own, expected)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        own = user_bias(histories, self.offsets_, self.config.user_damping)
        return np.asarray(self.offsets_ + own)
