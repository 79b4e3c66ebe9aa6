"""Random numbers that belong to ids: the same id and seed give the same number, in any company.

A split that draws by position changes for everybody when one row goes; one that draws by id does
not, so that nobody's events can reach another person's episode even through the dice.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64
from numpy.typing import NDArray

from metarec.contracts import DataError, Histories

Keys = UInt64[np.ndarray, " key"]


def seed_of(rng: int, purpose: str) -> np.uint64:
    """A 64-bit seed for one purpose of one run."""
    digest = hashlib.blake2b(f"{rng}:{purpose}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def mixed(keys: UInt64[np.ndarray, "*shape"]) -> UInt64[np.ndarray, "*shape"]:
    """SplitMix64's finaliser [Steele, Lea & Flood 2014]: each bit depends on all of the key's."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def keys_of(ids: NDArray[np.object_] | Sequence[str], seed: np.uint64) -> Keys:
    """A 64-bit hash of each id, the same on every machine and version.

    Memory and time grow with the letters of all ids together.
    """
    lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
    letters = np.frombuffer("".join(ids).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    longest_first = np.argsort(-lengths, kind="stable")
    starts = (np.cumsum(lengths) - lengths)[longest_first]
    n_longer = len(ids) - np.cumsum(np.bincount(lengths, minlength=1))  # than 0, 1, ... letters
    keys = np.full(len(ids), seed, dtype=np.uint64)  # in the order of longest_first
    for place, n in enumerate(n_longer[:-1]):  # over the letters of the longest id, not over ids
        code = letters[starts[:n] + place].astype(np.uint64)
        stepped = mixed(keys[:n] * np.uint64(31) + code + np.uint64(1))
        keys[:n] = np.where(code == 0, keys[:n], stepped)
    answer = np.empty_like(keys)
    answer[longest_first] = mixed(keys)
    return answer


def uniform_of(keys: UInt64[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Each key as a number in [0, 1)."""
    numbers: NDArray[np.float64] = (keys >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers


def chosen(
    ids: NDArray[np.object_], fraction: float, rng: int, purpose: str, among: NDArray[np.bool_]
) -> Bool[np.ndarray, " id"]:
    """True for the given fraction of the ids in `among`, rounded, drawn by id."""
    keys = keys_of(ids, seed_of(rng, purpose))
    rows = np.flatnonzero(among)
    count = round(fraction * len(rows))
    mask = np.zeros(len(ids), dtype=bool)
    mask[rows[np.argsort(keys[rows])[:count]]] = True
    return mask


def event_keys(histories: Histories, rng: int, purpose: str) -> Keys:
    """A key for each event, from its user's and item's ids (and its place among repeats)."""
    if histories.user_ids is None:
        raise DataError("drawing events needs the users' ids, and these histories have none")
    users = keys_of(histories.user_ids, seed_of(rng, purpose))
    items = keys_of(histories.vocabulary.ids, seed_of(rng, purpose + " item"))
    pairs = mixed(users[histories.rows] ^ items[histories.items])
    return mixed(pairs + repeat_of(histories).astype(np.uint64))


def drawn_order(histories: Histories, rng: int) -> Int[np.ndarray, " event"]:
    """The events of each history in an order that is drawn by id; histories keep theirs."""
    return np.lexsort((event_keys(histories, rng, "order"), histories.rows))


def shuffled_order(histories: Histories, rng: np.random.Generator) -> Int[np.ndarray, " event"]:
    """The events of each history in a random order; histories keep theirs."""
    return np.lexsort((rng.random(len(histories.items)), histories.rows))


def repeat_of(histories: Histories) -> Int[np.ndarray, " event"]:
    """How often the event's item has already occurred in its history: 0 for the first time."""
    order = np.lexsort((np.arange(len(histories.items)), histories.items, histories.rows))
    rows, items = histories.rows[order], histories.items[order]
    place = np.arange(len(order))
    others = (rows[1:] != rows[:-1]) | (items[1:] != items[:-1])  # than the one before
    firsts = np.append([0], np.where(others, place[1:], 0))[: len(order)]
    repeat = np.empty(len(order), dtype=np.int64)
    repeat[order] = place - np.maximum.accumulate(firsts)
    return repeat


def ranks_of(
    histories: Histories, keys: NDArray[Any], among: NDArray[np.bool_] | None = None
) -> Int[np.ndarray, " event"]:
    """Rank of each event's key within its own history, from 0; events not `among` come last."""
    last = np.zeros(len(keys), dtype=bool) if among is None else ~among
    order = np.lexsort((keys, last, histories.rows))
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = histories.places  # rows are sorted, so places fit the sorted order too
    return ranks


def permuted(histories: Histories, order: Int[np.ndarray, " event"]) -> Histories:
    """The same histories with their events in another order, which keeps each in its history."""
    return histories.permuted(order)
