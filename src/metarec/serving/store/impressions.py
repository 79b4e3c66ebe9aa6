"""Lists that were shown, and what came of them."""

import json
import math
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import sqlalchemy as sa

from metarec.contracts import DataError
from metarec.serving.store.database import Database
from metarec.serving.store.events import KeyConflict, parts_of
from metarec.serving.store.people import USER, own_rows, owners_of, user_behind
from metarec.serving.store.tables import FEEDBACK, IMPRESSIONS, MERGES

FeedbackKind = Literal["shown", "click", "reward"]
Become = Literal["stored", "duplicate"]


@dataclass(frozen=True, slots=True)
class Chances:
    """How a list came about, and how likely it was."""

    policy: str
    exploration: float
    seed: int | None
    """By which draws and lot can be made again; None where there was no chance."""
    evaluable: bool
    slate: float
    places: list[float]
    """P(this item at this place), in the order of the list."""
    others: dict[str, list[float]]
    """The same under each policy that could have acted."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What came of one place of a list."""

    impression: str
    kind: FeedbackKind
    position: int
    """From 1. Of "shown" the last place that was seen."""
    value: float = 1.0


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list that was shown."""

    owner: str
    """To whom; of a merged session, its user."""
    items: list[str]


@dataclass(frozen=True, slots=True)
class Impression:
    """A list that was shown, with what came of it."""

    token: str
    items: list[str]
    received: float
    chances: Chances | None
    feedback: tuple[Feedback, ...]

    @property
    def seen(self) -> int:
        """How many places were seen, from the top: as many as was told, or down to what was
        clicked."""
        return max((f.position for f in self.feedback), default=0)

    @property
    def accepted(self) -> frozenset[int]:
        """The places, from 1, that were clicked or earned something."""
        took = (f for f in self.feedback if f.kind != "shown" and f.value > 0)
        return frozenset(f.position for f in took)

    @property
    def rewards(self) -> dict[int, float]:
        """What places earned, where it was told."""
        return {f.position: f.value for f in self.feedback if f.kind == "reward"}


def record(
    connection: sa.Connection,
    database: Database,
    user_id: str,
    items: Sequence[str],
    model: str,
    chances: Chances | None,
    token: str | None = None,
) -> str:
    """Keep a list that is shown; the name under which feedback comes. Under a `token` of before it
    is kept once."""
    token = token or secrets.token_hex(12)
    told = None if chances is None else json.dumps(vars_of(chances), allow_nan=False)
    row = {
        "user_id": user_id,
        "items": json.dumps(list(items), ensure_ascii=False),
        "model": model,
        "received": time.time(),
        "token": token,
        "policy": None if chances is None else chances.policy,
        "chances": told,
    }
    connection.execute(
        database.insert(IMPRESSIONS).values(row).on_conflict_do_nothing(index_elements=["token"])
    )
    return token


def vars_of(chances: Chances) -> dict[str, Any]:
    """The fields as JSON values."""
    return {name: getattr(chances, name) for name in Chances.__slots__}


def kept_lists(connection: sa.Connection, tokens: Sequence[str]) -> dict[str, KeptList]:
    """Lists that were shown, by their names; those that there are."""
    whose = user_behind(IMPRESSIONS.c.user_id).label("owner")
    found: dict[str, KeptList] = {}
    for part in parts_of(tokens):
        asked = sa.select(IMPRESSIONS.c.token, IMPRESSIONS.c["items"], whose)
        for token, items, user in connection.execute(asked.where(IMPRESSIONS.c.token.in_(part))):
            found[token] = KeptList(user, json.loads(items))
    return found


def tell(connection: sa.Connection, database: Database, told: Sequence[Feedback]) -> list[Become]:
    """Write what came of lists, all or nothing; the same again is nothing new.

    Raises KeyConflict where another value of the same place was told before, and DataError for a
    list that is not there.
    """
    return [_told(connection, database, feedback) for feedback in told]


def _told(connection: sa.Connection, database: Database, feedback: Feedback) -> Become:
    own = sa.select(IMPRESSIONS.c.user_id).where(IMPRESSIONS.c.token == feedback.impression)
    # held in PostgreSQL until the end, so that who is forgotten meanwhile is forgotten with this
    user_id = connection.execute(own.with_for_update(read=True)).scalar()
    if user_id is None:  # forgotten between two calls
        raise DataError(f"there is no impression {feedback.impression!r}")
    row = {name: getattr(feedback, name) for name in Feedback.__slots__}
    row |= {"user_id": user_id, "received": time.time()}
    insert = database.insert(FEEDBACK).values(row).on_conflict_do_nothing()
    if connection.execute(insert).rowcount:
        return "stored"
    there = sa.select(FEEDBACK.c.value).where(
        FEEDBACK.c.impression == feedback.impression,
        FEEDBACK.c.kind == feedback.kind,
        FEEDBACK.c.position == feedback.position,
    )
    before = connection.execute(there).scalar_one()
    if before != feedback.value:
        raise KeyConflict(
            f"place {feedback.position} of this impression has a {feedback.kind} of {before:g} "
            f"already, and stays so"
        )
    return "duplicate"


_COLUMNS = (
    IMPRESSIONS.c.token,
    IMPRESSIONS.c["items"],
    IMPRESSIONS.c.received,
    IMPRESSIONS.c.chances,
    FEEDBACK.c.kind,
    FEEDBACK.c.position,
    FEEDBACK.c.value,
)
_NEWEST = (
    sa.select(IMPRESSIONS.c.id)
    .where(
        IMPRESSIONS.c.received > sa.bindparam("since"),
        IMPRESSIONS.c.token.in_(sa.select(FEEDBACK.c.impression)),
    )
    .order_by(IMPRESSIONS.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_COUNT = sa.select(sa.func.count()).where(
    IMPRESSIONS.c.token.is_not(None), IMPRESSIONS.c.received > sa.bindparam("since")
)


def _with_feedback(newest: sa.Select[tuple[int]]) -> sa.Select[Any]:
    return (
        sa.select(*_COLUMNS)
        .join(FEEDBACK, FEEDBACK.c.impression == IMPRESSIONS.c.token)
        .where(IMPRESSIONS.c.id.in_(newest), FEEDBACK.c.received <= sa.bindparam("until"))
        .order_by(IMPRESSIONS.c.id, FEEDBACK.c.id)
    )


_ANSWERED = _with_feedback(_NEWEST)
_OWN = _with_feedback(_NEWEST.where(own_rows(USER, IMPRESSIONS.c.user_id)))


def answered_by(
    connection: sa.Connection, user_id: str, since: float, until: float, most: int
) -> list[Impression]:
    """The newest lists of one person, of their sessions too, with what was told of them until a
    moment; at most so many, the oldest first."""
    asked = {"user": user_id, "since": since, "until": until, "most": most}
    return list(_impressions(connection.execute(_OWN, asked)))


def answered_by_each(
    connection: sa.Connection, user_ids: Sequence[str], since: float, until: float, most: int
) -> dict[str, list[Impression]]:
    """The same of each of these people, by one look at the store; those who have any."""
    owner_of = owners_of(connection, user_ids)
    rows: dict[str, list[Any]] = {}
    newest = _NEWEST.limit(None)
    whose = user_behind(IMPRESSIONS.c.user_id).label("owner")
    for part in parts_of(sorted(set(owner_of.values()))):
        sessions = sa.select(MERGES.c.session_id).where(MERGES.c.user_id.in_(part))
        theirs = sa.or_(IMPRESSIONS.c.user_id.in_(part), IMPRESSIONS.c.user_id.in_(sessions))
        asked = _with_feedback(newest.where(theirs)).add_columns(whose)
        for row in connection.execute(asked, {"since": since, "until": until}):
            rows.setdefault(row.owner, []).append(row)
    shown = {owner: list(_impressions(own))[-most:] for owner, own in rows.items()}
    return {user: shown[owner] for user, owner in owner_of.items() if owner in shown}


def answered(connection: sa.Connection, since: float, most: int) -> list[Impression]:
    """The same of everybody, until now."""
    asked = {"since": since, "until": math.inf, "most": most}
    return list(_impressions(connection.execute(_ANSWERED, asked)))


def recorded(connection: sa.Connection, since: float) -> int:
    """How many lists were kept with a name."""
    return int(connection.execute(_COUNT, {"since": since}).scalar_one())


def _impressions(rows: Any) -> Iterator[Impression]:
    for token, own in groupby(rows, key=lambda row: row.token):
        parts = list(own)
        first = parts[0]
        told: Mapping[str, Any] | None = (
            None if first.chances is None else json.loads(first.chances)
        )
        yield Impression(
            token,
            json.loads(first._mapping["items"]),
            first.received,
            None if told is None else Chances(**told),
            tuple(Feedback(token, part.kind, part.position, part.value) for part in parts),
        )
