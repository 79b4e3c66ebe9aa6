"""Directed co-occurrence: what people took soon after this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Count, NotNegative, Positive, Settings
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.interactions import NEGLIGIBLE
from metarec.recommenders.item_to_item import mean_row


@dataclass(frozen=True)
class CooccurrenceConfig(Settings):
    """Choices of `Cooccurrence`."""

    window: Count = 5
    """Events further apart than this are not counted as a pair."""
    decay: Positive = 4.0
    """Places after which the weight of an event of the history has fallen to 1/e when scoring."""
    source_power: NotNegative = 1.0
    """Counts are divided by the popularity of the item before to this power; 1 gives chances."""
    target_power: NotNegative = 0.0
    """Counts are divided by the popularity of the item after to this power."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "window": (1, 2, 5, 10, 20),
        "decay": (1.0, 2.0, 4.0, 8.0, 16.0),
        "source_power": (0.0, 0.5, 1.0),
        "target_power": (0.0, 0.25, 0.5),
    }


class Cooccurrence(BaseRecommender):
    """Score = Σ over the history of exp(-age / decay) times the share of times the item followed.

    "Followed" means at most `window` places later in the same history; the share is of the earlier
    item's events, and can be tempered by the two powers. Items without a training
    event score NaN.
    """

    Config = CooccurrenceConfig
    config: CooccurrenceConfig
    touched_: Bool[np.ndarray, " item"]
    follows_: sp.csr_matrix
    """Row: an item of the history; column: how much speaks for it next."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.touched_ = train.touched
        popularity = np.maximum(train.item_counts, 1).astype(np.float64)
        before = sp.diags_array(popularity**-self.config.source_power)
        after = sp.diags_array(popularity**-self.config.target_power)
        pairs = count_pairs(train.histories, self.config.window)
        self.follows_ = sp.csr_matrix(before @ pairs @ after)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        ages = np.repeat(histories.lengths, histories.lengths) - 1 - histories.places
        weights = np.exp(-ages / self.config.decay)
        heard = weights >= NEGLIGIBLE
        shape = (len(histories), len(self.touched_))
        cells = (histories.rows[heard], histories.items[heard])
        x = sp.csr_matrix((weights[heard], cells), shape=shape)
        return np.where(self.touched_, (x @ self.follows_).toarray(), np.nan)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_row(self.follows_, rows, self.touched_)


def count_pairs(histories: Histories, window: int) -> sp.csr_matrix:
    """Sparse (before, after) counts of events at most `window` places apart."""
    n_items = len(histories.vocabulary)
    counts = sp.csr_matrix((n_items, n_items))
    for distance in range(1, window + 1):
        together = histories.rows[:-distance] == histories.rows[distance:]
        before = histories.items[:-distance][together]
        after = histories.items[distance:][together]
        ones = np.ones(len(before))
        counts = counts + sp.csr_matrix((ones, (before, after)), shape=counts.shape)
    return counts
