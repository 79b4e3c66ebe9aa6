"""One person under whatever model answers: what it can do, and a clear no where it cannot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Unpack, runtime_checkable

import numpy as np

from metarec.contracts import (
    DataError,
    Event,
    EventLike,
    Filters,
    Outlook,
    Recommendations,
    Recommender,
    UnsupportedError,
)
from metarec.contracts.alignment import with_rating
from metarec.meta import Explanation, RankBy
from metarec.meta.abilities import Adapts, Asks
from metarec.ranking.reranking import one_by_one


class Person(Protocol):
    """What the service asks about one person."""

    def recommend(
        self, k: int, *, rank_by: RankBy | None = None, **filters: Unpack[Filters]
    ) -> Recommendations:
        """The `k` best items."""
        ...

    def outlook(
        self,
        k: int,
        *,
        draws: int,
        rng: np.random.Generator,
        rank_by: RankBy | None = None,
        **filters: Unpack[Filters],
    ) -> Outlook:
        """What a policy sees of the `k` best items."""
        ...

    def rank(self, ids: Sequence[str], *, rank_by: RankBy | None = None) -> Recommendations:
        """All the named items, best first."""
        ...

    def explain(self, item_id: str, *, rank_by: RankBy | None = None) -> Explanation:
        """Why an item has its score."""
        ...

    def ask(
        self,
        k: int,
        *,
        candidates: Sequence[str] | None = None,
        sure: bool = False,
        at: float | None = None,
    ) -> Recommendations:
        """The `k` items whose answer would tell most."""
        ...


@runtime_checkable
class Checks(Protocol):
    """A model that tells at the door whether it can read an event."""

    def checked(self, raw: EventLike) -> Event:
        """The event with its value; raises DataError where it has none that could be."""
        ...


@dataclass(frozen=True, eq=False)
class Listed:
    """A history under a model that adapts to nobody: it is asked anew each time."""

    model: Recommender
    events: list[Event]

    def recommend(
        self, k: int, *, rank_by: RankBy | None = None, **filters: Unpack[Filters]
    ) -> Recommendations:
        """The `k` best items."""
        self._one_order(rank_by)
        return self.model.recommend([self.events], k, **filters)[0]

    def outlook(
        self,
        k: int,
        *,
        draws: int,
        rng: np.random.Generator,
        rank_by: RankBy | None = None,
        **filters: Unpack[Filters],
    ) -> Outlook:
        """The `k` best items in their order, of which the model tells nothing else."""
        one_by_one(filters)
        found = self.recommend(k, rank_by=rank_by, **filters)
        order = -np.arange(len(found), dtype=np.float64)[None]
        unknown = np.full((1, draws, len(found)), np.nan)
        return Outlook(order, np.full(order.shape, np.nan), unknown, found)

    def rank(self, ids: Sequence[str], *, rank_by: RankBy | None = None) -> Recommendations:
        """All the named items, best first."""
        self._one_order(rank_by)
        return self.model.rank([self.events], ids)[0]

    def explain(self, item_id: str, *, rank_by: RankBy | None = None) -> Explanation:
        """Why an item has its score, which the model cannot tell."""
        raise self._cannot("explain its scores")

    def ask(
        self,
        k: int,
        *,
        candidates: Sequence[str] | None = None,
        sure: bool = False,
        at: float | None = None,
    ) -> Recommendations:
        """The `k` items whose answer would tell most, where the model knows them."""
        if isinstance(self.model, Asks):
            return self.model.ask(self.events, k, candidates=candidates, sure=sure, at=at)
        raise self._cannot("tell what to ask: it does not know how sure it is")

    def _one_order(self, rank_by: RankBy | None) -> None:
        if rank_by is not None:
            raise DataError(f"{type(self.model).__name__} orders by one score; leave rank_by out")

    def _cannot(self, what: str) -> UnsupportedError:
        return UnsupportedError(f"{type(self.model).__name__} cannot {what}; a MetaRecommender can")


def known_person(
    model: Recommender, events: Sequence[Event], profile: Mapping[str, Any] | None = None
) -> Person:
    """The person who did these events, all on items that the model knows."""
    if isinstance(model, Adapts):
        person: Any = model.adapt(events, profile=profile)
        return person
    if profile:
        raise DataError(f"{type(model).__name__} reads no profiles; leave the profile out")
    return Listed(model, list(events))


def check_profile(model: Recommender, profile: Mapping[str, Any]) -> None:
    """Raise DataError for a profile that a model with profiles cannot read; another reads none."""
    if getattr(model, "profile_columns", ()):
        known_person(model, [], profile)


def kinds_of(person: Person) -> set[str]:
    """The kinds of the events that a person did."""
    events = person.events if isinstance(person, Listed) else getattr(person, "came", ())
    return {event.kind for event in events if event.kind is not None}


def known_events(model: Recommender, events: Sequence[Event]) -> list[Event]:
    """The events on items that the model knows."""
    row_of = model.catalogue.row_of
    return [event for event in events if event.item in row_of]


def rebuilding(model: Recommender) -> Callable[[list[Event]], int]:
    """Makes one person of a model anew from their events, as an answer does; how many of these are
    on items that the model does not know."""
    if not isinstance(model, Adapts):
        raise DataError(f"{type(model).__name__} keeps nothing of a person; leave the model out")

    def rebuild(events: list[Event]) -> int:
        heard = known_events(model, events)
        known_person(model, heard).recommend(1)
        return len(events) - len(heard)

    return rebuild


def check_event(model: Recommender, event: Event) -> None:
    """Raise DataError for an event that the model could never read, whatever its item."""
    if isinstance(model, Checks):
        model.checked(event)
    elif model.predicts_ratings:
        with_rating(Event.of(event))
    else:
        Event.of(event)
