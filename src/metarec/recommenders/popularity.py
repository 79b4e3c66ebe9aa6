"""What most people take: the same list for everyone."""

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.recommenders.base import BaseRecommender


class Popularity(BaseRecommender):
    """Score = number of training events of the item (0 for an item nobody has touched)."""

    counts_: Float[np.ndarray, " item"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.counts_ = train.item_counts.astype(np.float64)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.broadcast_to(self.counts_, (len(histories), len(self.counts_)))
