"""Everybody's own model, kept in memory for as long as nothing changed; the store is the truth."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metarec.contracts import DataError, Event, Recommender
from metarec.contracts.printing import counted
from metarec.serving.cursors import Cursor, StaleCursor
from metarec.serving.following import Following
from metarec.serving.metrics import PEOPLE_ASKED
from metarec.serving.models import Served
from metarec.serving.person import Person, known_events, known_person
from metarec.serving.store import Store
from metarec.serving.store.people import Moment

MEMORY_BYTES = 256 * 2**20
"""What all people together may take, about."""
BYTES_AN_ITEM = 32
"""What a person keeps of each item, about: scores of two heads, and of their sum."""
MOST_PEOPLE = 20_000


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """A person as they were when the store was last asked."""

    served: Served
    person: Person
    events: list[Event]
    newest: int
    profile: int
    notes: list[str]
    """What of them the model cannot read, and leaves out."""

    def holds(self, served: Served, moment: Moment) -> bool:
        """True where nothing has changed since."""
        return self.served is served and (self.newest, len(self.events), self.profile) == (
            moment.newest,
            moment.events,
            moment.profile,
        )


class People:
    """People by their ids. A change is seen by the numbers of a `Moment`: in whichever process it
    was told, the next answer knows of it."""

    def __init__(self, store: Store, following: Following) -> None:
        self._store, self._following = store, following
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._lock = threading.Lock()
        self._receipt = 0

    def __len__(self) -> int:
        return len(self._known)

    def of(self, user_id: str) -> Known:
        """The person with all that was told of them so far."""
        moment = self._store.moment(user_id)
        served = self._following.current(moment.activation, moment.item_change)
        with self._lock:
            if moment.receipt > self._receipt:  # somebody was forgotten: here, too
                self._known.clear()
                self._receipt = moment.receipt
            known = self._known.get(user_id)
            if known is not None and known.holds(served, moment):
                self._known.move_to_end(user_id)
                PEOPLE_ASKED.labels("kept").inc()
                return known
        PEOPLE_ASKED.labels("adapted").inc()
        known = self._adapted(user_id, served, moment, known)
        with self._lock:
            if moment.receipt == self._receipt:
                self._known[user_id] = known
                self._known.move_to_end(user_id)
                while len(self._known) > most_people(len(served.model.catalogue)):
                    self._known.popitem(last=False)
        return known

    def as_of(self, user_id: str, now: Known, then: Cursor) -> Known:
        """The person as they were when a list of theirs began; raises StaleCursor where the store
        does not hold that any more."""
        if now.profile != then.profile:
            raise StaleCursor("the profile of the person was put anew")
        if (now.newest, len(now.events)) == (then.newest, then.events):
            return now
        kept = self._store.history(user_id)
        events = [one.event for one in kept if one.number <= then.newest]
        if len(events) != then.events:  # erased, merged, or committed late
            raise StaleCursor("the person's events of before have changed")
        profile = self._store.profile(user_id) if then.profile else None
        return _known(now.served, events, then.newest, then.profile, profile)

    def _adapted(self, user_id: str, served: Served, moment: Moment, before: Known | None) -> Known:
        """The person made anew of all events; those that were read before are not read again."""
        events, after = list[Event](), 0
        if before is not None and len(before.events) <= moment.events:
            events, after = list(before.events), before.newest
        more = self._store.history(user_id, after)
        if len(events) + len(more) < moment.events:  # one was committed late, or a session came
            events, after, more = [], 0, self._store.history(user_id)
        events += [kept.event for kept in more]
        newest = more[-1].number if more else after
        profile = self._store.profile(user_id) if moment.profile else None
        return _known(served, events, newest, moment.profile, profile)


def _known(
    served: Served,
    events: list[Event],
    newest: int,
    revision: int,
    profile: Mapping[str, Any] | None,
) -> Known:
    heard = known_events(served.model, events)
    person, notes = with_profile(served.model, heard, profile)
    notes += left_out(len(events) - len(heard))
    return Known(served, person, events, newest, revision, notes)


def most_people(n_items: int) -> int:
    """How many people are kept, by the size of the catalogue."""
    return max(16, min(MOST_PEOPLE, MEMORY_BYTES // (BYTES_AN_ITEM * max(1, n_items))))


def with_profile(
    model: Recommender, events: Sequence[Event], profile: Mapping[str, Any] | None
) -> tuple[Person, list[str]]:
    """The person with the profile that was put for them; without it, and a note, where the model
    that answers now cannot read it."""
    try:
        return known_person(model, events, profile), []
    except DataError as error:
        if not profile:
            raise
        return known_person(model, events), [f"the profile is left out: {error}"]


def left_out(events: int) -> list[str]:
    """A note of events that the model cannot read, where there are any."""
    said = f"{counted(events, 'event')} on items that the model does not know"
    return [said] if events else []


def unread(events: Sequence[Event]) -> list[str]:
    """A note of contexts and words of events that are kept nowhere, where there are any."""
    said = [name for name in ("context", "text") if any(getattr(e, name) for e in events)]
    if not said:
        return []
    return [f"no model reads the {' or the '.join(said)} of events; told of a user they are kept"]
