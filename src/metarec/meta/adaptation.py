"""One head of the model, adapted to one history."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts.pieces import pieces
from metarec.meta.evidence import READ, TASTE, Order, Spoken
from metarec.meta.heart import Believed, Heart
from metarec.meta.recency import SECONDS_A_DAY, ages
from metarec.meta.seen import Seen
from metarec.meta.updaters.updater import Adapted, Additive, Support
from metarec.posterior import Prior, Statistics, nothing_seen, observe

CELLS_AT_ONCE = 500_000


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
        self.heart, self.prior, self.now = heart, prior, now
        self.seen = seen if heart.confidence.hears_refusals else seen.taken
        """The events that the head hears."""
        self._all, self._given = seen, accumulators

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
        return self._support(self._undated * self.heart.confidence.of_age(self._ages(self.now)))

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
        taken, ages = self.seen.taken, self._told_ages_of_all
        return Believed(self.adapted, evidence.logits(_spoken_by_one(taken.items, ages))[0])

    def base(self, row: int) -> float:
        """The score of one item that is due to no event; popularity counts by their number."""
        heart, at = self.heart, np.array([row])
        nothing = heart.updater.adapt(heart.terms, _empty(self.support), self.prior)
        own = float(heart.scores_of(Believed(nothing), at)[0])
        if heart.evidence is None:
            return own
        return own + heart.evidence.base(row, len(self.seen.taken))

    def shares(self, row: int) -> dict[str, Float[np.ndarray, " event"]]:
        """What each event moved the score of one item, by reason; all of them sum to all that it
        moved."""
        moved = self.adapted.shares(np.array([row]), self.support)[0]
        heart = self.heart
        shares = {TASTE: self._of_all(heart.trust[row] * heart.head.slope * moved)}
        if heart.evidence is not None:
            told = heart.evidence.reasons(self.seen.taken.items, self._told_ages_of_all, row)
            shares |= {reason: self._of_all(said) for reason, said in told.items()}
        return shares

    def together(self, row: int) -> dict[str, float]:
        """How far what all events say together moved the score of one item, by reason; nothing
        where nothing reads their order."""
        order = self._order
        return {} if order is None else {READ: float(order.moved(self._read, row)[0])}

    def effects(self, row: int) -> Float[np.ndarray, " event"]:
        """The score of one item minus what it would be had each event in turn never come.

        As many events are left out at once as memory allows, each as a person of its own.
        """
        n = len(self.seen)
        without = np.empty(n)
        for part in pieces(n, n * self.heart.terms.d, CELLS_AT_ONCE):
            without[part] = self._scores_without(np.arange(part.start, part.stop), row)
        return self._of_all(float(self.scores[row]) - without)

    def after(self, seen: Seen) -> Accumulators | None:
        """The accumulators with the last event of `seen` added, which is the only new one.

        None where its coming changes more than its own newness, or the updater does not add: then
        all is weighed anew.
        """
        confidence = self.heart.confidence
        if not confidence.hears_refusals:
            if seen.refused[seen.newest]:  # nothing that counts has come
                return self._given
            seen = seen.taken
        if not isinstance(self.heart.updater, Additive) or not self._only_newer(seen):
            return None
        constant, faded = self._accumulators.constant, self._accumulators.faded
        last = slice(-1, None)
        undated = confidence.undated(seen.values[last], seen.kinds[last])
        support = self.heart.support(
            seen.items[last], seen.values[last], undated, seen.refused[last]
        )
        event = (
            self.heart.terms.features[seen.items[-1]],
            float(support.targets[0]),
            float(support.precisions[0]),
        )
        if confidence.recency == "none":
            return Accumulators(observe(constant, *event), faded)
        since, before = 1.0, self.seen.taken.times
        if seen.refused[-1]:
            since = 0.0
        elif confidence.recency == "clock" and len(before) and not np.isnan(seen.times[-1]):
            since = (seen.times[-1] - float(np.nanmax(before))) / SECONDS_A_DAY
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
        constant = self._support(self._undated)
        if confidence.recency == "none":
            return Accumulators(heart.updater.gather(heart.terms, constant), nothing)
        faded = self._undated * confidence.rho ** self._ages(None)
        return Accumulators(
            heart.updater.gather(heart.terms, constant),
            heart.updater.gather(heart.terms, self._support(faded)),
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
        undated, refused = np.isnan(seen.times), self.seen.refused
        if refused.any() and undated.any() and not undated.all():
            return False
        if recency == "place":  # where what comes last makes all others older by one
            return self.now is None
        newest = self.seen.taken.times.max(initial=-np.inf)  # from where all are looked at
        ahead = bool((self.seen.times[refused] > newest).any())
        return self.now is None and not undated.any() and not ahead

    @cached_property
    def _undated(self) -> Float[np.ndarray, " event"]:
        return self.heart.confidence.undated(self.seen.values, self.seen.kinds)

    def _ages(self, now: float | None) -> Float[np.ndarray, " event"]:
        seen = self.seen
        return ages(seen.times, seen.places, ~seen.refused, self.heart.confidence.recency, now)

    def _support(self, weights: Float[np.ndarray, "*person event"]) -> Support:
        """The events that are heard, of these weights."""
        seen = self.seen
        if weights.ndim == 1:
            return self.heart.support(seen.items, seen.values, weights, seen.refused)
        return self.heart.support(
            seen.items[None, :], seen.values[None, :], weights, seen.refused[None, :]
        )

    def _of_all(self, said: Float[np.ndarray, " heard"]) -> Float[np.ndarray, " event"]:
        """What is said by each event that is heard, or by what was taken, with 0 of the others."""
        if len(said) == len(self._all):
            return said
        every = np.zeros(len(self._all))
        every[~self._all.refused] = said
        return every

    def _scores_without(self, gone: Int[np.ndarray, " out"], row: int) -> Float[np.ndarray, " out"]:
        heart, seen = self.heart, self.seen
        present = gone[:, None] != np.arange(len(seen))  # (out, event)
        places = seen.places_without(gone)
        counted = present & ~seen.refused
        old = ages(seen.times[None, :], places, counted, heart.confidence.recency, self.now)
        support = self._support(present * self._undated * heart.confidence.of_age(old))
        adapted = heart.updater.adapt(heart.terms, support, self.prior)
        own = heart.scores_of(Believed(adapted), np.full((len(gone), 1), row))[:, 0]
        if heart.evidence is None:
            return own
        taken, spoken = seen.taken, ~seen.refused
        present, places = present[:, spoken], places[:, spoken]
        told = heart.evidence.reasons(taken.items, self._told_ages(present, places), row)
        others = sum((present * said).sum(axis=1) for said in told.values())
        if self._order is not None:
            others = others + self._order.moved(self._read_without[gone], row)
        n = len(taken)
        base = [heart.evidence.base(row, rest) for rest in (n - 1, n)]
        return own + others + np.where(seen.refused[gone], base[1], base[0])

    @property
    def _order(self) -> Order | None:
        return None if self.heart.evidence is None else self.heart.evidence.order

    @cached_property
    def _read(self) -> Float[np.ndarray, "1 d"]:
        """What the order of the events tells."""
        assert self._order is not None
        return self._order.read(_spoken_by_one(self.seen.taken.items, self._told_ages_of_all))

    @cached_property
    def _read_without(self) -> Float[np.ndarray, "event d"]:
        """The same where each event in turn had never come; of whatever item, so that it is read
        once for all that are explained."""
        assert self._order is not None
        seen, taken = self.seen, self.seen.taken
        read = []
        for part in pieces(len(seen), len(seen), CELLS_AT_ONCE):
            gone = np.arange(part.start, part.stop)
            places = seen.places_without(gone)[:, ~seen.refused]
            places[gone[:, None] == np.flatnonzero(~seen.refused)] = -1
            events = np.argsort(places, axis=1)
            people, at = np.nonzero(np.take_along_axis(places, events, 1) >= 0)
            items = taken.items[events[people, at]]
            read.append(self._order.read(Spoken(people, items, np.zeros(len(items)), len(gone))))
        return np.concatenate(read)

    @property
    def _told_ages_of_all(self) -> Float[np.ndarray, " taken"]:
        """How many events ago each came that speaks for its item, as tables hear it."""
        n = len(self.seen.taken)
        return self._told_ages(np.ones(n, dtype=bool), np.arange(n))

    def _told_ages(
        self, counted: Bool[np.ndarray, "*out event"], places: Int[np.ndarray, "*#out event"]
    ) -> Float[np.ndarray, "*out event"]:
        """How many events ago each one came, as tables hear it."""
        evidence, by_place = self.heart.evidence, self.heart.confidence.recency == "place"
        heard = "place" if evidence is not None and evidence.ordered else "none"
        times = self.seen.taken.times
        return ages(times, places, counted, heard, self.now if by_place else None)


def _spoken_by_one(items: Int[np.ndarray, " event"], ages: Float[np.ndarray, " event"]) -> Spoken:
    return Spoken(np.zeros(len(items), dtype=np.int64), items, ages, 1)


def _empty(support: Support) -> Support:
    return Support(support.rows[:0], support.targets[:0], support.precisions[:0])
