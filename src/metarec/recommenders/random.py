"""Chance: the row that every other row must beat."""

import hashlib

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from metarec.contracts import Dataset, Episodes, Histories
from metarec.data.draws import mixed, uniform_of
from metarec.recommenders.base import BaseRecommender


class Random(BaseRecommender):
    """Scores that are uniform on [0, 1) and independent, drawn by a hash of item and history.

    The same seed, history and item give the same score wherever they stand in a batch; histories
    with the same events get the same list.
    """

    keys_: NDArray[np.uint64]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        seed = rng.bytes(8)
        digests = (
            hashlib.blake2b(item_id.encode(), digest_size=8, key=seed).digest()
            for item_id in train.catalogue.ids
        )
        self.keys_ = np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        placed = _spread(self.keys_[histories.items] + histories.places.astype(np.uint64))
        totals = np.zeros(len(placed) + 1, dtype=np.uint64)
        np.cumsum(placed, out=totals[1:])  # wraps around, and so does the difference below
        history_keys = totals[histories.offsets[1:]] - totals[histories.offsets[:-1]]
        return uniform_of(_spread(_spread(history_keys)[:, None] ^ self.keys_[None, :]))


def _spread(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A step of SplitMix64: near keys, 0 among them, become far ones."""
    return mixed(keys + np.uint64(0x9E3779B97F4A7C15))
