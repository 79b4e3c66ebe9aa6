"""Together: what the same people take, each item by a ridge regression on all others."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Int
from scipy.linalg import lapack

from metarec.contracts import Histories
from metarec.contracts.pieces import pieces
from metarec.meta.evidence.pairs import (
    divided,
    history_pairs,
    largest,
    largest_sparse,
    stacked,
    taken,
)
from metarec.recommenders.ease import leave_one_out_regression

CELLS_AT_ONCE = 4_000_000


def together(
    histories: Histories,
    *,
    l2: float,
    keep: int,
    exact: Int[np.ndarray, " exact"],
    wanted: Bool[np.ndarray, " item"] | None = None,
    most_people: int = 0,
) -> sp.csr_array:
    """EASE (Steck 2019, eq. 8) among the items `exact`, the `keep` largest of each row.

    A pair with another item counts (XᵀX)_ij / ((XᵀX)_ii + λ), as if no third item came with them.
    Columns outside `wanted` are empty. Where there are at most `most_people` histories, and more
    items than `exact`, all items are solved exactly.
    """
    n_items = len(histories.vocabulary)
    if len(histories) <= most_people and np.setdiff1d(histories.items, exact).size:
        return _by_people(histories, l2, keep, wanted)
    pairs = history_pairs(histories)
    held = pairs.diagonal()
    gram = pairs[exact][:, exact].toarray()
    gram[np.diag_indices_from(gram)] += l2
    weights = leave_one_out_regression(gram)
    if wanted is not None:
        weights = weights * wanted[exact]
    top = largest(weights.astype(np.float32), keep)
    cells = (np.repeat(exact, np.diff(top.indptr)), exact[top.indices])
    among = sp.csr_array((top.data, cells), shape=(n_items, n_items))
    plain = divided(sp.csr_array(pairs - sp.diags_array(held)), held + l2)
    others = np.ones(n_items)
    others[exact] = 0.0
    across = sp.csr_array(plain[exact] @ sp.diags_array(others))
    rest = np.setdiff1d(np.arange(n_items), exact)
    both = stacked(exact, sp.csr_array(among[exact] + across), sp.csr_array(plain[rest]))
    if wanted is not None:
        both = sp.csr_array(both @ sp.diags_array(wanted.astype(np.float64)))
    both.eliminate_zeros()
    return largest_sparse(both, keep)


def _by_people(
    histories: Histories, l2: float, keep: int, wanted: Bool[np.ndarray, " item"] | None
) -> sp.csr_array:
    """The same regression for all items, solved among people, who are fewer.

    With K = (XXᵀ + λI)⁻¹ the inverse of XᵀX + λI is (I − XᵀKX) / λ, so that what i counts for j is
    xᵢᵀKxⱼ / (1 − xⱼᵀKxⱼ), in which λ is gone.
    """
    held = taken(histories)
    gram = (held @ held.T).toarray()
    gram[np.diag_indices_from(gram)] += l2
    factor, failed = lapack.dpotrf(gram, lower=0, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("XXᵀ + λI is not positive definite; raise l2")
    inverse, _ = lapack.dpotri(factor, lower=0, overwrite_c=1)  # fills the upper triangle only
    inverse = np.triu(inverse) + np.triu(inverse, 1).T
    items, own = sp.csr_array(held.T), np.empty(held.shape[1])
    blocks = list(pieces(len(own), held.shape[1] + held.shape[0], CELLS_AT_ONCE))
    for block in blocks:
        own[block] = (items[block].toarray() * (items[block] @ inverse)).sum(axis=1)
    columns = 1.0 / (1.0 - own)
    if wanted is not None:
        columns *= wanted
    rows = []
    for block in blocks:
        counted = np.asarray((items[block] @ inverse) @ held) * columns
        np.fill_diagonal(counted[:, block], 0.0)
        rows.append(largest(counted.astype(np.float32), keep))
    return sp.csr_array(sp.vstack(rows))
