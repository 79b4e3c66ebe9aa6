"""Item vectors by skip-grams: what is taken together stands together."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Dataset, Histories
from metarec.recommenders.interactions import mean_taken
from metarec.recommenders.item2vec_config import Item2VecConfig
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.stepped_row import SteppedRow
from metarec.recommenders.weights import Weights

if TYPE_CHECKING:
    from metarec.recommenders.stepwise import Learner


class Item2Vec(SteppedRow):
    """Score = mean cosine to the items of the history [Barkan & Koenigstein 2016].

    Skip-grams with negative sampling over pairs of a history. Unlike the paper: pairs are drawn by
    how often they are, and not read one after another, frequent items are not thinned out, and the
    mean gives newer events more weight. Items without a training event score NaN; a person without
    an event is told no item from another.
    """

    Config = Item2VecConfig
    config: Item2VecConfig
    weights_: Weights
    """`items`, directions of the vectors."""

    def _learner(self, train: Dataset) -> "Callable[[Histories], Learner]":
        from metarec.recommenders.item2vec_learning import SkipGrams

        return lambda histories: SkipGrams(histories, train.clock is not None, self.config)

    def _table(self, weights: Weights, histories: Histories) -> Float[np.ndarray, "history item"]:
        vectors = weights["items"].astype(np.float64)
        return np.asarray(mean_taken(histories, vectors, self.config.recency) @ vectors.T)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.weights_["items"], rows, self.touched_)
