"""Is a store sound: the file, the layout, every event, and everybody's model made anew from it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from metarec.contracts import DataError, Event
from metarec.contracts.printing import counted, listed
from metarec.serving.store.events import hashed, kept_of, parts_of
from metarec.serving.store.migrating import newest, revision_of
from metarec.serving.store.people import with_owners
from metarec.serving.store.store import Store
from metarec.serving.store.tables import ERASED_KEYS, EVENTS

Rebuild = Callable[[list[Event]], int]
"""Makes one person anew; how many of their events the model cannot read."""


@dataclass(frozen=True)
class Verified:
    """What was looked at, and what is wrong."""

    people: int
    events: int
    rebuilt: int
    """People whose model was made anew from their events."""
    unknown: int
    """Events that were left out of it, on items that the model does not know."""
    problems: tuple[str, ...]

    def __str__(self) -> str:
        told = f"{counted(self.events, 'event')} of {counted(self.people, 'person', 'people')}"
        rebuilt = f", {self.rebuilt:,} rebuilt" if self.rebuilt else ""
        if self.unknown:
            rebuilt += f" without {counted(self.unknown, 'event')} on items that the model lacks"
        return f"{told}{rebuilt}: {listed(self.problems) or 'sound'}"


def verify(store: Store, rebuild: Rebuild | None = None) -> Verified:
    """Read all that the store holds, and with `rebuild` make every person anew from it.

    What a service keeps in memory is no more than that, so a store that is sound loses nothing.
    """
    with store.database.snapshot() as connection:
        problems = [*_file(connection, store), *_erased(connection, store)]
        asked = with_owners(*EVENTS.columns).order_by("owner", EVENTS.c.id)
        people = events = rebuilt = unknown = 0
        for user_events in _by_user(connection, asked, problems):
            people, events = people + 1, events + len(user_events)
            if rebuild is None:
                continue
            try:
                unknown += rebuild(user_events)
                rebuilt += 1
            except DataError as error:
                problems.append(f"person {people} cannot be rebuilt: {error}")
    return Verified(people, events, rebuilt, unknown, tuple(problems))


def _file(connection: sa.Connection, store: Store) -> Iterator[str]:
    if (at := revision_of(connection)) != newest():
        yield f"the layout is {at}, this version's is {newest()}"
    if store.database.kind == "sqlite":
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        yield from (f"SQLite: {said}" for said in found if said != "ok")


def _erased(connection: sa.Connection, store: Store) -> Iterator[str]:
    """Events that were erased and are there all the same."""
    erased = set(connection.execute(sa.select(ERASED_KEYS.c.hash)).scalars())
    if erased:
        keys = connection.execute(sa.select(EVENTS.c.key)).scalars().all()
        back = sum(hashed(key, store.secret) in erased for part in parts_of(keys) for key in part)
        if back:
            yield f"{counted(back, 'erased event')} came back"


def _by_user(
    connection: sa.Connection, asked: sa.Select[Any], problems: list[str]
) -> Iterator[list[Event]]:
    """Each person's events; a row that is no event is told and left out."""
    whose, own = None, list[Event]()
    for row in connection.execute(asked):
        if row.owner != whose and own:
            yield own
            own = []
        whose = row.owner
        try:
            own.append(Event.of(kept_of(row).event))
        except (DataError, ValueError) as error:
            problems.append(f"event {row.id}: {error}")
    if own:
        yield own
