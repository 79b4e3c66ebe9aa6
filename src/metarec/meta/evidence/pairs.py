"""Pairs of events of one history, as sparse item-to-item matrices."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.contracts import Histories
from metarec.contracts.pieces import pieces

CELLS_AT_ONCE = 4_000_000


def pairs_apart(
    histories: Histories, distance: int, targets: Bool[np.ndarray, " event"] | None = None
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]:
    """Rows of the events before and after, `distance` places apart in one history.

    With `targets` only pairs whose event after is among them.
    """
    one = histories.rows[:-distance] == histories.rows[distance:]
    if targets is not None:
        one &= targets[distance:]
    before = np.flatnonzero(one)
    return before, before + distance


def pairs_within(
    histories: Histories, window: int, targets: Bool[np.ndarray, " event"] | None = None
) -> Iterator[tuple[int, Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]]:
    """Each distance up to `window` that some history has, with `pairs_apart` of it."""
    for distance in range(1, min(window, int(histories.lengths.max()) - 1) + 1):
        yield distance, *pairs_apart(histories, distance, targets)


def matrix_of(
    before: Int[np.ndarray, " pair"],
    after: Int[np.ndarray, " pair"],
    weights: Float[np.ndarray, " pair"],
    n_items: int,
) -> sp.csr_array:
    """The weights summed by pair of items."""
    return sp.csr_array((weights, (before, after)), shape=(n_items, n_items))


def taken(histories: Histories) -> sp.csr_array:
    """1 where a history holds an item: (history, item)."""
    shape = (len(histories), len(histories.vocabulary))
    held = sp.csr_array((np.ones(len(histories.items)), (histories.rows, histories.items)), shape)
    held.sum_duplicates()
    held.data[:] = 1.0
    return held


def history_pairs(histories: Histories) -> sp.csr_array:
    """How many histories hold both items, and on the diagonal how many hold the one."""
    held = taken(histories)
    return sp.csr_array(held.T @ held)


def divided(rows: sp.csr_array, by: Float[np.ndarray, " row"]) -> sp.csr_array:
    """The rows, each divided by its own number."""
    return sp.csr_array(sp.diags_array(1.0 / by) @ rows)


def largest(rows: Float[np.ndarray, "row item"], k: int) -> sp.csr_array:
    """The `k` largest entries by size of each dense row; zeros are not kept."""
    k = min(k, rows.shape[1])
    chosen = np.empty((len(rows), k), dtype=np.int64)
    for part in pieces(len(rows), rows.shape[1], CELLS_AT_ONCE):
        best = np.argpartition(-np.abs(rows[part]), k - 1, axis=1)[:, :k]
        chosen[part] = np.sort(best, axis=1)
    data = np.take_along_axis(rows, chosen, 1).ravel()
    starts = np.arange(len(rows) + 1) * k
    kept = sp.csr_array((data, chosen.ravel(), starts), shape=rows.shape)
    kept.eliminate_zeros()
    return kept


def largest_sparse(rows: sp.csr_array, k: int) -> sp.csr_array:
    """The `k` largest entries by size of each sparse row."""
    lengths = np.diff(rows.indptr)
    if lengths.max(initial=0) <= k:
        return rows
    owner = np.repeat(np.arange(rows.shape[0]), lengths)
    order = np.lexsort((-np.abs(rows.data), owner))
    rank = np.arange(len(order)) - np.repeat(rows.indptr[:-1], lengths)
    kept = np.sort(order[rank < k])
    cells = (owner[kept], rows.indices[kept])
    return sp.csr_array((rows.data[kept], cells), shape=rows.shape)


def settled(matrix: sp.csr_array) -> sp.csr_array:
    """The matrix as it is kept and saved: float32 entries, in order, none of them 0."""
    kept = sp.csr_array(matrix, dtype=np.float32)
    kept.eliminate_zeros()
    kept.sort_indices()
    kind = index_kind(max(kept.shape[1], kept.nnz))
    kept.indices, kept.indptr = kept.indices.astype(kind), kept.indptr.astype(kind)
    return kept


def index_kind(largest: int) -> type[np.integer[Any]]:
    """The type of places up to this one: int32 where it can be, which is half the memory."""
    return np.int32 if largest <= np.iinfo(np.int32).max else np.int64


def stacked(
    exact: Int[np.ndarray, " exact"], top: sp.csr_array, rest: sp.csr_array
) -> sp.csr_array:
    """The matrix whose rows `exact` are those of `top`, in that order, the others those of `rest`,
    ascending."""
    others = np.setdiff1d(np.arange(top.shape[0] + rest.shape[0]), exact)
    place = np.argsort(np.concatenate([exact, others]), kind="stable")
    return sp.csr_array(sp.vstack([top, rest]).tocsr()[place])
