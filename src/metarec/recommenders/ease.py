"""EASE: a linear item-to-item model in closed form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import lapack

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Positive, Settings, Weight
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.item_to_item import mean_row


@dataclass(frozen=True)
class EASEConfig(Settings):
    """Choices of `EASE`."""

    l2: Positive = 300.0
    """Ridge penalty on the item-to-item weights."""
    recency: Weight = 1.0
    """Weight of an event relative to the next newer one when scoring; 1 turns recency off."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "l2": (30.0, 100.0, 300.0, 1000.0, 3000.0),
        "recency": (0.6, 0.7, 0.8, 0.9, 0.95),
    }


class EASE(BaseRecommender):
    """Score = xᵀB with B the ridge regression of each item on all others [Steck 2019, eq. 8].

    B = I - P diag(1 / diag P), P = (XᵀX + λI)⁻¹, X the binary user-item matrix; x holds 1, or a
    recency weight, for each item of the history. Items without a training event score NaN. Costs
    one inverse over the touched items: memory grows with their square.
    """

    Config = EASEConfig
    config: EASEConfig
    touched_: Int[np.ndarray, " touched"]
    weights_: Float[np.ndarray, "touched touched"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.touched_ = np.flatnonzero(train.touched)
        x = history_matrix(train.histories)[:, self.touched_]
        gram = (x.T @ x).toarray()
        gram[np.diag_indices_from(gram)] += self.config.l2
        self.weights_ = leave_one_out_regression(gram).astype(np.float32)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        x = history_matrix(histories, self.config.recency)[:, self.touched_]
        scores = np.full((len(histories), len(histories.vocabulary)), np.nan)
        scores[:, self.touched_] = x.astype(np.float32) @ self.weights_
        return scores

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        scores = np.full(len(self.catalogue), np.nan)
        known = np.flatnonzero(np.isin(self.touched_, rows))
        everything = np.ones(len(self.touched_), dtype=bool)
        scores[self.touched_] = mean_row(self.weights_, known, everything)
        return scores


def leave_one_out_regression(
    gram: Float[np.ndarray, "item item"],
) -> Float[np.ndarray, "item item"]:
    """I - P diag(1 / diag P) with P the inverse of `gram`, which is overwritten."""
    if not len(gram):
        return gram
    factor, failed = lapack.dpotrf(gram, lower=0, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("XᵀX + λI is not positive definite; raise l2")
    inverse, _ = lapack.dpotri(factor, lower=0, overwrite_c=1)  # fills the upper triangle only
    inverse = np.triu(inverse) + np.triu(inverse, 1).T
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights)
