"""From scores to ranked lists: exclusion, top k, and ties broken by a seeded hash."""

import hashlib
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

TIE_SEED = 0
"""Seed of the hash that breaks ties; part of the evaluation protocol, so it never varies."""


def tie_keys(ids: NDArray[np.object_], seed: int = TIE_SEED) -> NDArray[np.int64]:
    """A fixed pseudo-random order of the items: the smaller key wins a tie.

    It depends on each item's id and the seed only, so a constant scorer ranks like chance and
    adding or reordering items never changes who wins between two others.
    """
    return _tie_keys(tuple(ids), seed)


@lru_cache(maxsize=16)
def _tie_keys(ids: tuple[str, ...], seed: int) -> NDArray[np.int64]:
    salt = seed.to_bytes(8, "little", signed=True)
    digests = [hashlib.blake2b(i.encode(), digest_size=8, key=salt).digest() for i in ids]
    keys = np.frombuffer(b"".join(digests), dtype="<u8").argsort(kind="stable")
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[keys] = np.arange(len(ids))
    return ranks


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
    usable = np.where(np.isnan(scores), -np.inf, scores)
    found = np.full((n_histories, k), -1, dtype=np.int64)
    if kept == 0 or n_histories == 0:
        return found
    # The k-th largest score of each history decides who is in without doubt; ties at that score
    # compete by hash. argpartition alone would pick among equals by memory position.
    threshold = -np.partition(-usable, kept - 1, axis=1)[:, kept - 1 : kept]  # (history, 1)
    crowded = np.flatnonzero((usable >= threshold).sum(axis=1) > 2 * kept)
    if len(crowded):  # many equals at the threshold: let only those with the smallest keys compete
        level = usable[crowded] == threshold[crowded]
        keys = np.where(level, ties, n_items)  # (crowded, item)
        last = np.partition(keys, kept - 1, axis=1)[:, kept - 1 : kept]
        usable[crowded] = np.where(level & (keys > last), -np.inf, usable[crowded])
    rows, items = np.nonzero((usable >= threshold) & (usable > -np.inf))
    order = np.lexsort((ties[items], -usable[rows, items], rows))
    rows, items = rows[order], items[order]
    counts = np.bincount(rows, minlength=n_histories)
    ranks = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    inside = ranks < kept
    found[rows[inside], ranks[inside]] = items[inside]
    return found
