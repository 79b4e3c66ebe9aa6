"""API keys: shown once when they are made, and kept as a hash alone."""

import hashlib
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from metarec.contracts import DataError
from metarec.serving.store.database import Database
from metarec.serving.store.tables import API_KEYS

SCOPES = ("read", "write", "admin")
"""May ask; may tell events; may change items and models, and have people forgotten."""
PREFIX = "mr_"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    name: str
    scopes: frozenset[str]
    created: float
    revoked: float | None


def add_key(database: Database, name: str, scopes: Collection[str]) -> tuple[ApiKey, str]:
    """A new key and its secret, which is kept nowhere."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise DataError(f"a key has one or more of the scopes {', '.join(SCOPES)}, got {unknown}")
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(secrets.token_hex(4), name, frozenset(scopes), time.time(), None)
    row = {"id": key.id, "name": name, "hash": hash_of_key(secret), "created": key.created}
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


def key_of(database: Database, secret: str) -> ApiKey | None:
    """The key that has this secret and is not revoked."""
    asked = sa.select(API_KEYS).where(
        API_KEYS.c.hash == hash_of_key(secret), API_KEYS.c.revoked.is_(None)
    )
    with database.reading() as connection:
        row = connection.execute(asked).one_or_none()
    return None if row is None else _key_of(row)


def hash_of_key(secret: str) -> str:
    """SHA-256: of 256 random bits there is nothing that a slow hash could hide better."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key_of(row: sa.Row[tuple[object, ...]]) -> ApiKey:
    cells = row._mapping
    scopes = frozenset(cells["scopes"].split())
    return ApiKey(cells["id"], cells["name"], scopes, cells["created"], cells["revoked"])
