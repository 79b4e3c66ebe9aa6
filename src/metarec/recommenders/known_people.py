"""Who was in training, for models that know people by their ids: hashes, and no id."""

import hashlib
from collections.abc import Iterable

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray

from metarec.contracts import Histories


def keys_of(ids: Iterable[str]) -> NDArray[np.uint64]:
    """A hash of each id."""
    digests = (hashlib.blake2b(str(i).encode(), digest_size=8).digest() for i in ids)
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def rows_of(keys: NDArray[np.uint64], histories: Histories) -> Int[np.ndarray, " history"]:
    """Where each history's person stands among the ascending `keys`, -1 for who does not."""
    if histories.user_ids is None or not len(keys):
        return np.full(len(histories), -1)
    own = keys_of(histories.user_ids)
    rows = np.minimum(np.searchsorted(keys, own), len(keys) - 1)
    return np.where(keys[rows] == own, rows, -1)
