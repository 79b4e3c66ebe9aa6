"""Content neighbours: more of what this person took, by what it is."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.directions import unit_rows
from metarec.recommenders.bias import mean_value
from metarec.recommenders.content import ContentRecommender
from metarec.recommenders.item_to_item import mean_cosine


class ContentKNN(ContentRecommender):
    """Score = cosine of the item and the mean of the history's items [Pazzani & Billsus 2007].

    An event counts by its value: for ratings the value above the training mean, so that what was
    disliked pushes away; for implicit events its weight. A history that says nothing (empty, or
    all of average value) stands for the average history: the mean vector of all training events.
    """

    vectors_: Float[np.ndarray, "item d"]
    average_: Float[np.ndarray, " d"]
    neutral_: float
    """The value that says nothing: the training mean for ratings, 0 for implicit events."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.vectors_ = unit_rows(self._text_vectors(train.catalogue))
        counts = train.item_counts
        self.average_ = counts @ self.vectors_ / max(1, counts.sum())
        values = train.histories.values
        self.neutral_ = mean_value(values) if train.feedback == "rating" else 0.0

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        weights = histories.values - self.neutral_
        shape = (len(histories), len(self.vectors_))
        matrix = sp.csr_matrix((weights, (histories.rows, histories.items)), shape=shape)
        users = matrix @ self.vectors_
        silent = ~(np.abs(users) > 1e-12).any(axis=1)
        users[silent] = self.average_
        return np.asarray(unit_rows(users) @ self.vectors_.T)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        return mean_cosine(self.vectors_, rows, np.ones(len(self.vectors_), dtype=bool))

    def item_vectors(self) -> Float[np.ndarray, "item d"]:
        """The encoder's directions."""
        return self.vectors_
