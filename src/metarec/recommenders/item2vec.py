"""Item vectors by skip-grams: what is taken together stands together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from metarec.contracts import Dataset, Episodes, Histories
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.item2vec_config import Item2VecConfig
from metarec.recommenders.item_to_item import mean_cosine


class Item2Vec(BaseRecommender):
    """Score = mean cosine to the items of the history [Barkan & Koenigstein 2016].

    Skip-grams with negative sampling over pairs of a history. Unlike the paper: pairs are drawn by
    how often they are, and not read one after another, frequent items are not thinned out, and the
    mean gives newer events more weight. Items without a training event score NaN; a person without
    an event is told no item from another.
    """

    Config = Item2VecConfig
    trains_in_steps = True
    config: Item2VecConfig
    touched_: Bool[np.ndarray, " item"]
    weights_: Mapping[str, NDArray[Any]]
    """`items`, directions of the vectors."""
    metrics_: Mapping[str, Any]
    """Steps taken, the best of them and its validation loss, and whether time ended training."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        from metarec.recommenders.item2vec_learning import SkipGrams  # PyTorch: only a fit needs it
        from metarec.recommenders.stepwise import learn

        config, nothing = self.config, np.zeros((len(train.catalogue), 0))
        found = learn(
            *(train, valid, nothing, config, self.running),
            lambda histories: SkipGrams(histories, train.clock is not None, config),
            self._cosines,
        )
        self.touched_, self.weights_, self.metrics_ = found.touched, found.weights, found.metrics

    def _cosines(
        self, weights: Mapping[str, NDArray[Any]], histories: Histories
    ) -> Float[np.ndarray, "history item"]:
        x = history_matrix(histories, self.config.recency)
        vectors = weights["items"].astype(np.float64)
        total = np.maximum(np.asarray(x.sum(axis=1)), 1e-12).reshape(-1, 1)
        return np.asarray(((x @ vectors) / total) @ vectors.T)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.where(self.touched_, self._cosines(self.weights_, histories), np.nan)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.weights_["items"], rows, self.touched_)
