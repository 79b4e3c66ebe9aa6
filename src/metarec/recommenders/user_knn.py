"""Neighbours among people: what those of like taste took, or how they rated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Count, NotNegative, Settings, Weight
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.deviations import deviations_from, item_levels, mean_told, stored
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.likeness import nearest
from metarec.recommenders.rated import check_rated


@dataclass(frozen=True)
class UserKNNConfig(Settings):
    """Choices of `UserKNN`."""

    neighbours: Count = 100
    """Number of nearest people who are heard."""
    recency: Weight = 1.0
    """Weight of an event relative to the next newer one of the person served; 1 turns it off."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "neighbours": (50, 100, 200, 500),
        "recency": (0.6, 0.7, 0.8, 0.9, 0.95),
    }


class UserKNN(BaseRecommender):
    """Score = sum of the cosines of the nearest people who took the item [Herlocker et al. 1999].

    A history is a set of items. Items without a training event score NaN.
    """

    Config = UserKNNConfig
    config: UserKNNConfig
    touched_: Bool[np.ndarray, " item"]
    taken_: sp.csr_matrix
    """Who took what, without a name."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.touched_ = train.touched
        self.taken_ = sp.csr_matrix(history_matrix(train.histories))

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        own = history_matrix(histories, self.config.recency)
        near = nearest(own, self.taken_, self.config.neighbours, 0.0)
        return np.where(self.touched_, (near @ self.taken_).toarray(), np.nan)


@dataclass(frozen=True)
class RatedUserKNNConfig(Settings):
    """Choices of `RatedUserKNN`."""

    neighbours: Count = 400
    """Number of nearest people who are heard, whatever they rated."""
    shrinkage: NotNegative = 100.0
    """Ratings in common at which the cosine of two people counts half."""
    damping: NotNegative = 0.1
    """Likeness that speaks for no deviation beside that of the neighbours who rated the item."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "neighbours": (100, 200, 400, 800),
        "shrinkage": (0.0, 25.0, 100.0),
        "damping": (0.0, 0.1, 0.3, 1.0),
    }


class RatedUserKNN(BaseRecommender):
    """Score = μ + b_i + b_u + the mean deviation of the nearest people [Herlocker et al. 1999].

    Ratings are centred on `UserItemBias` (Koren 2010, section 3), where the paper takes the
    person's mean; likeness is their cosine, shrunk where little was rated by both, and people who
    are unlike are not heard. The mean is weighed by likeness, over those neighbours who rated the
    item.
    """

    Config = RatedUserKNNConfig
    predicts_ratings = True
    reads_ratings = True
    config: RatedUserKNNConfig
    levels_: Float[np.ndarray, " item"]
    deviations_: sp.csr_matrix
    """How far each rating is from its level, by people without a name; a stored 0 is a rating."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        check_rated(train, type(self).__name__)
        self.levels_ = item_levels(train.histories)
        self.deviations_, _ = deviations_from(self.levels_, train.histories)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        config = self.config
        own, bias = deviations_from(self.levels_, histories)
        near = nearest(own, self.deviations_, config.neighbours, config.shrinkage)
        told, heard = near @ self.deviations_, near @ stored(self.deviations_)
        return self.levels_ + bias + mean_told(told, heard, config.damping)
