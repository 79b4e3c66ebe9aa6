"""The fixed pseudo-random order that decides between equal scores."""

import hashlib

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray

TIE_SEED = 0
"""Seed of the hash; part of the protocol, so it never varies."""


def tie_keys(ids: NDArray[np.object_], seed: int = TIE_SEED) -> Int[np.ndarray, " item"]:
    """A key for each item, from its id and the seed alone: the smaller key wins a tie.

    A constant scorer thereby ranks like chance, and never by the order of a file.
    """
    salt = seed.to_bytes(8, "little", signed=True)
    digests = [hashlib.blake2b(i.encode(), digest_size=8, key=salt).digest() for i in ids]
    order = np.frombuffer(b"".join(digests), dtype="<u8").argsort(kind="stable")
    keys = np.empty(len(ids), dtype=np.int64)
    keys[order] = np.arange(len(ids))
    return keys
