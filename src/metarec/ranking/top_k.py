"""From scores to ranked lists: the top k, with ties broken by a given order."""

import numpy as np
from jaxtyping import Float, Int

STRETCH, LEAST_STRETCHES = 256, 8
"""Scores of a long row are looked through in stretches, where these are so many times `k`."""


def top_k(
    scores: Float[np.ndarray, "history item"], k: int, ties: Int[np.ndarray, " item"]
) -> Int[np.ndarray, "history rank"]:
    """Rows of the `k` largest scores of each history, best first; -1 where none is left.

    NaN and -inf are never returned. Equal scores are ordered by `ties`, smaller first, also where
    the tie runs across the k-th place.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    n_histories, n_items = scores.shape
    kept = min(k, n_items)
    found = np.full((n_histories, k), -1)
    if kept == 0 or n_histories == 0:
        return found
    negative = -scores  # ascending is best first, and NaN sorts behind everything
    # The k-th largest score of each history decides who is in without doubt; ties at that score
    # compete by hash. argpartition alone would pick among equals by memory position.
    threshold = kth_smallest(negative, kept)  # (history, 1)
    # where fewer than `kept` can be ranked, all that is below infinity competes
    threshold = np.where(threshold < np.inf, threshold, np.finfo(negative.dtype).max)
    inside = negative <= threshold  # false for NaN
    # many equals at the threshold: let only those with the smallest keys compete
    crowded = np.flatnonzero(np.count_nonzero(inside, axis=1) > 2 * kept)
    level = negative[crowded] == threshold[crowded]
    keys = np.where(level, ties, np.iinfo(np.int64).max)  # (crowded, item)
    last = np.partition(keys, kept - 1, axis=1)[:, kept - 1 : kept]
    inside[crowded] &= ~(level & (keys > last))
    rows, items = np.divmod(np.flatnonzero(inside), n_items)
    order = np.lexsort((ties[items], negative[rows, items], rows))
    rows, items = rows[order], items[order]
    counts = np.bincount(rows, minlength=n_histories)
    ranks = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    ranked = ranks < kept
    found[rows[ranked], ranks[ranked]] = items[ranked]
    return found


def kth_smallest(
    numbers: Float[np.ndarray, "history item"], kept: int
) -> Float[np.ndarray, "history 1"]:
    """The `kept`-th smallest number of each row; NaN counts as larger than all.

    Of a long row most is never sorted: `kept` stretches of it hold a number up to the `kept`-th
    smallest of the stretches' own smallest, so what is larger than that cannot be asked for.
    """
    n_stretches = numbers.shape[1] // STRETCH
    if n_stretches < LEAST_STRETCHES * kept:
        return np.partition(numbers, kept - 1, axis=1)[:, kept - 1 : kept]
    found = np.empty((len(numbers), 1))
    for place, row in enumerate(numbers):
        stretches = row[: n_stretches * STRETCH].reshape(n_stretches, STRETCH)
        least = np.fmin.reduce(stretches, axis=1)
        bound = np.partition(least, kept - 1)[kept - 1]
        below = row if np.isnan(bound) else row[row <= bound]
        found[place] = np.partition(below, kept - 1)[kept - 1]
    return found


def best_rows(
    scores: Float[np.ndarray, "history item"],
    k: int,
    allowed: Int[np.ndarray, " candidate"],
    ties: Int[np.ndarray, " item"],
) -> Int[np.ndarray, "history rank"]:
    """`top_k` among the `allowed` rows of the catalogue alone; the answer is rows of the catalogue.

    `allowed` is ascending and without repetition.
    """
    n_items = scores.shape[1]
    if len(allowed) == n_items:
        return top_k(scores, k, ties)
    if 2 * len(allowed) > n_items:  # leaving few out is quicker than gathering all others
        out = np.ones(n_items, dtype=bool)
        out[allowed] = False
        return top_k(np.where(out, np.nan, scores), k, ties)
    best = top_k(scores[:, allowed], k, ties[allowed])
    if not len(allowed):
        return best
    return np.where(best >= 0, allowed[best], -1)
