"""What the events of all people say of the items: how many took them, and when they first did."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from metarec.serving.store.people import with_owners
from metarec.serving.store.tables import EVENTS, ITEM_CHANGES

CLOCK = sa.func.coalesce(EVENTS.c.clock, EVENTS.c.received)
"""When an event happened: as it was told, else when it came."""


def people_by_item(
    connection: sa.Connection,
    target: Sequence[str],
    negative: Sequence[str],
    since: float | None = None,
) -> dict[str, int]:
    """How many people took each item, each counted once; since a moment, or ever.

    Where target kinds are declared only these are a taking; negative kinds never are.
    """
    events = with_owners(EVENTS.c.item_id)
    if target:
        events = events.where(EVENTS.c.kind.in_(target))
    elif negative:
        events = events.where(sa.or_(EVENTS.c.kind.is_(None), EVENTS.c.kind.not_in(negative)))
    if since is not None:
        events = events.where(since <= CLOCK)
    taken = events.distinct().subquery()
    asked = sa.select(taken.c.item_id, sa.func.count()).group_by(taken.c.item_id)
    return {row[0]: int(row[1]) for row in connection.execute(asked)}


def first_taken(connection: sa.Connection) -> dict[str, float]:
    """When the first event on each item was."""
    asked = sa.select(EVENTS.c.item_id, sa.func.min(CLOCK)).group_by(EVENTS.c.item_id)
    return {row[0]: float(row[1]) for row in connection.execute(asked)}


def added(connection: sa.Connection) -> dict[str, float]:
    """When each item was added to the service."""
    adding = sa.select(ITEM_CHANGES.c.rows, ITEM_CHANGES.c.received)
    asked = adding.where(ITEM_CHANGES.c.verb == "add").order_by(ITEM_CHANGES.c.id)
    return {
        str(row["item_id"]): float(change.received)
        for change in connection.execute(asked)
        for row in json.loads(change.rows)
    }


def events_by_kind(connection: sa.Connection) -> dict[str, float]:
    """How many events there are of each kind."""
    asked = sa.select(EVENTS.c.kind, sa.func.count()).where(EVENTS.c.kind.is_not(None))
    return {row[0]: float(row[1]) for row in connection.execute(asked.group_by(EVENTS.c.kind))}


def takers(connection: sa.Connection, item_id: str) -> set[str]:
    """The people who have an event on an item."""
    asked = with_owners().where(EVENTS.c.item_id == item_id).distinct()
    return set(connection.execute(asked).scalars())


def of_late(connection: sa.Connection, most: int) -> list[str]:
    """The people who did something last, the latest first: at most so many, whose newest event is
    among the last hundred times as many."""
    newest = sa.select(sa.func.coalesce(sa.func.max(EVENTS.c.id), 0)).scalar_subquery()
    events = with_owners(EVENTS.c.id).where(EVENTS.c.id > newest - 100 * most).subquery()
    last = sa.func.max(events.c.id)
    asked = sa.select(events.c.owner).group_by(events.c.owner).order_by(last.desc()).limit(most)
    return [str(owner) for owner in connection.execute(asked).scalars()]
