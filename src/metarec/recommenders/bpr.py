"""Bayesian personalised ranking, for the people who were in training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Count, NotNegative, Positive, Settings
from metarec.contracts.wording import lower
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.diverging import factors_told
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.known_people import keys_of, rows_of
from metarec.recommenders.one_thread import one_blas_thread


@dataclass(frozen=True)
class BPRConfig(Settings):
    """Choices of `BPR`."""

    factors: Count = 64
    """Length of the factors."""
    learning_rate: Positive = 0.05
    """Step of the stochastic gradient."""
    l2: NotNegative = 0.01
    """Ridge penalty on factors and item biases."""
    iterations: Count = 100
    """Passes over as many sampled triples as there are events."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "factors": (32, 64, 128),
        "learning_rate": (0.01, 0.03, 0.05, 0.1),
        "l2": (0.003, 0.01, 0.03, 0.1),
        "iterations": (50, 100, 200),
    }


class BPR(BaseRecommender):
    """Score = x_uᵀy_i + b_i, learned so that taken items outrank others [Rendle et al. 2009].

    Learned by implicit, which cannot fold in a new person: who was in training is known by
    `histories.user_ids`, whatever the history given; everyone else scores NaN, and so do items
    without a training event. User ids are kept as hashes only.
    """

    Config = BPRConfig
    serves_new_users = False
    config: BPRConfig
    touched_: Bool[np.ndarray, " item"]
    item_factors_: Float[np.ndarray, "item d"]
    user_factors_: Float[np.ndarray, "user d"]
    user_keys_: NDArray[np.uint64]
    """Hashes of the known users' ids, ascending; row of `user_factors_`."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        from implicit.cpu.bpr import BayesianPersonalizedRanking  # heavy: only a fit needs it

        config = self.config
        with one_blas_thread():
            model = BayesianPersonalizedRanking(
                factors=config.factors,
                learning_rate=config.learning_rate,
                regularization=config.l2,
                iterations=config.iterations,
                random_state=int(rng.integers(2**31)),
                num_threads=1,  # its threads race for the same factors
            )
            with factors_told(lower("the learning rate", "learning_rate")):
                model.fit(history_matrix(train.histories), show_progress=False)
        self.touched_ = train.touched
        self.item_factors_ = np.array(model.item_factors)
        known = np.flatnonzero(train.histories.lengths > 0)
        keys = keys_of(train.user_ids[known])
        order = np.argsort(keys)
        self.user_keys_ = keys[order]
        self.user_factors_ = np.array(model.user_factors)[known[order]]

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        scores = np.full((len(histories), len(self.touched_)), np.nan)
        rows = rows_of(self.user_keys_, histories)
        known = rows >= 0
        scores[known] = self.user_factors_[rows[known]] @ self.item_factors_.T
        scores[:, ~self.touched_] = np.nan
        return scores

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.item_factors_, rows, self.touched_)
