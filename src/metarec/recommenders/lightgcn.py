"""Factors spread over the graph of who took what, and nothing else between its layers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from metarec.contracts import Dataset, Episodes, Histories
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.lightgcn_config import LightGCNConfig


class LightGCN(BaseRecommender):
    """Score = product of the mean layers of person and item [He et al. 2020].

    Learned by BPR with one sampled item an event. Everyone, known or new, is what their items send
    them, spread once more from the layers of the items: the factors of their own that training
    gives to people are left out, so that a history alone decides. Items without a training event
    score NaN.
    """

    Config = LightGCNConfig
    trains_in_steps = True
    config: LightGCNConfig
    touched_: Bool[np.ndarray, " item"]
    weights_: Mapping[str, NDArray[Any]]
    """`items`, the mean over layers; `sent`, the sum of all layers but the last, over √degree."""
    metrics_: Mapping[str, Any]
    """Steps taken, the best of them and its validation loss, and whether time ended training."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        from metarec.recommenders.lightgcn_learning import Spreading  # PyTorch: only a fit
        from metarec.recommenders.stepwise import learn

        config, nothing = self.config, np.zeros((len(train.catalogue), 0))
        found = learn(
            *(train, valid, nothing, config, self.running),
            lambda histories: Spreading(histories, config),
            spread_scores,
        )
        self.touched_, self.weights_, self.metrics_ = found.touched, found.weights, found.metrics

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.where(self.touched_, spread_scores(self.weights_, histories), np.nan)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.weights_["items"], rows, self.touched_)


def spread_scores(
    weights: Mapping[str, NDArray[Any]], histories: Histories
) -> Float[np.ndarray, "history item"]:
    """What the items of each history send it, times the items."""
    x = history_matrix(histories)
    degree = np.maximum(np.asarray(x.sum(axis=1)), 1.0).reshape(-1, 1)
    people = (x @ weights["sent"].astype(np.float64)) / np.sqrt(degree)
    return np.asarray(people @ weights["items"].T.astype(np.float64))
