"""Forgetting a person: their rows go, and what was on the disk is overwritten."""

import time
from dataclasses import dataclass

import sqlalchemy as sa

from metarec.serving.store.database import Database, StoreError
from metarec.serving.store.events import hashed, parts_of
from metarec.serving.store.people import ids_of
from metarec.serving.store.tables import (
    ERASED_KEYS,
    EVENTS,
    FEEDBACK,
    IMPRESSIONS,
    MERGES,
    PROFILES,
    RECEIPTS,
    SETTINGS,
)

MARK = "to be overwritten"
"""The setting that holds the newest receipt whose rows may be in the files still."""
PATIENCE_S = 30.0
"""How long readers are waited for who still look at what was before."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased, without saying whose it was."""

    number: int
    events: int
    impressions: int
    received: float


def forget(database: Database, user_id: str, secret: bytes) -> Receipt:
    """Erase a person: events, impressions, feedback, profile and merges, of their sessions too.

    Of the events' keys a keyed hash stays, so that an old message cannot bring them back. In SQLite
    nothing of them is left in the file, its free pages or its log when this returns; PostgreSQL
    keeps what was in its own log and backups for as long as its administrator says.
    """
    with database.writing() as connection:
        ids = ids_of(connection, user_id)
        own = EVENTS.c.user_id.in_(ids)
        keys = connection.execute(sa.select(EVENTS.c.key).where(own)).scalars().all()
        insert = database.insert(ERASED_KEYS).on_conflict_do_nothing()
        for part in parts_of(keys):
            connection.execute(insert, [{"hash": hashed(key, secret)} for key in part])
        events = connection.execute(sa.delete(EVENTS).where(own)).rowcount
        shown = connection.execute(
            sa.delete(IMPRESSIONS).where(IMPRESSIONS.c.user_id.in_(ids))
        ).rowcount
        connection.execute(sa.delete(FEEDBACK).where(FEEDBACK.c.user_id.in_(ids)))
        connection.execute(sa.delete(PROFILES).where(PROFILES.c.user_id.in_(ids)))
        either = sa.or_(MERGES.c.session_id.in_(ids), MERGES.c.user_id.in_(ids))
        connection.execute(sa.delete(MERGES).where(either))
        now = time.time()
        written = connection.execute(
            sa.insert(RECEIPTS).values(events=events, impressions=shown, received=now)
        )
        assert written.inserted_primary_key is not None, "one row was written"
        number = int(written.inserted_primary_key[0])
        mark = database.insert(SETTINGS).values(name=MARK, value=str(number))
        newer = {"value": mark.excluded.value}
        connection.execute(mark.on_conflict_do_update(index_elements=["name"], set_=newer))
    finish_forgetting(database)
    return Receipt(number, events, shown, now)


def finish_forgetting(database: Database) -> None:
    """Overwrite in the files what was deleted, where that was not done yet: after a kill, too.

    Raises StoreError where readers of what was before did not end in time: the rows are gone, and
    the same call once more overwrites them.
    """
    with database.reading() as connection:
        asked = sa.select(SETTINGS.c.value).where(SETTINGS.c.name == MARK)
        mark = connection.execute(asked).scalar()
    if mark is None:
        return
    _scrub(database)
    with database.writing() as connection:  # a later one is for who forgot then
        done = sa.delete(SETTINGS).where(SETTINGS.c.name == MARK, SETTINGS.c.value == mark)
        connection.execute(done)


def _scrub(database: Database) -> None:
    with database.reading() as connection:
        if database.kind == "postgresql":
            for table in (EVENTS, IMPRESSIONS, FEEDBACK, PROFILES, MERGES):
                connection.exec_driver_sql(f"VACUUM {table.name}")
            return
        connection.exec_driver_sql("VACUUM")
        until = time.monotonic() + PATIENCE_S
        while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar():
            if time.monotonic() > until:
                raise StoreError(
                    "the person is erased, but a reader keeps the log of the store open; ask once "
                    "more when it has ended"
                )
            time.sleep(0.05)
