"""Ratings by biases and factors, and with what someone rated at all as one more sign."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Count, Positive, Settings
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.rated import check_rated
from metarec.recommenders.rating_factors import Items, Penalties, learn, people_given, scores


@dataclass(frozen=True)
class BiasedMFConfig(Settings):
    """Choices of `BiasedMF`."""

    factors: Count = 32
    """Length of the factors."""
    l2: Positive = 1.5
    """Ridge penalty on factors, times the root of the number of ratings."""
    bias_l2: Positive = 0.5
    """Ridge penalty on biases, times the root of the number of ratings."""
    sweeps: Count = 15
    """How often items and people are solved in turn."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "factors": (8, 16, 32, 64),
        "l2": (1.0, 1.5, 2.0, 3.0),
        "bias_l2": (0.2, 0.5, 1.0),
    }


@dataclass(frozen=True)
class SVDPlusPlusConfig(BiasedMFConfig):
    """Choices of `SVDPlusPlus`: those of `BiasedMF`, and of what someone rated at all."""

    implicit_l2: Positive = 100.0
    """Ridge penalty on what each item says of whoever rated it."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        **BiasedMFConfig.space,
        "implicit_l2": (10.0, 30.0, 100.0, 300.0),
    }


class _RatingFactors(BaseRecommender, ABC):
    """What both share."""

    predicts_ratings = True
    reads_ratings = True
    config: BiasedMFConfig
    touched_: Bool[np.ndarray, " item"]
    level_: float
    biases_: Float[np.ndarray, " item"]
    factors_: Float[np.ndarray, "item d"]
    implicit_: Float[np.ndarray, "item d"]

    @property
    @abstractmethod
    def _penalties(self) -> Penalties:
        """Of the regressions, in training and of who is served."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        check_rated(train, type(self).__name__)
        config, seed = self.config, int(rng.integers(2**31))
        found = learn(train.histories, config.factors, self._penalties, config.sweeps, seed)
        self.touched_ = train.touched
        self.level_, self.biases_ = found.level, found.biases
        self.factors_, self.implicit_ = found.factors, found.implicit

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        items = Items(self.level_, self.biases_, self.factors_, self.implicit_)
        return scores(items, people_given(items, histories, self._penalties))

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.factors_, rows, self.touched_)


class BiasedMF(_RatingFactors):
    """Score = μ + b_u + b_i + q_iᵀp_u [Funk 2006; Koren, Bell & Volinsky 2009].

    Learned by alternating least squares with penalties times √n, where the papers take steps down
    the gradient. Everyone, known or new, gets bias and factors from the history by the same ridge
    regression as in training. An item without a rating scores μ + b_u.
    """

    Config = BiasedMFConfig

    @property
    def _penalties(self) -> Penalties:
        return Penalties(self.config.l2, self.config.bias_l2, None)


class SVDPlusPlus(_RatingFactors):
    """Score = μ + b_u + b_i + q_iᵀ(p_u + |N(u)|^-½ Σ_j y_j) [Koren 2008, section 4].

    N(u) is what the person rated, however: the ratings of the history. Otherwise as `BiasedMF`.
    """

    Config = SVDPlusPlusConfig
    config: SVDPlusPlusConfig

    @property
    def _penalties(self) -> Penalties:
        return Penalties(self.config.l2, self.config.bias_l2, self.config.implicit_l2)
