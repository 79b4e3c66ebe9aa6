"""Item neighbours of ratings: how this person rated what is rated alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Count, NotNegative, Settings
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.deviations import deviations_from, item_levels, mean_told, stored
from metarec.recommenders.item_to_item import mean_row
from metarec.recommenders.likeness import nearest
from metarec.recommenders.rated import check_rated


@dataclass(frozen=True)
class RatedItemKNNConfig(Settings):
    """Choices of `RatedItemKNN`."""

    neighbours: Count = 200
    """Number of nearest items that speak for each item."""
    shrinkage: NotNegative = 100.0
    """People in common at which the cosine of two items counts half."""
    damping: NotNegative = 0.1
    """Likeness that speaks for no deviation beside that of the neighbours which were rated."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "neighbours": (50, 100, 200, 400),
        "shrinkage": (0.0, 25.0, 100.0),
        "damping": (0.0, 0.1, 0.3, 1.0),
    }


class RatedItemKNN(BaseRecommender):
    """Score = μ + b_i + b_u + the mean deviation on the nearest items [Sarwar et al. 2001].

    Ratings are centred on `UserItemBias` (Koren 2010, section 3), where the paper takes the
    person's mean; likeness is their cosine over people, shrunk where few rated both, and items that
    are unlike say nothing. The mean is weighed by likeness, over those neighbours that the person
    rated.
    """

    Config = RatedItemKNNConfig
    predicts_ratings = True
    reads_ratings = True
    config: RatedItemKNNConfig
    touched_: Bool[np.ndarray, " item"]
    levels_: Float[np.ndarray, " item"]
    likeness_: sp.csr_matrix
    """Row: an item of the history; column: the item that it speaks for."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        check_rated(train, type(self).__name__)
        self.touched_ = train.touched
        self.levels_ = item_levels(train.histories)
        deviations, _ = deviations_from(self.levels_, train.histories)
        items = sp.csr_matrix(deviations.T)
        # one more than asked: an item is its own first neighbour
        near = nearest(items, items, self.config.neighbours + 1, self.config.shrinkage)
        near.setdiag(0.0)
        near.eliminate_zeros()
        self.likeness_ = sp.csr_matrix(near.T)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        own, bias = deviations_from(self.levels_, histories)
        told, heard = own @ self.likeness_, stored(own) @ self.likeness_
        return self.levels_ + bias + mean_told(told, heard, self.config.damping)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_row(self.likeness_, rows, self.touched_)
