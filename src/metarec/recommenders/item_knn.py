"""Item neighbours: what people who took this also took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Count, Settings, Weight
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.item_to_item import mean_row
from metarec.recommenders.one_thread import one_blas_thread


@dataclass(frozen=True)
class ItemKNNConfig(Settings):
    """Choices of `ItemKNN`."""

    similarity: Literal["cosine", "tfidf", "bm25"] = "cosine"
    """How the columns of the user-item matrix are weighted before their inner products."""
    neighbours: Count = 100
    """Number of nearest items kept for each item."""
    recency: Weight = 1.0
    """Weight of an event relative to the next newer one when scoring; 1 turns recency off."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "similarity": ("cosine", "tfidf", "bm25"),
        "neighbours": (20, 50, 100, 200, 500),
        "recency": (0.6, 0.7, 0.8, 0.9, 0.95),
    }


class ItemKNN(BaseRecommender):
    """Score = sum over the history of the similarity to the item [Sarwar et al. 2001; implicit].

    An item is no neighbour of itself. Items without a training event score NaN.
    """

    Config = ItemKNNConfig
    config: ItemKNNConfig
    touched_: Bool[np.ndarray, " item"]
    similarity_: sp.csr_matrix
    """Row: an item of the history; column: the item that it speaks for."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.touched_ = train.touched
        self.similarity_ = _similarity(history_matrix(train.histories), self.config)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        x = history_matrix(histories, self.config.recency)
        return np.where(self.touched_, (x @ self.similarity_).toarray(), np.nan)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_row(self.similarity_, rows, self.touched_)


def _similarity(x: sp.csr_matrix, config: ItemKNNConfig) -> sp.csr_matrix:
    from implicit import nearest_neighbours as nn  # heavy: only a fit needs it

    weighting = {
        "cosine": nn.normalize,
        "tfidf": lambda items: nn.normalize(nn.tfidf_weight(items)),
        "bm25": lambda items: nn.bm25_weight(items, K1=1.2, B=0.75),
    }
    weighted = sp.csr_matrix(weighting[config.similarity](x.T).T)  # (user, item)
    # One more than asked, because an item is its own first neighbour.
    model = nn.ItemItemRecommender(K=config.neighbours + 1, num_threads=1)
    with one_blas_thread():
        model.fit(weighted, show_progress=False)
    similarity = sp.csr_matrix(model.similarity, dtype=np.float64)
    similarity.setdiag(0.0)
    similarity.eliminate_zeros()
    return similarity
