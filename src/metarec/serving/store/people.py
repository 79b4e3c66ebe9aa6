"""People as the store knows them: whose events are whose, and what tells that something changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from metarec.contracts import DataError
from metarec.serving.store.database import Database
from metarec.serving.store.events import Kept, canonical, kept_of, parts_of
from metarec.serving.store.tables import (
    ACTIVATIONS,
    EVENTS,
    ITEM_CHANGES,
    MERGES,
    PROFILES,
    RECEIPTS,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is to be known: the newest of each sort, so that a cache sees that it is old.

    A number stands for a whole history: numbers are never used twice, and `events` tells of one
    that was committed late.
    """

    activation: int
    item_change: int
    receipt: int
    newest: int
    """The number of the person's newest event, 0 without any."""
    events: int
    """How many events the person has."""
    profile: int
    """The revision of the person's profile, 0 without one."""


def user_behind(user_id: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The user that a session was merged into, else the id itself."""
    merged = sa.select(MERGES.c.user_id).where(MERGES.c.session_id == user_id).scalar_subquery()
    return sa.func.coalesce(merged, user_id)


def own_rows(user_id: sa.ColumnElement[str], column: sa.Column[str]) -> sa.ColumnElement[bool]:
    """True for what stands under a person's own id, or under a session of theirs."""
    sessions = sa.select(MERGES.c.session_id).where(MERGES.c.user_id == user_behind(user_id))
    # a list of one beside a query: a database looks both up in its index
    return sa.or_(column == user_behind(user_id), column.in_(sessions))


USER = sa.bindparam("user", type_=sa.Text)
_NEWEST = [
    sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0)).scalar_subquery()
    for table in (ACTIVATIONS, ITEM_CHANGES, RECEIPTS)
]
_PROFILE = sa.select(PROFILES.c.revision).where(PROFILES.c.user_id == user_behind(USER))
_MOMENT = (
    sa.select(
        *_NEWEST,
        sa.func.coalesce(sa.func.max(EVENTS.c.id), 0),
        sa.func.count(EVENTS.c.id),
        sa.func.coalesce(_PROFILE.scalar_subquery(), 0),
    )
    .select_from(EVENTS)
    .where(own_rows(USER, EVENTS.c.user_id))
)
_HISTORY = (
    sa.select(EVENTS)
    .where(own_rows(USER, EVENTS.c.user_id), EVENTS.c.id > sa.bindparam("after"))
    .order_by(EVENTS.c.id)
)
_VERSION = sa.select(*_NEWEST)


def with_owners(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """All events, each with the user whose it is as `owner`: of a merged session, that user."""
    owner = sa.func.coalesce(MERGES.c.user_id, EVENTS.c.user_id).label("owner")
    return sa.select(owner, *columns).outerjoin_from(
        EVENTS, MERGES, MERGES.c.session_id == EVENTS.c.user_id
    )


def moment_of(connection: sa.Connection, user_id: str) -> Moment:
    """What there is to be known of a person, and of the model that answers them."""
    return Moment(*map(int, connection.execute(_MOMENT, {"user": user_id}).one()))


def newest_of(connection: sa.Connection) -> tuple[int, int, int]:
    """The newest activation, item change and receipt; 0 where there is none."""
    activation, change, receipt = connection.execute(_VERSION).one()
    return activation, change, receipt


def history_of(connection: sa.Connection, user_id: str, after: int = 0) -> list[Kept]:
    """The events of a person behind one of a number, sessions of theirs too, as they came."""
    rows = connection.execute(_HISTORY, {"user": user_id, "after": after})
    return [kept_of(row) for row in rows]


def histories_of(connection: sa.Connection, user_ids: Sequence[str]) -> dict[str, list[Kept]]:
    """The events of each of these people, sessions of theirs too, as they came."""
    owner_of = owners_of(connection, user_ids)
    own: dict[str, list[Kept]] = {owner: [] for owner in owner_of.values()}
    for part in parts_of(list(own)):
        sessions = sa.select(MERGES.c.session_id).where(MERGES.c.user_id.in_(part))
        theirs = sa.or_(EVENTS.c.user_id.in_(part), EVENTS.c.user_id.in_(sessions))
        asked = with_owners(*EVENTS.columns).where(theirs).order_by(EVENTS.c.id)
        for row in connection.execute(asked):
            if row.owner in own:  # not of a session's id that is another user's now
                own[row.owner].append(kept_of(row))
    return {user_id: own[owner_of[user_id]] for user_id in user_ids}


def profiles_of(connection: sa.Connection, user_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What is known of these people besides their events, where there is anything."""
    owner_of, found = owners_of(connection, user_ids), dict[str, dict[str, Any]]()
    for part in parts_of(sorted(set(owner_of.values()))):
        asked = sa.select(PROFILES).where(PROFILES.c.user_id.in_(part))
        found |= {row.user_id: json.loads(row.profile) for row in connection.execute(asked)}
    return {user: found[owner] for user, owner in owner_of.items() if owner in found}


def owners_of(connection: sa.Connection, user_ids: Sequence[str]) -> dict[str, str]:
    """The user whose each id is: of a merged session, that user."""
    merged: dict[str, str] = {}
    for part in parts_of(user_ids):
        asked = sa.select(MERGES.c.session_id, MERGES.c.user_id)
        rows = connection.execute(asked.where(MERGES.c.session_id.in_(part)))
        merged |= {row.session_id: row.user_id for row in rows}
    return {user_id: merged.get(user_id, user_id) for user_id in user_ids}


def profile_of(connection: sa.Connection, user_id: str) -> dict[str, Any] | None:
    """What is known of a person besides their events."""
    asked = sa.select(PROFILES.c.profile).where(PROFILES.c.user_id == user_behind(USER))
    found: str | None = connection.execute(asked, {"user": user_id}).scalar()
    return None if found is None else json.loads(found)


def put_profile(
    connection: sa.Connection, database: Database, user_id: str, columns: Mapping[str, Any]
) -> None:
    """Write what is known of a person in place of what was."""
    row = {"user_id": user_id, "profile": canonical(columns), "revision": 1}
    insert = database.insert(PROFILES).values(row)
    later = {"profile": insert.excluded.profile, "revision": PROFILES.c.revision + 1}
    connection.execute(insert.on_conflict_do_update(index_elements=["user_id"], set_=later))


def merge(
    connection: sa.Connection, database: Database, session_id: str, user_id: str
) -> tuple[str, bool]:
    """Make the events of a session those of a user, also the ones that come later.

    The user whose they are now, and whether that is new. Events stay as they are. Raises DataError
    where the session is another user's, or has sessions of its own.
    """
    owner = str(connection.execute(sa.select(user_behind(USER)), {"user": user_id}).scalar_one())
    before = sa.select(MERGES.c.user_id).where(MERGES.c.session_id == session_id)
    there = connection.execute(before).scalar()
    if there == owner:
        return owner, False
    if there is not None:
        raise DataError("the session was merged into another user before; that stays")
    if session_id == owner:
        raise DataError("a session cannot be merged into itself; name the session and the user")
    own = sa.select(MERGES.c.session_id).where(MERGES.c.user_id == session_id).limit(1)
    if connection.execute(own).first() is not None:
        raise DataError(
            "sessions were merged into this one, so it is a user; merge sessions into users only"
        )
    connection.execute(database.insert(MERGES).values(session_id=session_id, user_id=owner))
    return owner, True


def ids_of(connection: sa.Connection, user_id: str) -> list[str]:
    """The id of a person, and those of all their sessions."""
    owner = connection.execute(sa.select(user_behind(USER)), {"user": user_id}).scalar_one()
    sessions = sa.select(MERGES.c.session_id).where(MERGES.c.user_id == owner)
    return [str(owner), *connection.execute(sessions).scalars()]
