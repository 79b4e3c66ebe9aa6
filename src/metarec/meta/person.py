"""A model adapted to one history: scores, ranks, reasons, and what to ask next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from metarec.contracts import (
    DataError,
    Event,
    EventLike,
    Predictions,
    Recommendations,
)
from metarec.meta.asking import most_telling
from metarec.meta.heart import Heart
from metarec.meta.weighing import SECONDS_A_DAY, ages_of
from metarec.posterior import Posterior, Prior, Statistics, condition, gather, nothing_seen, observe
from metarec.recommenders.histories import candidate_rows, checked_flag, list_length
from metarec.recommenders.ranking import best_rows

if TYPE_CHECKING:
    from metarec.meta.recommender import MetaRecommender


@dataclass(frozen=True, eq=False)
class Seen:
    """A person's events as arrays, oldest first; `items` are rows of the catalogue."""

    items: Int[np.ndarray, " event"]
    values: Float[np.ndarray, " event"]
    kinds: Int[np.ndarray, " event"]
    times: Float[np.ndarray, " event"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why an item has its score: `base` plus the shares is `score`, exactly.

    A share tells how far an event moved the score because it differed from what was expected of
    everyone; an effect is the score minus the score without that event. They are two answers to
    two questions.
    """

    item: str
    score: float
    """Not held inside the rating scale, so that the parts sum to it."""
    base: float
    """The score before any event."""
    events: tuple[Event, ...]
    shares: Float[np.ndarray, " event"]
    effects: Float[np.ndarray, " event"]

    def to_frame(self) -> pl.DataFrame:
        """Columns item_id, value, share, effect; one row an event, largest share first."""
        return pl.DataFrame(
            {
                "item_id": [event.item for event in self.events],
                "value": [event.value for event in self.events],
                "share": self.shares,
                "effect": self.effects,
            },
            schema_overrides={"item_id": pl.String, "value": pl.Float64},
        ).sort(pl.col("share").abs(), descending=True)


class Person:
    """One history under one model version: a value that is never changed in place.

    `observe` and `forget` give new persons, equal to adapting on that history.
    """

    def __init__(
        self,
        model: "MetaRecommender",
        events: tuple[Event, ...],
        profile: Mapping[str, Any] | None,
        now: float | None,
        *,
        _statistics: "tuple[Statistics, Statistics] | None" = None,
    ) -> None:
        self.model = model
        self.events = events
        self.profile = profile
        self.now = now
        self._given = _statistics

    def recommend(
        self,
        k: int = 10,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[str] | None = None,
    ) -> Recommendations:
        """The `k` best items, best first; fewer where fewer can be recommended."""
        k = list_length(k, self.model.catalogue)
        scores = self._scores.copy()
        if checked_flag("exclude_seen", exclude_seen):
            scores[self._seen.items] = np.nan
        allowed = candidate_rows(candidates, self.model.catalogue)
        best = best_rows(scores[None, :], k, allowed, self.model.catalogue.ties)[0]
        best = best[best >= 0]
        stds, _ = self._heart.stds(self.posterior.variance(self._heart.features[best]), best)
        shown = np.clip(scores[best], *self._heart.scale)
        return Recommendations(self.model.catalogue.ids, best, shown, stds)

    def score(self, ids: Sequence[str]) -> Float[np.ndarray, " item"]:
        """The score of each named item, held inside the rating scale; NaN where unknown."""
        rows = self._rows(ids)
        shown = np.clip(self._scores[rows], *self._heart.scale)
        return np.where(rows < 0, np.nan, shown)

    def predict(self, ids: Sequence[str]) -> Predictions:
        """Score, std of the expected value and std of what would be observed of each named item."""
        rows = self._rows(ids)
        variance = self.posterior.variance(self._heart.features[rows])
        std, predictive = self._heart.stds(variance, rows)
        unknown = rows < 0
        return Predictions(
            self.score(ids), np.where(unknown, np.nan, std), np.where(unknown, np.nan, predictive)
        )

    def explain(self, item_id: str) -> Explanation:
        """Why `item_id` has its score; raises DataError for an unknown item."""
        row = int(self._rows([item_id])[0])
        if row < 0:
            raise DataError(f"item {item_id!r} is not in the catalogue; add it with add_items")
        heart, feature = self._heart, self._heart.features[row]
        factor = heart.kappa if heart.implicit else 1.0
        support = heart.features[self._seen.items]
        influence = self.posterior.influence(feature[None], support, self._precisions)[0]
        base = heart.offsets[row] + factor * float(feature @ self._prior.mean)
        shares = factor * influence * self._residuals
        score = float(self._scores[row])
        effects = score - self._scores_without_each(row) if len(self.events) else np.zeros(0)
        return Explanation(item_id, score, float(base), self.events, shares, effects)

    def ask(
        self, k: int = 5, *, candidates: Sequence[str] | None = None, sure: bool = False
    ) -> Recommendations:
        """The `k` items whose answer would tell most about this person, the most telling first.

        `scores` hold the share of what is not known about a newcomer that the answer is expected to
        remove, in the scores of all items on offer and in their order, weighted by how likely an
        answer is. With `sure` every candidate gets an answer and only candidates count, as where
        the person is known to have had them all.
        """
        catalogue = self.model.catalogue
        k = list_length(k, catalogue)
        allowed = candidate_rows(candidates, catalogue)
        shown = allowed if sure else candidate_rows(None, catalogue)
        questions = np.setdiff1d(allowed, self._seen.items)
        rows, gains = most_telling(
            self._heart, self.posterior, catalogue, questions, shown, k, sure=sure
        )
        return Recommendations(self.model.catalogue.ids, rows, gains, np.full(len(rows), np.nan))

    def observe(
        self,
        item: EventLike,
        value: float | None = None,
        kind: str | None = None,
        t: float | None = None,
    ) -> "Person":
        """The person after one more event; where nothing but its newness counts, by one addition.

        `value` is needed for ratings and 1 for implicit events, unless `item` is a whole event.
        """
        if isinstance(item, str):
            given: EventLike = item if value is None else (item, value, kind, t)
            if value is None and (kind is not None or t is not None):
                given = Event(item, 1.0, kind, t)
        elif value is None and kind is None and t is None:
            given = item
        else:
            raise DataError("give either one whole event, or an id with its value, kind and t")
        event = self.model.checked(given)
        if event.item not in self.model.catalogue.row_of:
            raise DataError(f"item {event.item!r} is not in the catalogue; add it with add_items")
        if not self._only_newer(event):
            return self.model.adapt([*self.events, event], profile=self.profile, now=self.now)
        return Person(
            self.model,
            (*self.events, event),
            self.profile,
            self.now,
            _statistics=self._observed(event),
        )

    def forget(self, item_id: str) -> "Person":
        """The person re-solved without any event of the item: equal to never having seen it."""
        kept = tuple(event for event in self.events if event.item != item_id)
        if len(kept) == len(self.events):
            raise DataError(f"this person has no event on item {item_id!r}")
        return Person(self.model, kept, self.profile, self.now)

    @cached_property
    def posterior(self) -> Posterior:
        """N(w̄, A⁻¹): this person's weights."""
        if self._given is not None:
            return condition(self._prior, self._weighed(*self._given))
        if not self.events:
            return condition(self._prior, nothing_seen(self._heart.d))
        features = self._heart.features[self._seen.items]
        return condition(self._prior, gather(features, self._residuals, self._precisions))

    @property
    def _heart(self) -> Heart:
        return self.model.heart

    @cached_property
    def _prior(self) -> Prior:
        return self._heart.prior(self.model.profile_features(self.profile))

    @cached_property
    def _seen(self) -> Seen:
        row_of, kind_row = self.model.catalogue.row_of, self._heart.kind_row
        return Seen(
            np.array([row_of[event.item] for event in self.events], dtype=np.int64),
            np.array([event.value for event in self.events], dtype=np.float64),
            np.array([kind_row.get(event.kind or "", -1) for event in self.events], dtype=np.int64),
            np.array([np.nan if e.t is None else e.t for e in self.events], dtype=np.float64),
        )

    @cached_property
    def _newest(self) -> float:
        """The moment of the newest event, in the unit of the model's recency."""
        if self._heart.recency != "clock":
            return len(self.events) - 1.0
        known = self._seen.times[~np.isnan(self._seen.times)]
        return float(known.max()) if len(known) else 0.0

    @cached_property
    def _residuals(self) -> Float[np.ndarray, " event"]:
        return self._heart.residuals(self._seen.items, self._seen.values, self._prior.mean)

    @cached_property
    def _undated(self) -> Float[np.ndarray, " event"]:
        seen = self._seen
        return self._heart.precisions(seen.items, seen.values, seen.kinds)

    def _ages(self, now: float) -> Float[np.ndarray, " event"]:
        places = np.arange(len(self.events))
        return ages_of(self._seen.times, places, now, self._heart.recency)

    @cached_property
    def _precisions(self) -> Float[np.ndarray, " event"]:
        """Confidence over noise of each event as it counts now."""
        now = self._newest if self.now is None else self.now
        return self._undated * self._heart.weight(self._ages(now))

    def _only_newer(self, event: Event) -> bool:
        """True if the event changes nothing but to come after all others, looked at as it comes.

        Then two accumulators, one constant and one decayed to the newest event's moment, take it
        in by a scaling and a rank-one addition. A fixed `now`, an event that came late, or events
        without a clock among others ask for all weights anew.
        """
        if self._heart.recency == "none":
            return True
        if self.now is not None:
            return False
        if self._heart.recency == "place":
            return all(e.t is None for e in (*self.events, event)) or self._in_order(event)
        return self._in_order(event)

    def _in_order(self, event: Event) -> bool:
        """True if all events have a clock and this one's is not before any of them."""
        times = [e.t for e in (*self.events, event)]
        return None not in times and event.t == max(t for t in times if t is not None)

    @cached_property
    def _statistics(self) -> tuple[Statistics, Statistics]:
        """Statistics of undated events, and of events decayed to the newest one's moment."""
        if self._given is not None:
            return self._given
        if not self.events:
            return nothing_seen(self._heart.d), nothing_seen(self._heart.d)
        features = self._heart.features[self._seen.items]
        constant = gather(features, self._residuals, self._undated)
        if self._heart.recency == "none":
            return constant, nothing_seen(self._heart.d)
        faded = self._undated * self._heart.rho ** self._ages(self._newest)
        return constant, gather(features, self._residuals, faded)

    def _weighed(self, constant: Statistics, faded: Statistics) -> Statistics:
        heart = self._heart
        if heart.recency == "none":
            return constant
        return constant.scaled(heart.eps) + faded.scaled(1 - heart.eps)

    def _observed(self, event: Event) -> tuple[Statistics, Statistics]:
        heart, row = self._heart, self.model.catalogue.row_of[event.item]
        items, values = np.array([row]), np.array([event.value])
        kinds = np.array([heart.kind_row.get(event.kind or "", -1)])
        precision = float(heart.precisions(items, values, kinds)[0])
        residual = float(heart.residuals(items, values, self._prior.mean)[0])
        constant, faded = self._statistics
        feature = heart.features[row]
        constant = observe(constant, feature, residual, precision)
        if heart.recency == "none":
            return constant, faded
        if heart.recency == "place" or event.t is None or not self.events:
            since = 1.0
        else:
            since = (event.t - self._newest) / SECONDS_A_DAY
        return constant, observe(faded.scaled(heart.rho**since), feature, residual, precision)

    @cached_property
    def _scores(self) -> Float[np.ndarray, " item"]:
        """Scores of the whole catalogue, not held inside the scale."""
        return self._heart.scores(self.posterior.mean)[: len(self.model.catalogue)]

    def _rows(self, ids: Iterable[str]) -> Int[np.ndarray, " item"]:
        if isinstance(ids, str):
            raise DataError("ids must be a sequence of item ids, got one string")
        return self.model.catalogue.index(ids)

    def _scores_without_each(self, row: int) -> Float[np.ndarray, " event"]:
        """The score of one item after leaving out each event in turn, the others as they are."""
        n = len(self.events)
        features = self._heart.features[self._seen.items]
        present = 1.0 - np.eye(n)  # (left out, event)
        ages = self._ages_without_each(present)
        precisions = present * self._undated * self._heart.weight(ages)
        shape = (n, *features.shape)
        seen = gather(
            np.broadcast_to(features, shape), np.broadcast_to(self._residuals, (n, n)), precisions
        )
        weights = condition(self._prior, seen).mean
        inner = weights @ self._heart.features[row]
        return (self._heart.kappa * inner if self._heart.implicit else inner) + self._heart.offsets[
            row
        ]

    def _ages_without_each(
        self, present: Float[np.ndarray, "out event"]
    ) -> Float[np.ndarray, "out event"]:
        """Ages when one event is left out: the places of the others close the gap."""
        places = np.cumsum(present, axis=1) - 1
        if self._heart.recency == "clock":
            times = np.where(present > 0, self._seen.times, np.nan)
            known = ~np.isnan(times)
            newest = np.where(known, times, -np.inf).max(axis=1, initial=-np.inf)
            newest = np.where(np.isfinite(newest), newest, 0.0)
        else:
            newest = np.full(len(present), len(present) - 2.0)
        now = newest if self.now is None else np.full(len(present), self.now)
        times = np.broadcast_to(self._seen.times, present.shape)
        return ages_of(times, places, now[:, None], self._heart.recency)
