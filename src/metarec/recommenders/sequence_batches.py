"""What one training step of a sequence model reads: stretches of histories, and who competes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Histories
from metarec.data.draws import shuffled_order

PIECES, LEAST_EVENTS = 4, 1000
"""A step's people stand in at most so many pieces by length, each of about so many events or more:
short histories are not padded to the longest."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Padded inputs of some people, and the events that they are asked for."""

    inputs: Int[np.ndarray, "person place"]
    """Rows of the step's items + 1, after the start token; 0 is this token, and the padding."""
    asked: Int[np.ndarray, " event"]
    """The flat places (person * width + place) where an event is foretold."""
    targets: Int[np.ndarray, " event"]
    """The events themselves, as rows of the step's items."""


@dataclass(frozen=True, eq=False)
class Step:
    """One training step's random choices."""

    items: Int[np.ndarray, " row"]
    """The items that the step needs, as rows of the catalogue."""
    pieces: Sequence[Piece]
    negatives: Int[np.ndarray, " negative"]
    """Who competes in every place, as rows of `items`."""
    log_chance: Float[np.ndarray, " negative"]
    """Logarithm of the chance of each to be drawn."""
    residual: Bool[np.ndarray, " row"]
    """The items whose learned part is not hidden."""
    seed: int
    """What dropout is drawn from."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """The histories that are learned from, in order of time."""

    histories: Histories
    asked: Bool[np.ndarray, " event"]
    """The events that are to be foretold."""
    ordered: bool
    """False where the shop tells no order: each step reads histories in an order of its own."""

    @cached_property
    def counts(self) -> Int[np.ndarray, " item"]:
        """Events of each item."""
        histories = self.histories
        return np.bincount(histories.items, minlength=len(histories.vocabulary))

    @cached_property
    def people(self) -> Int[np.ndarray, " person"]:
        """Those with an event to be foretold."""
        found = np.bincount(self.histories.rows[self.asked], minlength=len(self.histories))
        return np.flatnonzero(found)

    def people_at_once(self, events: int, most: int) -> int:
        """How many people have so many events on average, of whom at most `most` are read."""
        lengths = np.minimum(self.histories.lengths[self.people], most)
        return min(max(1, round(events / lengths.mean())), len(self.people))

    def stretches(
        self, people: Int[np.ndarray, " person"], most: int, rng: np.random.Generator
    ) -> tuple[Histories, Bool[np.ndarray, " event"], Bool[np.ndarray, " person"]]:
        """At most `most` events of each person, which are foretold, and whose begin a history.

        A long history gives a random stretch, one without an order random events.
        """
        own = self.histories.take(people)
        lengths = own.lengths
        starts = np.repeat(self.histories.offsets[people], lengths)
        asked = self.asked[starts + own.places]
        if not self.ordered:
            order = shuffled_order(own, rng)
            own, asked = own.permuted(order), asked[order]
        first = rng.integers(np.maximum(lengths - most, 0) + 1)
        late = own.places - first[own.rows]
        kept = (late >= 0) & (late < most)
        return own.keep(kept), asked[kept], first == 0


@dataclass(frozen=True, eq=False)
class Sampler:
    """Draws the steps."""

    sequences: Sequences
    people: int
    """How many are drawn."""
    max_events: int
    hidden: float
    chances: Float[np.ndarray, " item"]
    """Chance of each item to compete in a step; see `competing_chances`."""

    def draw(self, rng: np.random.Generator) -> Step:
        """Random people, their stretches, who competes, and what is hidden."""
        sequences = self.sequences
        people = rng.choice(sequences.people, size=self.people, replace=False)
        own, asked, begin = sequences.stretches(people, self.max_events + 1, rng)
        competing = np.flatnonzero(rng.random(len(self.chances)) < self.chances)
        items = np.union1d(own.items, competing)
        row_of = np.zeros(len(self.chances), dtype=np.int64)
        row_of[items] = np.arange(len(items))
        asked = asked & ((own.places > 0) | begin[own.rows])
        by_length = np.argsort(own.lengths, kind="stable")
        parts = np.array_split(by_length, min(PIECES, len(own), 1 + len(own.items) // LEAST_EVENTS))
        return Step(
            items,
            [_piece(own, row_of[own.items], asked, part) for part in parts],
            row_of[competing],
            np.log(self.chances[competing]),
            rng.random(len(items)) >= self.hidden,
            int(rng.integers(2**62)),
        )


def _piece(
    own: Histories,
    rows: Int[np.ndarray, " event"],
    asked: Bool[np.ndarray, " event"],
    people: Int[np.ndarray, " person"],
) -> Piece:
    width = int(own.lengths[people].max(initial=0))
    place_of = np.full(len(own), -1)
    place_of[people] = np.arange(len(people))
    mine = place_of[own.rows] >= 0
    flat = place_of[own.rows[mine]] * width + own.places[mine]
    inputs = np.zeros(len(people) * width, dtype=np.int64)
    goes_on = own.places[mine] + 1 < width  # the last event of the longest is read by nobody
    inputs[flat[goes_on] + 1] = rows[mine][goes_on] + 1
    chosen = asked[mine]
    return Piece(
        inputs.reshape(len(people), width),  # (person * place) -> (person, place)
        flat[chosen],
        rows[mine][chosen],
    )


def competing_chances(counts: Int[np.ndarray, " item"], size: int) -> Float[np.ndarray, " item"]:
    """Chances to be drawn, by the root of an item's events, with a mean of `size` items in all.

    Each item is drawn or not for itself (Poisson sampling), so that weights of 1 / chance make sums
    over the drawn ones unbiased (Horvitz and Thompson 1952). At least one is always drawn.
    """
    weights = np.sqrt(counts)
    sure = weights == weights.max()
    sure[np.argmax(weights) + 1 :] = False
    if size >= np.count_nonzero(counts):
        return (counts > 0).astype(np.float64)
    while True:
        rest = np.where(sure, 0.0, weights)
        chances = np.where(sure, 1.0, rest * ((size - sure.sum()) / rest.sum()))
        if (chances <= 1).all():
            return chances
        sure = chances >= 1
