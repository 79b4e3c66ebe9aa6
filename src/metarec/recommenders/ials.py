"""Implicit alternating least squares, with a fold-in for people who were not in training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Count, Positive, Settings, Weight
from metarec.contracts.wording import lower
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.diverging import factors_told
from metarec.recommenders.folding_in import fold_in as ridge_of
from metarec.recommenders.interactions import event_weights, history_matrix
from metarec.recommenders.item_to_item import mean_cosine
from metarec.recommenders.one_thread import one_blas_thread


@dataclass(frozen=True)
class IALSConfig(Settings):
    """Choices of `IALS`."""

    factors: Count = 64
    """Length of the factors."""
    alpha: Positive = 1.0
    """Confidence of an event beyond that of a missing one: 1 + alpha against 1."""
    l2: Positive = 10.0
    """Ridge penalty on the factors of users and items."""
    iterations: Count = 15
    """Sweeps over users and items."""
    recency: Weight = 1.0
    """Weight of an event relative to the next newer one when scoring; 1 turns recency off."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "factors": (32, 64, 128),
        "alpha": (1.0, 3.0, 10.0, 30.0),
        "l2": (1.0, 3.0, 10.0, 30.0, 100.0),
        "recency": (0.6, 0.7, 0.8, 0.9, 0.95),
    }


class IALS(BaseRecommender):
    """Score = wᵀy_i, factors y learned by implicit [Hu, Koren & Volinsky 2008, section 4].

    Everyone, known or new, gets weights from the history by the closed form of eq. 4. Items
    without a training event score NaN.
    """

    Config = IALSConfig
    config: IALSConfig
    touched_: Bool[np.ndarray, " item"]
    factors_: Float[np.ndarray, "item d"]
    precision_: Float[np.ndarray, "d d"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.touched_ = train.touched
        self.factors_ = learn_item_factors(train.histories, self.config, rng)
        self.precision_ = prior_precision(self.factors_, self.config.l2)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        weights = event_weights(histories, self.config.recency)
        users = fold_in(histories, weights, self.factors_, self.precision_, self.config.alpha)
        return np.where(self.touched_, users @ self.factors_.T, np.nan)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.factors_, rows, self.touched_)


def learn_item_factors(
    histories: Histories, config: IALSConfig, rng: np.random.Generator
) -> Float[np.ndarray, "item d"]:
    """Item factors from implicit's solver; zero for an item without an event."""
    from implicit.cpu.als import AlternatingLeastSquares  # heavy: only a fit needs it

    confidence = history_matrix(histories) * (1 + config.alpha)
    with one_blas_thread():
        model = AlternatingLeastSquares(
            factors=config.factors,
            regularization=config.l2,
            iterations=config.iterations,
            random_state=int(rng.integers(2**31)),
        )
        with factors_told(lower("the confidence", "alpha")):
            model.fit(confidence, show_progress=False)
    factors = np.array(model.item_factors, dtype=np.float64)
    factors[np.bincount(histories.items, minlength=len(factors)) == 0] = 0.0
    return factors


def prior_precision(factors: Float[np.ndarray, "item d"], l2: float) -> Float[np.ndarray, "d d"]:
    """YᵀY + λI: every item that a person did not touch counts a little."""
    return np.asarray(factors.T @ factors + l2 * np.eye(factors.shape[1]))


def fold_in(
    histories: Histories,
    weights: Float[np.ndarray, " event"],
    factors: Float[np.ndarray, "item d"],
    precision: Float[np.ndarray, "d d"],
    alpha: float,
) -> Float[np.ndarray, "history d"]:
    """Each person's factors: (YᵀY + λI + α Σ_j c_j y_j y_jᵀ)⁻¹ (1 + α) Σ_j c_j y_j.

    That is the posterior mean under the prior N(0, (YᵀY + λI)⁻¹) after events of precision α c_j
    that each observe the value 1 + 1/α; at c_j = 1 it is eq. 4 of the paper.
    """
    confidence = alpha * weights
    observed = np.full(len(weights), 1 + 1 / alpha)
    return ridge_of(histories.items, histories.lengths, factors, observed, confidence, precision)
