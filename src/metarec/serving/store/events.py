"""Events of people: told once, however often they are sent, and in the order they came."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from metarec.contracts import DataError, Event
from metarec.serving.store.database import Database
from metarec.serving.store.tables import ERASED_KEYS, EVENTS

Outcome = Literal["stored", "duplicate", "forgotten"]
"""What became of an event: written now, there already, or erased before and not brought back."""
BODY = ("user_id", "item_id", "value", "kind", "clock", "context", "text")
AT_ONCE = 500
"""Keys that one statement asks for."""
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)
# made once: every event asks them
_STORED = sa.select(EVENTS.c.key, *(EVENTS.c[name] for name in BODY)).where(EVENTS.c.key.in_(_KEYS))
_ERASED = sa.select(ERASED_KEYS.c.hash).where(ERASED_KEYS.c.hash.in_(_KEYS))


class KeyConflict(DataError):
    """An idempotency key that stands for another event already."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of one user, under the key by which it is told from a repetition."""

    user_id: str
    event: Event
    key: str

    def row(self) -> dict[str, Any]:
        """The columns of the event, but for its number and when it came."""
        event = self.event
        context = None if event.context is None else canonical(event.context)
        cells = (self.user_id, event.item, event.value, event.kind, event.t, context, event.text)
        return {**dict(zip(BODY, cells, strict=True)), "key": self.key}


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as it lies in the store."""

    number: int
    user_id: str
    event: Event
    """`t` is the clock that was told, or else when the event came."""
    received: float


def canonical(value: Mapping[str, Any]) -> str:
    """JSON of which there is one form."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def hashed(key: str, secret: bytes) -> str:
    """The keyed hash by which an erased event's key is known again."""
    return hmac.new(secret, key.encode("utf-8"), hashlib.sha256).hexdigest()


def append(
    connection: sa.Connection,
    database: Database,
    events: Sequence[Told],
    secret: bytes,
    received: float,
) -> list[Outcome]:
    """Write what is new of these events, all or nothing; what became of each.

    Raises KeyConflict where a key stands for an event with another body.
    """
    rows: dict[str, dict[str, Any]] = {}
    for told in events:
        row = told.row()
        _check_same(rows.setdefault(told.key, row), row)
    there = _stored(connection, rows)
    erased = _erased(connection, rows.keys() - there.keys(), secret)
    new = [
        row | {"received": received}
        for key, row in rows.items()
        if key not in there and key not in erased
    ]
    for key, row in there.items():
        _check_same(row, rows[key])
    if new:
        insert = database.insert(EVENTS).on_conflict_do_nothing(index_elements=["key"])
        if connection.execute(insert, new).rowcount != len(new):
            # another process wrote some of them in between: its events are the ones that count
            for key, row in _stored(connection, [row["key"] for row in new]).items():
                _check_same(row, rows[key])
    fresh = {row["key"] for row in new}
    outcomes: list[Outcome] = []
    for told in events:
        first = told.key in fresh
        fresh.discard(told.key)
        outcomes.append("stored" if first else "forgotten" if told.key in erased else "duplicate")
    return outcomes


def kept_of(row: Any) -> Kept:
    """The event of a row of `EVENTS`."""
    context = None if row.context is None else json.loads(row.context)
    t = row.received if row.clock is None else row.clock
    event = Event(row.item_id, row.value, row.kind, t, context, row.text)
    return Kept(row.id, row.user_id, event, row.received)


def _check_same(there: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for name in BODY:
        if there[name] != given[name]:
            raise KeyConflict(
                f"the idempotency key {given['key']!r} stands for an event with another {name}; a "
                "new event needs a key of its own"
            )


def _stored(connection: sa.Connection, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The rows that have these keys."""
    found: dict[str, dict[str, Any]] = {}
    for part in parts_of(list(keys)):
        rows = connection.execute(_STORED, {"keys": part})
        found |= {row.key: dict(row._mapping) for row in rows}
    return found


def _erased(connection: sa.Connection, keys: Iterable[str], secret: bytes) -> set[str]:
    """Which of these keys belonged to events that were erased."""
    found: set[str] = set()
    for part in parts_of(list(keys)):
        key_of = {hashed(key, secret): key for key in part}
        hashes = connection.execute(_ERASED, {"keys": list(key_of)}).scalars()
        found |= {key_of[value] for value in hashes}
    return found


def parts_of(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """The keys, as many at a time as one statement takes."""
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]
