"""API keys: shown once when they are made, and kept as a hash alone."""

import hashlib
import re
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from metarec.contracts import DataError, whole_number
from metarec.serving.store.database import Database
from metarec.serving.store.tables import API_KEYS

SCOPES = ("read", "write", "admin", "browser")
"""May ask; may tell events; may change items and models, and have people forgotten; may stand in a
page, where everybody can read it: tells events and reads lists of sessions alone."""
BROWSER = "browser"
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|http://\[[0-9a-f:]+\](:\d{1,5})?")
PREFIX = "mr_"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    name: str
    scopes: frozenset[str]
    created: float
    revoked: float | None
    origins: frozenset[str] = frozenset()
    """Pages of which sites may use it, of a browser key."""
    per_minute: int | None = None
    """How often it may ask in a minute; None: as often as it likes."""


def add_key(
    database: Database,
    name: str,
    scopes: Collection[str],
    origins: Collection[str] = (),
    per_minute: int | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is kept nowhere."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise DataError(f"a key has one or more of the scopes {', '.join(SCOPES)}, got {unknown}")
    if per_minute is not None:
        per_minute = whole_number("per_minute", per_minute)
    sites = _checked_origins(scopes, origins)
    secret = PREFIX + secrets.token_urlsafe(32)
    given = (frozenset(scopes), time.time(), None, sites, per_minute)
    key = ApiKey(secrets.token_hex(4), name, *given)
    row = {
        "id": key.id,
        "name": name,
        "hash": hash_of_key(secret),
        "created": key.created,
        "origins": " ".join(sorted(sites)),
        "per_minute": per_minute,
    }
    with database.writing() as connection:
        connection.execute(
            sa.insert(API_KEYS).values(**row, scopes=" ".join(s for s in SCOPES if s in scopes))
        )
    return key, secret


def list_keys(database: Database) -> list[ApiKey]:
    """All keys, the revoked ones too, as they were made."""
    with database.reading() as connection:
        rows = connection.execute(sa.select(API_KEYS).order_by(API_KEYS.c.created)).all()
    return [_key_of(row) for row in rows]


def revoke_key(database: Database, key_id: str) -> None:
    """Let a key open nothing any more; raises DataError for one that is not there."""
    change = sa.update(API_KEYS).where(API_KEYS.c.id == key_id, API_KEYS.c.revoked.is_(None))
    with database.writing() as connection:
        if not connection.execute(change.values(revoked=time.time())).rowcount:
            raise DataError(f"there is no key {key_id!r} to revoke; metarec keys list tells them")


@dataclass(frozen=True, slots=True)
class Counted:
    """How many keys were ever made, and how many of them hold: keys are made and revoked alone, so
    the same numbers mean the same keys."""

    made: int
    hold: int


def counted_keys(connection: sa.Connection) -> Counted:
    """How many keys there are."""
    revoked = sa.func.count(API_KEYS.c.revoked)
    made, gone = connection.execute(sa.select(sa.func.count(API_KEYS.c.id), revoked)).one()
    return Counted(made, made - gone)


def keys_by_hash(connection: sa.Connection) -> dict[str, ApiKey]:
    """The keys that hold, by the hashes of their secrets."""
    asked = sa.select(API_KEYS).where(API_KEYS.c.revoked.is_(None))
    return {row.hash: _key_of(row) for row in connection.execute(asked)}


def hash_of_key(secret: str) -> str:
    """SHA-256: of 256 random bits there is nothing that a slow hash could hide better."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key_of(row: sa.Row[tuple[object, ...]]) -> ApiKey:
    cells = row._mapping
    scopes = frozenset(cells["scopes"].split())
    origins = frozenset(cells["origins"].split())
    rest = (cells["created"], cells["revoked"], origins, cells["per_minute"])
    return ApiKey(cells["id"], cells["name"], scopes, *rest)


def _checked_origins(scopes: Collection[str], origins: Collection[str]) -> frozenset[str]:
    """The sites of a browser key, as browsers write them."""
    if BROWSER not in scopes:
        if origins:
            raise DataError("origins belong to a key of the scope browser; leave them out")
        return frozenset()
    if set(scopes) != {BROWSER}:
        raise DataError(
            "everybody can read a browser key in the page, so it has no other scope; make two keys"
        )
    sites = frozenset(origin.lower().removesuffix("/") for origin in origins)
    wrong = sorted(site for site in sites if not ORIGIN.fullmatch(site))
    if wrong or not sites:
        raise DataError(
            "a browser key needs the origins of its pages, such as https://shop.example, without a "
            f"path; got {', '.join(wrong) or 'none'}"
        )
    return sites
