"""Episodes for training: batches of padded arrays, drawn from histories without a loop."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from metarec.contracts import DataError, Histories
from metarec.contracts.printing import counted

NARROW = 16
"""Padding up to this many events costs less than another part of the batch would."""
FEW = np.array([0, 1, 2, 3, 5, 10])  # the support sizes that a new person passes through


@dataclass(frozen=True, eq=False, repr=False)
class RatingBatch:
    """One episode a user: some events to adapt on, the others to be judged on.

    A user's events stand in random order, support first. Padding is item 0, value 0, time NaN,
    kind -1, and false in all masks. `support_mask` is true for the events to adapt on,
    `target_mask` for those of kinds that are to be foretold; the query is
    `target_mask & ~support_mask`. Where all kinds are to be, it holds at least one event of every
    user who has any.
    """

    items: Int[np.ndarray, "user event"]
    values: Float[np.ndarray, "user event"]
    times: Float[np.ndarray, "user event"]
    kinds: Int[np.ndarray, "user event"]
    event_mask: Bool[np.ndarray, "user event"]
    target_mask: Bool[np.ndarray, "user event"]
    support_mask: Bool[np.ndarray, "user event"]

    def __repr__(self) -> str:
        events = (
            f"{int(self.support_mask.sum()):,} support and {int(self.query_mask.sum()):,} query"
        )
        return f"RatingBatch({counted(len(self.items), 'user')}, {events} events)"

    @property
    def query_mask(self) -> Bool[np.ndarray, "user event"]:
        """True for the events to be judged on."""
        return self.target_mask & ~self.support_mask

    @property
    def width(self) -> int:
        """Events of the longest episode, which the others are padded to."""
        return self.items.shape[1]

    def by_length(self) -> Iterator[tuple[Int[np.ndarray, " part"], "RatingBatch"]]:
        """Users with as many events up to a factor of 2 together, and which rows they were.

        Activity is skewed: padded to the longest, most of a batch would be padding.
        """
        lengths = self.event_mask.sum(axis=1)
        sizes = np.ceil(np.log2(np.maximum(lengths, NARROW)))
        for size in np.unique(sizes):
            rows = np.flatnonzero(sizes == size)
            width = int(lengths[rows].max())
            yield rows, RatingBatch(*(getattr(self, f.name)[rows, :width] for f in fields(self)))


@dataclass(frozen=True, eq=False, repr=False)
class PrefixBatch:
    """Many episodes a user: for each position p, adapt on the events before p, be judged on p.

    A user's events stand in order of time in one window, oldest first. Padding is as in
    `RatingBatch`, and position 0 with a false `position_mask`. `positions` are columns of the
    event axis, rising; position 0 is the question with no support. `target_mask` is true for the
    events of kinds that are to be foretold, and positions are theirs alone.
    """

    items: Int[np.ndarray, "user event"]
    values: Float[np.ndarray, "user event"]
    times: Float[np.ndarray, "user event"]
    kinds: Int[np.ndarray, "user event"]
    event_mask: Bool[np.ndarray, "user event"]
    target_mask: Bool[np.ndarray, "user event"]
    positions: Int[np.ndarray, "user prefix"]
    position_mask: Bool[np.ndarray, "user prefix"]

    def __repr__(self) -> str:
        events = f"{int(self.event_mask.sum()):,} events, {int(self.position_mask.sum()):,} asked"
        return f"PrefixBatch({counted(len(self.items), 'user')}, {events})"


def sample_rating_batch(
    histories: Histories,
    users: Int[np.ndarray, " user"],
    rng: np.random.Generator,
    *,
    max_events: int,
    targets: Bool[np.ndarray, " event"] | None = None,
) -> RatingBatch:
    """One random episode for each of `users` (rows of `histories`).

    Of a longer history `max_events` random events are taken. Half of the support sizes are uniform
    from 0 to all but one event, half are drawn from 0, 1, 2, 3, 5, 10 (as far as events last), so
    that people with next to nothing are trained for as much as people with a long history.
    `targets` are the events of kinds that are to be foretold, all where None.
    """
    check_window(max_events)
    starts, lengths = spans(histories, users)
    owner, place = grid(lengths)
    shuffled = np.lexsort((rng.random(len(owner)), owner))  # events stay with their owner
    event = (starts[owner] + place)[shuffled]
    kept = place < max_events
    event, sizes = event[kept], np.minimum(lengths, max_events)
    columns = columns_of(histories, event, sizes, targets)
    support = support_sizes(sizes, rng)
    width = np.arange(columns["items"].shape[1])
    return RatingBatch(**columns, support_mask=width[None, :] < support[:, None])


def support_sizes(
    sizes: Int[np.ndarray, " user"], rng: np.random.Generator
) -> Int[np.ndarray, " user"]:
    """A support size for each number of events, at most all but one."""
    most = np.maximum(sizes - 1, 0)
    uniform = (rng.random(len(sizes)) * (most + 1)).astype(np.int64)
    few = np.minimum(FEW[rng.integers(len(FEW), size=len(sizes))], most)
    return np.where(rng.random(len(sizes)) < 0.5, uniform, few)


def sample_prefix_batch(
    histories: Histories,
    users: Int[np.ndarray, " user"],
    rng: np.random.Generator,
    *,
    max_events: int,
    prefixes: int,
    targets: Bool[np.ndarray, " event"] | None = None,
) -> PrefixBatch:
    """`prefixes` random positions in one random window of each of `users`' histories.

    A history of up to `max_events` events is its own window; of a longer one, any `max_events`
    consecutive events are, each place of the window being equally likely. Positions are drawn
    without repetition; a window with fewer events than `prefixes` has them all. Where `targets`
    names the events of kinds that are to be foretold, positions are drawn among them alone.
    """
    check_window(max_events)
    if prefixes < 1:
        raise DataError(f"prefixes must be at least 1, got {prefixes}")
    starts, lengths = spans(histories, users)
    sizes = np.minimum(lengths, max_events)
    starts = starts + (rng.random(len(users)) * (lengths - sizes + 1)).astype(np.int64)
    owner, place = grid(sizes)
    event = starts[owner] + place
    columns = columns_of(histories, event, sizes, targets)
    last = np.zeros(len(owner), dtype=bool) if targets is None else ~targets[event]
    shuffled = np.lexsort((rng.random(len(owner)), last, owner))
    able = np.bincount(owner[~last], minlength=len(users))
    counts = np.minimum(able, prefixes)
    drawn = shuffled[place < counts[owner]]  # the first few of each user's events in random order
    drawn.sort()  # back in order of user and time
    _, rank = grid(counts)
    positions = np.zeros((len(users), int(counts.max(initial=0))), dtype=np.int64)
    mask = np.zeros(positions.shape, dtype=bool)
    positions[owner[drawn], rank] = place[drawn]
    mask[owner[drawn], rank] = True
    return PrefixBatch(**columns, positions=positions, position_mask=mask)


def check_window(max_events: int) -> None:
    """Refuse a window without room for an event."""
    if max_events < 1:
        raise DataError(f"max_events must be at least 1, got {max_events}")


def spans(
    histories: Histories, users: Int[np.ndarray, " user"]
) -> tuple[Int[np.ndarray, " user"], Int[np.ndarray, " user"]]:
    """First event and number of events of each user."""
    return histories.offsets[users], histories.lengths[users]


def grid(
    lengths: Int[np.ndarray, " user"],
) -> tuple[Int[np.ndarray, " event"], Int[np.ndarray, " event"]]:
    """Owner (position in the batch) and place of each event, users one after another."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    first = np.cumsum(lengths) - lengths
    return owner, np.arange(len(owner)) - first[owner]


def columns_of(
    histories: Histories,
    event: Int[np.ndarray, " event"],
    sizes: Int[np.ndarray, " user"],
    targets: Bool[np.ndarray, " event"] | None,
) -> dict[str, NDArray[Any]]:
    """Chosen events, `sizes` of them a user, as arrays (user, event), and which are real, or are
    to be foretold."""
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    chosen = replace(replace(histories, details=None).at(event), offsets=offsets)
    return {
        "items": chosen.padded(chosen.items, 0),
        "values": chosen.padded(chosen.values.astype(np.float32), 0.0),
        "times": chosen.padded(chosen.times, np.nan),
        "kinds": chosen.padded(chosen.kinds, -1),
        "event_mask": chosen.present,
        "target_mask": chosen.present if targets is None else chosen.padded(targets[event], False),
    }
