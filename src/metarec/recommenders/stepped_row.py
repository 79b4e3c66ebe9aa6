"""What rows share that know items by their events and are trained step by step."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.stepped import SteppedConfig
from metarec.recommenders.weights import Weights

if TYPE_CHECKING:
    from metarec.recommenders.stepwise import Learner


class SteppedRow(BaseRecommender, ABC):
    """Learned by a network, served in NumPy; items without a training event score NaN."""

    trains_in_steps = True
    config: SteppedConfig
    touched_: Bool[np.ndarray, " item"]
    weights_: Weights
    metrics_: Mapping[str, Any]
    """Steps taken, the best of them and its validation loss, and whether time ended training."""

    @abstractmethod
    def _learner(self, train: Dataset) -> "Callable[[Histories], Learner]":
        """Makes what learns from the histories; imports PyTorch, which only a fit needs."""

    @abstractmethod
    def _table(self, weights: Weights, histories: Histories) -> Float[np.ndarray, "history item"]:
        """What these weights say of every item, in double precision."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        from metarec.recommenders.stepwise import by_lists, learn

        make, nothing = self._learner(train), np.zeros((len(train.catalogue), 0))
        found = learn(train, valid, nothing, self.config, self.running, make, by_lists(self._table))
        self.touched_, self.weights_, self.metrics_ = found.touched, found.weights, found.metrics

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.where(self.touched_, self._table(self.weights_, histories), np.nan)
