"""Histories as weights: which events count, and how much, when a model only sees who took what."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.contracts import Histories

NEGLIGIBLE = 1e-6
"""Weights below this change no ranking, and their products are slow to compute."""


def event_weights(histories: Histories, recency: float) -> Float[np.ndarray, " event"]:
    """recency ** age of each event, the newest of a history having age 0.

    An item counts once in a history, by its newest event: earlier events of it weigh 0, and so do
    events so old that their weight is below `NEGLIGIBLE`.
    """
    ages = np.repeat(histories.lengths, histories.lengths) - 1 - histories.places
    weights = np.asarray(recency ** ages.astype(np.float64))
    pairs = histories.rows * np.int64(len(histories.vocabulary)) + histories.items
    _, newest = np.unique(pairs[::-1], return_index=True)  # the first from the end
    counted = np.zeros(len(pairs), dtype=bool)
    counted[len(pairs) - 1 - newest] = True
    return np.where(counted & (weights >= NEGLIGIBLE), weights, 0.0)


def history_matrix(histories: Histories, recency: float = 1.0) -> sp.csr_matrix:
    """The weights of `event_weights` as a sparse (history, item) matrix; all ones at recency 1."""
    weights = event_weights(histories, recency)
    counted = weights > 0
    shape = (len(histories), len(histories.vocabulary))
    cells = (histories.rows[counted], histories.items[counted])
    return sp.csr_matrix((weights[counted], cells), shape=shape)


def unit_history_matrix(histories: Histories) -> sp.csr_matrix:
    """The same at recency 1, each history of length 1; 0 where nothing was taken."""
    x = history_matrix(histories)
    length = np.sqrt(np.maximum(np.asarray(x.sum(axis=1)).ravel(), 1.0))
    return sp.diags_array(1 / length) @ x


def mean_taken(
    histories: Histories, vectors: Float[np.ndarray, "item d"], recency: float = 1.0
) -> Float[np.ndarray, "history d"]:
    """The mean of the items' vectors of each history, weighed as in `event_weights`; 0 without."""
    x = history_matrix(histories, recency)
    total = np.maximum(np.asarray(x.sum(axis=1)), 1e-12).reshape(-1, 1)
    return np.asarray((x @ vectors) / total)


@dataclass(frozen=True, eq=False)
class Taken:
    """Who took what, to be asked of many pairs at once."""

    table: sp.csr_matrix

    @cached_property
    def keys(self) -> Int[np.ndarray, " cell"]:
        """One number for each pair, ascending."""
        cells = self.table.tocoo()
        return np.sort(cells.row.astype(np.int64) * self.table.shape[1] + cells.col)

    def holds(
        self, rows: Int[np.ndarray, "*pair"], items: Int[np.ndarray, "*pair"]
    ) -> Bool[np.ndarray, "*pair"]:
        """True for pairs of a row and an item that it took."""
        keys = rows * self.table.shape[1] + items
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.asarray(self.keys[place] == keys)
