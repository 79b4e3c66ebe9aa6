"""EASE: a linear item-to-item model in closed form."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from scipy.linalg import lapack

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.pieces import pieces
from metarec.contracts.settings import Positive, Settings, Weight
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.item_to_item import mean_row

CELLS_AT_ONCE = 4_000_000


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
    one inverse over the touched items, or over people where these are fewer: memory grows with the
    square of the touched items.
    """

    Config = EASEConfig
    config: EASEConfig
    touched_: Int[np.ndarray, " touched"]
    weights_: Float[np.ndarray, "touched touched"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.touched_ = np.flatnonzero(train.touched)
        x = history_matrix(train.histories)[:, self.touched_]
        n_people, n_items = x.shape
        if n_people < n_items:
            self.weights_ = np.empty((n_items, n_items), dtype=np.float32)
            for block, rows in regression_by_people(x, self.config.l2):
                self.weights_[block] = rows
            return
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
    inverse = inverse_of(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights)


def regression_by_people(
    x: sp.csr_array, l2: float
) -> Iterator[tuple[slice, Float[np.ndarray, "row item"]]]:
    """The rows of the same regression a few at a time, solved among people where these are fewer.

    With K = (XXᵀ + λI)⁻¹ the inverse of XᵀX + λI is (I − XᵀKX) / λ, so that what i counts for j is
    xᵢᵀKxⱼ / (1 − xⱼᵀKxⱼ), in which λ is gone.
    """
    gram = (x @ x.T).toarray()
    gram[np.diag_indices_from(gram)] += l2
    inverse = inverse_of(gram)
    items, own = sp.csr_array(x.T), np.empty(x.shape[1])
    blocks = list(pieces(len(own), sum(x.shape), CELLS_AT_ONCE))
    for block in blocks:
        own[block] = (items[block].toarray() * (items[block] @ inverse)).sum(axis=1)
    for block in blocks:
        rows = np.asarray((items[block] @ inverse) @ x) / (1.0 - own)
        np.fill_diagonal(rows[:, block], 0.0)
        yield block, rows


def inverse_of(gram: Float[np.ndarray, "row row"]) -> Float[np.ndarray, "row row"]:
    """That of a symmetric matrix, which is overwritten; of its own precision."""
    factorise, invert = lapack.get_lapack_funcs(("potrf", "potri"), (gram,))
    factor, failed = factorise(gram, lower=0, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("XᵀX + λI is not positive definite; raise l2")
    inverse, _ = invert(factor, lower=0, overwrite_c=1)  # below its diagonal are zeros
    inverse += inverse.T
    inverse[np.diag_indices_from(inverse)] /= 2
    return np.asarray(inverse)
