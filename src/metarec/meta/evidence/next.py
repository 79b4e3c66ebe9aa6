"""Next: ridge regression of the next event on the decayed events before it."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.contracts import Histories
from metarec.meta.evidence.pairs import (
    divided,
    largest,
    largest_sparse,
    matrix_of,
    pairs_apart,
    pairs_within,
    stacked,
)
from metarec.meta.sizes import MANY_ITEMS
from metarec.recommenders.ease import inverse_of

FAINTEST = 0.05
"""An event whose weight has fallen below this is not counted."""
FULL = 0.1
"""The share of entries from which a column is multiplied as plain numbers."""


def next_after(
    histories: Histories,
    *,
    decay: float,
    l2: float,
    keep: int,
    exact: Int[np.ndarray, " exact"],
    targets: Bool[np.ndarray, " event"] | None = None,
) -> sp.csr_array:
    """(XᵀX + λI)⁻¹ XᵀY, the `keep` largest of each row.

    A row of X stands for an event and holds Σ decay^(places between - 1) of the items before it in
    its history, back to where that falls below `FAINTEST`; the row of Y is the event's own item.
    The rows of `exact` are exact among themselves; all others are (XᵀY)_i / ((XᵀX)_ii + λ), as if
    items never came together. Of more than `MANY_ITEMS` items the columns of the most touched are
    solved for, and in the others those rows are counted too. Each event of `targets` is a row;
    None: each event.
    """
    n_items = len(histories.vocabulary)
    reach = 1 + int(np.log(FAINTEST) / np.log(decay))
    follows = sp.csr_array((n_items, n_items))
    for distance, before, after in pairs_within(histories, reach, targets):
        weights = np.full(len(before), decay ** (distance - 1))
        cells = histories.items[before], histories.items[after]
        follows = follows + matrix_of(*cells, weights, n_items)
    gram, own = _gram(histories, decay, reach, exact, targets)
    gram[np.diag_indices_from(gram)] += l2
    solved = _solved_columns(histories, follows[exact])
    asked = sp.csr_array(follows[exact].T, dtype=np.float32)[solved]
    found = _products(inverse_of(gram.astype(np.float32)), asked)
    top = _wider(largest(found, keep), solved, n_items)
    if len(solved) < n_items:
        counted = divided(sp.csr_array(follows[exact]), own[exact] + l2)
        unsolved = np.ones(n_items)
        unsolved[solved] = 0.0
        top = largest_sparse(sp.csr_array(top + counted @ sp.diags_array(unsolved)), keep)
    rest = np.setdiff1d(np.arange(n_items), exact)
    low = divided(sp.csr_array(follows[rest]), own[rest] + l2)
    return stacked(exact, top, largest_sparse(low, keep))


def _products(
    inverse: Float[np.ndarray, "exact exact"], columns: sp.csr_array
) -> Float[np.ndarray, "exact column"]:
    """The symmetric matrix times each column, whose entries stand in a row: most have so few that
    a solve for them all would take many times longer."""
    full = np.diff(columns.indptr) > FULL * len(inverse)
    found = np.empty(columns.shape, dtype=inverse.dtype)
    found[full] = columns[full].toarray() @ inverse
    found[~full] = columns[~full] @ inverse
    return found.T


def _solved_columns(histories: Histories, follows: sp.csr_array) -> Int[np.ndarray, " column"]:
    """All columns; of many items those of the most touched, as far as they are not empty."""
    n_items = follows.shape[1]
    if n_items <= MANY_ITEMS:
        return np.arange(n_items)
    counts = np.bincount(histories.items, minlength=n_items)
    most = np.sort(np.argsort(-counts, kind="stable")[:MANY_ITEMS])
    return most[np.isin(most, follows.indices)]


def _wider(rows: sp.csr_array, columns: Int[np.ndarray, " column"], n: int) -> sp.csr_array:
    """The rows over `n` columns, of which theirs are these."""
    told = (rows.data, columns[rows.indices], rows.indptr)
    return sp.csr_array(told, shape=(rows.shape[0], n))


def _gram(
    histories: Histories,
    decay: float,
    reach: int,
    exact: Int[np.ndarray, " exact"],
    targets: Bool[np.ndarray, " event"] | None,
) -> tuple[Float[np.ndarray, "exact exact"], Float[np.ndarray, " item"]]:
    """XᵀX among `exact`, and its diagonal for every item.

    Two events `apart` places from each other meet in the rows of the events that come up to
    `reach - apart` places after the later one: decay^apart Σ decay^(2 (places between - 1)).
    """
    n_items, m = len(histories.vocabulary), len(exact)
    place = np.full(n_items, -1)
    place[exact] = np.arange(m)
    own, half = np.zeros(n_items), np.zeros(m * m)
    later = np.zeros(len(histories.items))
    reach = min(reach, int(histories.lengths.max()) - 1)
    for apart in range(reach - 1, -1, -1):
        between = reach - apart
        asked, _ = pairs_apart(histories, between, targets)
        later[asked] += decay ** (2 * (between - 1))
        end = len(later) - apart
        heard = np.flatnonzero(
            (histories.rows[:end] == histories.rows[apart:]) & (later[apart:] > 0)
        )
        # both orders of a pair are counted below, and an event meets itself once
        weights = decay**apart * later[heard + apart] * (1.0 if apart else 0.5)
        before, after = histories.items[heard], histories.items[heard + apart]
        same, known = before == after, (place[before] >= 0) & (place[after] >= 0)
        np.add.at(half, place[before[known]] * m + place[after[known]], weights[known])
        own += np.bincount(before[same], weights[same], minlength=n_items)
    among = half.reshape(m, m)
    return among + among.T, 2 * own
