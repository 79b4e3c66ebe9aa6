"""A model adapted to one history: scores, ranks, reasons, and what to ask next."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, Unpack

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import (
    Catalogue,
    DataError,
    Event,
    EventKinds,
    EventLike,
    Filters,
    Outlook,
    Predictions,
    Recommendations,
    Vocabulary,
    whole_number,
)
from metarec.contracts.event_kinds import ANY_KIND
from metarec.contracts.vocabulary import forms_told
from metarec.meta.adaptation import Accumulators, Adaptation
from metarec.meta.asking import most_telling
from metarec.meta.drawing import drawn_scores, stds_of
from metarec.meta.explanation import Explanation
from metarec.meta.heart import Heart
from metarec.meta.ordering import Ordering, RankBy, Ranking
from metarec.meta.refusals import told_order
from metarec.meta.seen import Seen
from metarec.meta.updaters import Adapted
from metarec.ranking.candidates import candidate_rows, checked_ids, list_length
from metarec.ranking.exclusions import OwnEvents, excluding_seen
from metarec.ranking.given import given_rows, unknown_item, whole_order
from metarec.ranking.reranking import one_by_one
from metarec.ranking.wanted import Wanted
from metarec.training.streams import Purpose, stream


class Model(Protocol):
    """What a person needs of the model that they were adapted by."""

    hearts: Mapping[str, Heart]
    event_kinds: EventKinds
    shows_seen: bool

    def ordering(self, rank_by: RankBy | None = None) -> Ordering:
        """By what lists are ordered."""
        ...

    @property
    def heart(self) -> Heart:
        """The first head: of ratings where there are some."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """The items that can be ranked."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of events that the model knows."""
        ...

    def item_vectors(self) -> Float[np.ndarray, "item d"]:
        """Directions of the items by which they are alike."""
        ...

    def checked(self, raw: EventLike) -> Event:
        """The event that `raw` stands for, with its value."""
        ...

    def profile_features(
        self, profile: Mapping[str, Any] | None
    ) -> Float[np.ndarray, " d_profile"] | None:
        """The features of one profile."""
        ...


class Person:
    """One history under one model version: a value that is never changed in place.

    `observe` and `forget` give new persons, equal to adapting on that history.
    """

    def __init__(
        self,
        model: Model,
        came: tuple[Event, ...],
        profile: Mapping[str, Any] | None,
        now: float | None,
        *,
        _accumulators: Mapping[str, Accumulators | None] | None = None,
    ) -> None:
        self.model = model
        self.came = came
        """The events in the order in which they came, each with its value."""
        self.profile = profile
        self.now = now
        self._accumulators = _accumulators or {}

    def __repr__(self) -> str:
        known = f", profile {dict(self.profile)}" if self.profile else ""
        refused = int(self._seen.refused.sum())
        told = f", {refused} of them negative" if refused else ""
        if refused and not self._hears_refusals:
            told += " and left out"
        return f"Person({len(self.came)} events{told}{known})"

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events that count, in the order of their clock; an undated one keeps its place. Where
        the model hears no events that speak against their item, these are in `came` alone."""
        return tuple(self.came[place] for place in self._seen.came[self._counts])

    def recommend(
        self,
        k: int = 10,
        *,
        rank_by: RankBy | None = None,
        **filters: Unpack[Filters],
    ) -> Recommendations:
        """The `k` best items, best first; fewer where fewer can be recommended.

        What the person has a negative event on is never among them. A model of ratings orders by
        what the person would choose and by how they would like it (`rank_by="both"`), or by one of
        them ("choice", "rating"); the expected ratings stand beside the scores.
        """
        return self._best(k, self._ranking(rank_by), filters)[0]

    def outlook(
        self,
        k: int = 200,
        *,
        draws: int = 0,
        rng: int | np.random.Generator = 0,
        rank_by: RankBy | None = None,
        **filters: Unpack[Filters],
    ) -> Outlook:
        """What a policy sees of the `k` best items: the scores by which lists are ordered, not held
        inside a scale, their standard deviations, and as many `draws` of all scores.

        Filters act as in `recommend`, but for those that weigh a list as a whole (`diversity`,
        `at_most`), of which nobody could say how likely it is.
        """
        one_by_one(filters)
        whole_number("draws", draws, 0)
        random = rng if isinstance(rng, np.random.Generator) else stream(rng, Purpose.DRAWS)
        ranking = self._ranking(rank_by)
        found, lifted = self._best(k, ranking, filters)
        shift = lifted - ranking.scores[found.items]
        drawn = drawn_scores(ranking, found.items, draws, random) + shift
        return Outlook(lifted[None], stds_of(ranking, found.items)[None], drawn[None], found)

    def _best(
        self, k: int, ranking: Ranking, filters: Filters
    ) -> tuple[Recommendations, Float[np.ndarray, " item"]]:
        """The best items, and the numbers that they are ordered by."""
        catalogue = self.model.catalogue
        scores = ranking.scores[: len(catalogue)].copy()
        asked = excluding_seen(filters, self.model.shows_seen)
        events = self._own_events(any_kind=asked is True)
        wanted = Wanted.of(
            k,
            filters,
            catalogue,
            kinds=(*self.model.kinds, *events.kind_names),
            vectors=self.model.item_vectors,
            event_kinds=self.model.event_kinds,
            shows_seen=self.model.shows_seen,
        )
        found, missing = wanted.best(scores[None, :], events)
        best = found[0][found[0] >= 0]
        ratings, stds = self._beside(ranking, best)
        answer = Recommendations(
            catalogue.vocabulary,
            best,
            ranking.ordering.shown(scores[best], self.model.hearts),
            stds,
            catalogue,
            None,
            wanted.asked,
            missing,
            ratings,
        )
        return answer, wanted.lifted(scores[None, :])[0, best]

    def rank(self, ids: Sequence[str], *, rank_by: RankBy | None = None) -> Recommendations:
        """All the named items, best first, whatever was seen or retired; what is unknown last."""
        catalogue, ranking = self.model.catalogue, self._ranking(rank_by)
        named, rows = given_rows(ids, catalogue)
        scores = np.where(rows < 0, np.nan, ranking.scores[rows])
        order = whole_order(scores[None, :], rows, catalogue)[0]
        unknown = rows[order] < 0
        ratings, stds = self._beside(ranking, np.maximum(rows[order], 0))
        return Recommendations(
            named,
            order,
            ranking.ordering.shown(scores[order], self.model.hearts),
            np.where(unknown, np.nan, stds),
            catalogue,
            None,
            len(named),
            ratings=None if ratings is None else np.where(unknown, np.nan, ratings),
        )

    def score(
        self, ids: Sequence[str], *, rank_by: RankBy | None = None
    ) -> Float[np.ndarray, " item"]:
        """The score of each named item, by which lists are ordered; NaN where unknown.

        By "rating" it is held inside the rating scale.
        """
        rows = self._rows(checked_ids("ids", ids))
        ranking = self._ranking(rank_by)
        shown = ranking.ordering.shown(ranking.scores[rows], self.model.hearts)
        return np.where(rows < 0, np.nan, shown)

    def predict(self, ids: Sequence[str]) -> Predictions:
        """Score, std of the expected value and std of what would be observed of each named item.

        Of a model of ratings the scores are the expected ratings, not held inside the scale, so
        that they keep their order.
        """
        rows = self._rows(checked_ids("ids", ids))
        first = self._first
        columns = (first.scores[rows], *first.heart.stds(first.believed, rows))
        return Predictions(*(np.where(rows < 0, np.nan, column) for column in columns))

    def explain(self, item_id: str, *, rank_by: RankBy | None = None) -> Explanation:
        """Why `item_id` has its score; raises DataError for an unknown item."""
        row = int(self._rows([item_id])[0])
        if row < 0:
            raise unknown_item(item_id, self.model.catalogue)
        ranking = self._ranking(rank_by)
        score, base = float(ranking.scores[row]), ranking.base(row)
        kept = self._counts
        reasons = {reason: said[kept] for reason, said in ranking.shares(row).items()}
        effects, together = ranking.effects(row)[kept], ranking.together(row)
        return Explanation(item_id, score, base, self.events, reasons, effects, together)

    def ask(
        self,
        k: int = 5,
        *,
        candidates: Sequence[str] | None = None,
        sure: bool = False,
        rank_by: RankBy | None = None,
        at: float | None = None,
    ) -> Recommendations:
        """The `k` items whose answer would tell most about this person, the most telling first.

        `scores` hold the share of what is not known about a newcomer that the answer is expected to
        remove, in the scores of all items on offer and in their order, weighted by how likely an
        answer is. With `sure` every candidate gets an answer and only candidates count, as where
        the person is known to have had them all. Questions of a model of ratings are about how
        things were liked, unless `rank_by="choice"` asks what tells most of the choice. `at` is
        that of `Filters`.
        """
        catalogue = self.model.catalogue
        k = list_length(k, catalogue)
        allowed = candidate_rows(candidates, catalogue, at)
        shown = allowed if sure else candidate_rows(None, catalogue, at)
        questions = np.setdiff1d(allowed, self._rows(event.item for event in self.came))
        ordering = self.model.ordering(rank_by)
        head = ordering.parts[0].head if rank_by == "choice" else ordering.sure
        asked = self._adaptations[head]
        covariance = asked.adapted.covariance()
        rows, gains = most_telling(
            asked.heart, covariance, catalogue, questions, shown, k, sure=sure
        )
        return Recommendations(catalogue.vocabulary, rows, gains, np.full(len(rows), np.nan))

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
            given: EventLike = Event(item, value, kind, t)
        elif value is None and kind is None and t is None:
            given = item
        else:
            raise DataError("give either one whole event, or an id with its value, kind and t")
        event = self.model.checked(given)
        if event.item not in self.model.catalogue.row_of:
            raise unknown_item(event.item, self.model.catalogue)
        later = Person(self.model, (*self.came, event), self.profile, self.now)
        later._accumulators = {
            name: adaptation.after(later._seen) for name, adaptation in self._adaptations.items()
        }
        return later

    def forget(self, item_id: str) -> "Person":
        """The person re-solved without any event of the item: equal to never having seen it."""
        kept = tuple(event for event in self.came if event.item != item_id)
        if len(kept) == len(self.came):
            own = Vocabulary.of(dict.fromkeys(event.item for event in self.came))
            form = forms_told([item_id], own, "the history")
            told = f"; {form}" if form else ""
            raise DataError(f"this person has no event on item {item_id!r}{told}")
        return Person(self.model, kept, self.profile, self.now)

    def _own_events(self, *, any_kind: bool) -> OwnEvents:
        """The events of this person, with their kinds where these say what may be shown."""
        if any_kind and self.model.event_kinds == ANY_KIND:
            return OwnEvents(self._seen.items, np.full(len(self.came), -1), dated=self._seen.times)
        kinds = [event.kind for event in self.came]
        named = dict.fromkeys(kind for kind in kinds if kind is not None)
        row_of = {kind: row for row, kind in enumerate(named)}
        rows = np.array([-1 if kind is None else row_of[kind] for kind in kinds], dtype=np.int64)
        items = self._rows(event.item for event in self.came)
        times = np.array([np.nan if e.t is None else e.t for e in self.came], dtype=np.float64)
        return OwnEvents(items, rows, tuple(row_of), times)

    @property
    def _counts(self) -> Bool[np.ndarray, " event"]:
        """The events that count, in the order of their clock."""
        return np.asarray(self._hears_refusals | ~self._seen.refused)

    @property
    def _hears_refusals(self) -> bool:
        return any(heart.confidence.hears_refusals for heart in self.model.hearts.values())

    @cached_property
    def _seen(self) -> Seen:
        row_of, kind_row = self.model.catalogue.row_of, self.model.heart.confidence.kind_row
        negative = self.model.event_kinds.negative
        times = np.array([np.nan if e.t is None else e.t for e in self.came], dtype=np.float64)
        refused = np.array([event.kind in negative for event in self.came], dtype=bool)
        order = told_order(np.zeros(len(times), dtype=np.int64), times, refused)
        items = np.array([row_of[event.item] for event in self.came], dtype=np.int64)
        values = np.array([event.value for event in self.came], dtype=np.float64)
        kinds = [-1 if e.kind is None else kind_row.get(e.kind, -1) for e in self.came]
        kind_rows = np.array(kinds, dtype=np.int64)
        columns = (items[order], values[order], kind_rows[order], times[order])
        return Seen(*columns, came=order, refused=refused[order])

    @cached_property
    def _adaptations(self) -> Mapping[str, Adaptation]:
        """What each head of the model believes of this person, by the head's name."""
        profile = self.model.profile_features(self.profile)
        return {
            name: Adaptation(
                heart, self._seen, heart.prior.of(profile), self.now, self._accumulators.get(name)
            )
            for name, heart in self.model.hearts.items()
        }

    @property
    def adapted(self) -> Adapted:
        """What the first head believes of this person's weights."""
        return self._first.adapted

    @property
    def _first(self) -> Adaptation:
        return self._adaptations[self.model.heart.head.name]

    def _ranking(self, rank_by: RankBy | None) -> Ranking:
        return Ranking(self.model.ordering(rank_by), self._adaptations)

    def _beside(
        self, ranking: Ranking, rows: Int[np.ndarray, " item"]
    ) -> tuple[Float[np.ndarray, " item"] | None, Float[np.ndarray, " item"]]:
        """Expected ratings of these items, where the model foretells any, and what stands with ±:
        their standard deviations, or else those of the scores."""
        rating = ranking.ordering.rating
        own = self._adaptations[ranking.ordering.sure]
        stds, _ = own.heart.stds(own.believed, rows)
        return None if rating is None else own.heart.head.shown(own.scores[rows]), stds

    def _rows(self, ids: Iterable[str]) -> Int[np.ndarray, " item"]:
        return self.model.catalogue.index(ids)
