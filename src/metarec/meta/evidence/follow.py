"""Follow: what people take soon after this."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool

from metarec.contracts import Histories
from metarec.meta.evidence.pairs import divided, largest_sparse, matrix_of, pairs_within


def follow(
    histories: Histories,
    *,
    window: int,
    keep: int,
    targets: Bool[np.ndarray, " event"] | None = None,
) -> sp.csr_array:
    """Row: an item; column: the share of its events that this item followed within `window`
    places; the `keep` largest of a row.

    Directed co-occurrence: with a window of 1 a first-order Markov chain. Items that followed count
    as `targets` says, those before always.
    """
    n_items = len(histories.vocabulary)
    counts = sp.csr_array((n_items, n_items))
    for _, before, after in pairs_within(histories, window, targets):
        cells = histories.items[before], histories.items[after]
        counts = counts + matrix_of(*cells, np.ones(len(before)), n_items)
    events = np.bincount(histories.items, minlength=n_items)
    return largest_sparse(divided(sp.csr_array(counts), np.maximum(events, 1.0)), keep)
