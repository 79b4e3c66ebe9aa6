"""How much a store holds, and how much of a catalogue its recorded lists showed of late."""

import json
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from metarec.serving.store.database import Database
from metarec.serving.store.tables import EVENTS, IMPRESSIONS, MERGES, PROFILES, RECEIPTS

LISTS = 1_000
"""The newest recorded lists, of which coverage is told."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a store holds."""

    events: int
    people: int
    """Who has an event; a merged session is its user."""
    profiles: int
    lists: int
    forgotten: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What the newest recorded lists showed."""

    lists: int
    items: int
    since: float | None
    """When the oldest of them was shown, in seconds; None without any."""


def counts_of(database: Database) -> Counts:
    """Count everything: it reads an index of each table from end to end."""
    ids = sa.select(EVENTS.c.user_id).distinct().subquery()
    owner = sa.func.coalesce(MERGES.c.user_id, ids.c.user_id)
    people = sa.select(sa.func.count(owner.distinct())).outerjoin_from(
        ids, MERGES, MERGES.c.session_id == ids.c.user_id
    )
    rows = [sa.select(sa.func.count()).select_from(t) for t in (EVENTS, PROFILES, IMPRESSIONS)]
    asked = [*rows, people, sa.select(sa.func.count()).select_from(RECEIPTS)]
    with database.reading() as connection:
        found = connection.execute(sa.select(*(each.scalar_subquery() for each in asked))).one()
    events, profiles, lists, owners, forgotten = map(int, found)
    return Counts(events, owners, profiles, lists, forgotten)


def shown_of_late(database: Database, known: Collection[str], lists: int = LISTS) -> Shown:
    """How many of the known items stand in so many of the newest recorded lists."""
    asked = sa.select(IMPRESSIONS.c["items"], IMPRESSIONS.c.received)
    with database.reading() as connection:
        rows = connection.execute(asked.order_by(IMPRESSIONS.c.id.desc()).limit(lists)).all()
    items = {item for row in rows for item in json.loads(row[0])}
    since = min((float(row[1]) for row in rows), default=None)
    return Shown(len(rows), len(items.intersection(known)), since)
