"""Ratings as deviations from what the biases of item and person expect, for neighbours to tell."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

from metarec.contracts import Histories
from metarec.recommenders.bias import UserItemBiasConfig, alternate_biases, user_bias

BIASES = UserItemBiasConfig()
"""The settings of the biases."""


def item_levels(histories: Histories) -> Float[np.ndarray, " item"]:
    """μ + b_i of every item, as `UserItemBias` learns it."""
    config = BIASES
    biases = alternate_biases(histories, config.item_damping, config.user_damping, config.sweeps)
    return biases.level + biases.item


def deviations_from(
    levels: Float[np.ndarray, " item"], histories: Histories
) -> tuple[sp.csr_matrix, Float[np.ndarray, "history 1"]]:
    """Each person's deviations from their levels, and their biases.

    A cell that is stored is a rating, if it is 0 too; of several ratings of an item it is the mean.
    """
    own = user_bias(histories, levels, BIASES.user_damping)
    numbers = histories.values - levels[histories.items] - own[histories.rows, 0]
    shape, cells = (len(histories), len(levels)), (histories.rows, histories.items)
    deviations = sp.csr_matrix((numbers, cells), shape=shape)
    deviations.data /= sp.csr_matrix((np.ones(len(numbers)), cells), shape=shape).data
    return deviations, own


def stored(table: sp.csr_matrix) -> sp.csr_matrix:
    """1 in every cell that is stored."""
    return sp.csr_matrix((np.ones(len(table.data)), table.indices, table.indptr), table.shape)


def mean_told(
    told: sp.csr_matrix, heard: sp.csr_matrix, damping: float
) -> Float[np.ndarray, "history item"]:
    """What neighbours tell over how much they are like, and 0 where none tells anything."""
    likeness = heard.toarray() + damping
    return np.divide(told.toarray(), likeness, out=np.zeros(likeness.shape), where=likeness > 0)
