"""iALS for items with history, and a map from content to factors for items without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import NotNegative, Positive
from metarec.recommenders.content import ContentRecommender
from metarec.recommenders.ials import IALSConfig, fold_in, learn_item_factors, prior_precision
from metarec.recommenders.interactions import event_weights
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.ridge import ridge_predictions, trust


@dataclass(frozen=True)
class IALSRidgeConfig(IALSConfig):
    """Choices of `IALSRidge`: those of `IALS`, and of the map."""

    penalty: Positive = 1.0
    """Ridge penalty of the map, relative to the mean squared length of the features."""
    saturation: NotNegative = 0.0
    """Events after which an item's factors weigh half in the map; 0 weighs all items alike."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        **IALSConfig.space,
        "penalty": (0.03, 0.1, 0.3, 1.0, 3.0),
        "saturation": (0.0, 20.0, 100.0),
    }


class IALSRidge(ContentRecommender):
    """Score = wᵀy_i, with y_i mapped from content where nobody has touched the item.

    The map is one ridge regression from features to the factors of touched items (the linear case
    of Gantner et al. 2010). Weights w come from the closed form of `IALS`; mapped factors count in
    a history like learned ones, and leave the prior as it was learned.
    """

    Config = IALSRidgeConfig
    config: IALSRidgeConfig
    factors_: Float[np.ndarray, "item d"]
    precision_: Float[np.ndarray, "d d"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        config = self.config
        learned = learn_item_factors(train.histories, config, rng)
        self.precision_ = prior_precision(learned, config.l2)
        mapped = ridge_predictions(
            self._features(train),
            learned,
            trust(train.item_counts, config.saturation),
            config.penalty,
        )
        self.factors_ = np.where(train.touched[:, None], learned, mapped)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        weights = event_weights(histories, self.config.recency)
        users = fold_in(histories, weights, self.factors_, self.precision_, self.config.alpha)
        return np.asarray(users @ self.factors_.T)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.factors_, rows, np.ones(len(self.factors_), dtype=bool))
