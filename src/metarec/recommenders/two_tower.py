"""Two towers: one reads a person's items, one an item's content, and they meet in a product."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.recommenders.content import ContentRecommender, scaled
from metarec.recommenders.interactions import mean_taken
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.two_tower_config import TwoTowerConfig
from metarec.recommenders.weights import Weights, in_double


class TwoTower(ContentRecommender):
    """Score = f(mean vector of the history)ᵀ v_i [Covington et al. 2016; Yi et al. 2019].

    An item's vector is a linear map of the content plus a learned part for items with events; f is
    a layer of ReLU beside the identity. Trained on one held-out event of each person against those
    of the others in the step, by a softmax corrected for how often each is drawn (logQ, Yi et al.
    2019, section 3). What a person took is no rival. Without an encoder items are known by their
    events alone, and those without score NaN.
    """

    Config = TwoTowerConfig
    trains_in_steps = True
    config: TwoTowerConfig
    known_: Bool[np.ndarray, " item"]
    """The items that can be scored: those with events, or with content."""
    weights_: Weights
    metrics_: Mapping[str, Any]
    """Steps taken, the best of them and its validation loss, and whether time ended training."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        from metarec.recommenders.stepwise import by_lists, learn  # PyTorch: only a fit needs it
        from metarec.recommenders.two_tower_learning import Towers

        config, content = self.config, np.zeros((len(train.catalogue), 0))
        if self.encoder is not None:
            content = scaled(self._features(train))
        found = learn(
            *(train, valid, content, config, self.running),
            lambda histories: Towers(histories, content, config),
            by_lists(self._products),
        )
        self.known_ = found.touched | (np.abs(content).sum(axis=1) > 0)
        self.weights_, self.metrics_ = found.weights, found.metrics

    def _products(
        self, weights: Weights, histories: Histories
    ) -> Float[np.ndarray, "history item"]:
        own = in_double(weights)
        mean = mean_taken(histories, own["vectors"], self.config.recency)
        inner = np.maximum(mean @ own["widen.weight"].T + own["widen.bias"], 0.0)
        people = mean + inner @ own["narrow.weight"].T + own["narrow.bias"]
        return np.asarray(people @ own["vectors"].T)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.where(self.known_, self._products(self.weights_, histories), np.nan)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.weights_["vectors"], rows, self.known_)
