"""The fixed pseudo-random order that decides between equal scores."""

import hashlib
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from metarec.contracts import Vocabulary

TIE_SEED = 0
"""Seed of the hash that breaks ties; part of the evaluation protocol, so it never varies."""


def tie_keys(ids: NDArray[np.object_], seed: int = TIE_SEED) -> NDArray[np.int64]:
    """A fixed pseudo-random order of the items: the smaller key wins a tie.

    It depends on each item's id and the seed only, so a constant scorer ranks like chance and
    adding or reordering items never changes who wins between two others.
    """
    salt = seed.to_bytes(8, "little", signed=True)
    digests = [hashlib.blake2b(i.encode(), digest_size=8, key=salt).digest() for i in ids]
    order = np.frombuffer(b"".join(digests), dtype="<u8").argsort(kind="stable")
    keys = np.empty(len(ids), dtype=np.int64)
    keys[order] = np.arange(len(ids))
    return keys


_ORDERS: WeakKeyDictionary[Vocabulary, NDArray[np.int64]] = WeakKeyDictionary()
"""An order once for all that is asked of one vocabulary; it follows from the ids alone."""


def ties_of(vocabulary: Vocabulary) -> NDArray[np.int64]:
    """The order in which items of equal score are ranked: the smaller key goes first."""
    if vocabulary not in _ORDERS:
        _ORDERS[vocabulary] = tie_keys(vocabulary.ids)
    return _ORDERS[vocabulary]
