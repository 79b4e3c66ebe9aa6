"""Factors that may be missing: a network learns to do without them, by content."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.recommenders.content import ContentRecommender, scaled
from metarec.recommenders.dropout_net_config import DropoutNetConfig
from metarec.recommenders.ials import IALSConfig, fold_in, learn_item_factors, prior_precision
from metarec.recommenders.interactions import event_weights, mean_taken
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.weights import Weights


class DropoutNet(ContentRecommender):
    """Score = f(x_u, mean content of the history)ᵀ g(y_i, content) [Volkovs, Yu & Poutanen 2017].

    x and y are factors of iALS, a person's folded in from the history, known or new. Each side is a
    layer of ReLU, trained to give the products xᵀy back where factors are there, and where a
    random share of them is hidden. An item without an event has none, and is scored by its content.
    """

    Config = DropoutNetConfig
    trains_in_steps = True
    config: DropoutNetConfig
    factors_: Float[np.ndarray, "item d"]
    """y, 0 of an item without an event."""
    precision_: Float[np.ndarray, "d d"]
    content_: Float[np.ndarray, "item d_content"]
    weights_: Weights
    metrics_: Mapping[str, Any]
    """Steps taken, the best of them and its validation loss, and whether time ended training."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        from metarec.recommenders.dropout_net_learning import Hiding  # PyTorch: only a fit needs it
        from metarec.recommenders.stepwise import by_lists, learn

        config, content = self.config, scaled(self._features(train))
        self.content_ = content.astype(np.float32)
        ials = IALSConfig(factors=config.factors, alpha=config.alpha, l2=config.l2)

        def make(histories: Histories) -> Hiding:
            self.factors_ = learn_item_factors(histories, ials, rng)
            self.precision_ = prior_precision(self.factors_, config.l2)
            return Hiding(histories, self.read(histories), self.factors_, content, config)

        found = learn(
            *(train, valid, content, config, self.running), make, by_lists(self._products)
        )
        self.weights_, self.metrics_ = found.weights, found.metrics

    def read(self, histories: Histories) -> Float[np.ndarray, "history d+d_content"]:
        """What a person's side reads: factors, and the mean content."""
        weights = event_weights(histories, self.config.recency)
        people = fold_in(histories, weights, self.factors_, self.precision_, self.config.alpha)
        content = self.content_.astype(np.float64)
        mean = mean_taken(histories, content, self.config.recency)
        return np.concatenate([people, mean], axis=1)

    def _products(
        self, weights: Weights, histories: Histories
    ) -> Float[np.ndarray, "history item"]:
        people = side(weights, "person", self.read(histories))
        return np.asarray(people @ self._items(weights).T)

    def _items(self, weights: Weights) -> Float[np.ndarray, "item d"]:
        return side(weights, "item", np.concatenate([self.factors_, self.content_], axis=1))

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return self._products(self.weights_, histories)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        everything = np.ones(len(self.factors_), dtype=bool)
        return mean_cosine(self._items(self.weights_), rows, everything)


def side(
    weights: Weights, name: str, read: Float[np.ndarray, "row width"]
) -> Float[np.ndarray, "row d"]:
    """What one side's network answers, in double precision."""
    own = {
        part: np.asarray(weights[f"{name}.{part}"], dtype=np.float64)
        for part in ("0.weight", "0.bias", "2.weight", "2.bias")
    }
    inner = np.maximum(read @ own["0.weight"].T + own["0.bias"], 0.0)
    return np.asarray(inner @ own["2.weight"].T + own["2.bias"])
