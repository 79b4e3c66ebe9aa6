"""Together: what the same people take, each item by a ridge regression on all others."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Int

from metarec.contracts import Histories
from metarec.meta.evidence.pairs import (
    divided,
    history_pairs,
    largest,
    largest_sparse,
    stacked,
    taken,
)
from metarec.recommenders.ease import leave_one_out_regression, regression_by_people

MOST_PRODUCTS = 20_000_000_000
"""A minute of sums."""


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
    items than `exact`, all items are solved exactly, if their number times that of events is at
    most `MOST_PRODUCTS`.
    """
    n_items = len(histories.vocabulary)
    products = n_items * len(histories.items)
    few = len(histories) <= most_people and products <= MOST_PRODUCTS
    if few and np.setdiff1d(histories.items, exact).size:
        columns = np.ones(n_items) if wanted is None else wanted
        rows = regression_by_people(taken(histories), l2)
        top = [largest((row * columns).astype(np.float32), keep) for _, row in rows]
        return sp.csr_array(sp.vstack(top))
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
