"""One head of the model, adapted to one history."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts.pieces import pieces
from metarec.meta.evidence import TASTE, Spoken
from metarec.meta.heart import Believed, Heart
from metarec.meta.recency import SECONDS_A_DAY, ages, places_without
from metarec.meta.updaters.updater import Adapted, Additive, Support
from metarec.posterior import Prior, Statistics, nothing_seen, observe

CELLS_AT_ONCE = 500_000


@dataclass(frozen=True, eq=False)
class Seen:
    """A person's events as arrays, in order of their clock; `items` are rows of the catalogue."""

    items: Int[np.ndarray, " event"]
    values: Float[np.ndarray, " event"]
    kinds: Int[np.ndarray, " event"]
    times: Float[np.ndarray, " event"]
    came: Int[np.ndarray, " event"]
    """The place in which each event came."""

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, eq=False)
class Accumulators:
    """Statistics of events whatever their age, and decayed to the newest event's moment."""

    constant: Statistics
    faded: Statistics


class Adaptation:
    """What one head believes of one person.

    `accumulators` are what an earlier person's had become after one more event; without them they
    are summed from the events.
    """

    def __init__(
        self,
        heart: Heart,
        seen: Seen,
        prior: Prior,
        now: float | None,
        accumulators: Accumulators | None = None,
    ) -> None:
        self.heart, self.seen, self.prior, self.now = heart, seen, prior, now
        self._given = accumulators

    @cached_property
    def adapted(self) -> Adapted:
        """The shared numbers after this person's events."""
        heart, confidence = self.heart, self.heart.confidence
        if self._given is None or not isinstance(heart.updater, Additive):
            return heart.updater.adapt(heart.terms, self.support, self.prior)
        total = self._given.constant
        if confidence.recency != "none":
            eps = confidence.eps
            total = total.scaled(eps) + self._given.faded.scaled(1 - eps)
        return heart.updater.adapt_from(heart.terms, total, self.prior)

    @cached_property
    def support(self) -> Support:
        """The events as they count now."""
        weights = self._undated * self.heart.confidence.of_age(self._ages(self._present, self.now))
        return self.heart.support(self.seen.items, self.seen.values, weights)

    @cached_property
    def scores(self) -> Float[np.ndarray, " row"]:
        """The score of every row, not held inside a scale."""
        return self.heart.scores(self.believed)

    @cached_property
    def believed(self) -> Believed:
        """Taste, and what tables tell."""
        evidence = self.heart.evidence
        if evidence is None:
            return Believed(self.adapted)
        ages = self._told_ages(self._present, np.arange(len(self.seen)))
        people = np.zeros(len(self.seen), dtype=np.int64)
        return Believed(self.adapted, evidence.logits(Spoken(people, self.seen.items, ages, 1))[0])

    def base(self, row: int) -> float:
        """The score of one item that is due to no event; popularity counts by their number."""
        heart, at = self.heart, np.array([row])
        nothing = heart.updater.adapt(heart.terms, _empty(self.support), self.prior)
        own = float(heart.scores_of(Believed(nothing), at)[0])
        return own if heart.evidence is None else own + heart.evidence.base(row, len(self.seen))

    def shares(self, row: int) -> dict[str, Float[np.ndarray, " event"]]:
        """What each event moved the score of one item, by reason; all of them sum to all that it
        moved."""
        moved = self.adapted.shares(np.array([row]), self.support)[0]
        heart = self.heart
        shares = {TASTE: heart.trust[row] * heart.head.slope * moved}
        if self.heart.evidence is not None:
            ages = self._told_ages(self._present, np.arange(len(self.seen)))
            shares |= self.heart.evidence.reasons(self.seen.items, ages, row)
        return shares

    def effects(self, row: int) -> Float[np.ndarray, " event"]:
        """The score of one item minus what it would be had each event in turn never come.

        As many events are left out at once as memory allows, each as a person of its own.
        """
        n = len(self.seen)
        without = np.empty(n)
        for part in pieces(n, n * self.heart.terms.d, CELLS_AT_ONCE):
            without[part] = self._scores_without(np.arange(part.start, part.stop), row)
        return float(self.scores[row]) - without

    def after(self, seen: Seen) -> Accumulators | None:
        """The accumulators with the last event of `seen` added, which is the only new one.

        None where its coming changes more than its own newness, or the updater does not add: then
        all is weighed anew.
        """
        if not isinstance(self.heart.updater, Additive) or not self._only_newer(seen):
            return None
        confidence = self.heart.confidence
        constant, faded = self._accumulators.constant, self._accumulators.faded
        last = slice(-1, None)
        undated = confidence.undated(seen.values[last], seen.kinds[last])
        support = self.heart.support(seen.items[last], seen.values[last], undated)
        event = (
            self.heart.terms.features[seen.items[-1]],
            float(support.targets[0]),
            float(support.precisions[0]),
        )
        if confidence.recency == "none":
            return Accumulators(observe(constant, *event), faded)
        since = 1.0
        if confidence.recency == "clock" and len(self.seen) and not np.isnan(seen.times[-1]):
            since = (seen.times[-1] - float(np.nanmax(self.seen.times))) / SECONDS_A_DAY
        faded = faded.scaled(confidence.rho**since)
        return Accumulators(observe(constant, *event), observe(faded, *event))

    @cached_property
    def _accumulators(self) -> Accumulators:
        if self._given is not None:
            return self._given
        heart, confidence = self.heart, self.heart.confidence
        assert isinstance(heart.updater, Additive)
        nothing = nothing_seen(heart.terms.d)
        if not len(self.seen):
            return Accumulators(nothing, nothing)
        constant = heart.support(self.seen.items, self.seen.values, self._undated)
        if confidence.recency == "none":
            return Accumulators(heart.updater.gather(heart.terms, constant), nothing)
        faded = self._undated * confidence.rho ** self._ages(self._present, None)
        return Accumulators(
            heart.updater.gather(heart.terms, constant),
            heart.updater.gather(
                heart.terms, heart.support(self.seen.items, self.seen.values, faded)
            ),
        )

    def _only_newer(self, seen: Seen) -> bool:
        """True if the last event changes nothing but to come after all others, looked at as it
        comes.

        Then two accumulators, one constant and one decayed to the newest event's moment, take it
        in by a scaling and a rank-one addition. A fixed `now`, an event that came late, or, where
        a clock tells ages, an event without one ask for all weights anew.
        """
        if seen.came[-1] != len(seen) - 1:
            return False
        recency = self.heart.confidence.recency
        if recency == "none":
            return True
        undated = np.isnan(seen.times).any()
        by_place = recency == "place"  # where what comes last makes all others older by one
        return self.now is None and bool(by_place or not undated)

    @cached_property
    def _undated(self) -> Float[np.ndarray, " event"]:
        return self.heart.confidence.undated(self.seen.values, self.seen.kinds)

    @property
    def _present(self) -> Bool[np.ndarray, " event"]:
        return np.ones(len(self.seen), dtype=bool)

    def _ages(
        self, counted: Bool[np.ndarray, " event"], now: float | None
    ) -> Float[np.ndarray, " event"]:
        places = np.arange(len(self.seen))
        return ages(self.seen.times, places, counted, self.heart.confidence.recency, now)

    def _scores_without(self, gone: Int[np.ndarray, " out"], row: int) -> Float[np.ndarray, " out"]:
        heart, seen = self.heart, self.seen
        present = gone[:, None] != np.arange(len(seen))  # (out, event)
        places = places_without(seen.times, seen.came, gone)
        old = ages(seen.times[None, :], places, present, heart.confidence.recency, self.now)
        weights = present * self._undated * heart.confidence.of_age(old)
        support = heart.support(seen.items[None, :], seen.values[None, :], weights)
        adapted = heart.updater.adapt(heart.terms, support, self.prior)
        own = heart.scores_of(Believed(adapted), np.full((len(gone), 1), row))[:, 0]
        if heart.evidence is None:
            return own
        told = heart.evidence.reasons(seen.items, self._told_ages(present, places), row)
        others = sum((present * said).sum(axis=1) for said in told.values())
        return own + others + heart.evidence.base(row, len(seen) - 1)

    def _told_ages(
        self, counted: Bool[np.ndarray, "*out event"], places: Int[np.ndarray, "*#out event"]
    ) -> Float[np.ndarray, "*out event"]:
        """How many events ago each one came, as tables hear it."""
        evidence, by_place = self.heart.evidence, self.heart.confidence.recency == "place"
        heard = "place" if evidence is not None and evidence.ordered else "none"
        return ages(self.seen.times, places, counted, heard, self.now if by_place else None)


def _empty(support: Support) -> Support:
    return Support(support.rows[:0], support.targets[:0], support.precisions[:0])
