"""Who, or what, is nearest: cosines of sparse rows, the largest kept."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

from metarec.contracts.pieces import pieces
from metarec.recommenders.deviations import stored

CELLS_AT_ONCE = 4_000_000
"""Likenesses held at once (32 MB)."""


def nearest(
    own: sp.csr_matrix, others: sp.csr_matrix, neighbours: int, shrinkage: float
) -> sp.csr_matrix:
    """The likeness of each row to its nearest among the others, all above 0.

    That is the cosine c of their numbers, times n / (n + shrinkage) for n columns in common.
    """
    n_own, n_others = own.shape[0], others.shape[0]
    left, right = _unit(own), sp.csc_matrix(_unit(others).T)
    had, others_had = stored(own), sp.csc_matrix(stored(others).T)
    found = []
    for part in pieces(n_own, n_others, CELLS_AT_ONCE):
        alike = (left[part] @ right).toarray()
        if shrinkage:
            common = (had[part] @ others_had).toarray()
            alike *= common / (common + shrinkage)
        found.append(_largest(alike, neighbours))
    return sp.csr_matrix(sp.vstack(found)) if found else sp.csr_matrix((0, n_others))


def _largest(table: Float[np.ndarray, "row column"], k: int) -> sp.csr_matrix:
    """The `k` largest of each row, where they are above 0."""
    if k < table.shape[1]:
        rest = np.argpartition(-table, k - 1, axis=1)[:, k:]
        np.put_along_axis(table, rest, 0.0, axis=1)
    return sp.csr_matrix(np.maximum(table, 0.0))


def _unit(rows: sp.csr_matrix) -> sp.csr_matrix:
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags_array(1 / np.where(length > 0, length, 1.0)) @ rows)
