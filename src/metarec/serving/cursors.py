"""Where the next page of a list begins: signed, so that nobody else can write one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass

from metarec.contracts import DataError

HOLDS_S = 3600.0
"""So long after its first page a list can be read on."""


class StaleCursor(DataError):
    """The list that a cursor goes on with is not there any more."""

    def __init__(self, why: str) -> None:
        super().__init__(f"cursor: {why}; ask for the first page again")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list, and all that makes the same list again."""

    question: str
    """A keyed digest of what was asked, and for whom."""
    model: str
    newest: int
    """The number of the person's newest event then, how many there were, and the revision of their
    profile: events that came later do not count."""
    events: int
    profile: int
    at: float
    """When the first page was asked for."""
    seed: int | None
    """Of a policy that explores."""
    offset: int
    """How many items the pages before had."""
    shown: str
    """A digest of these."""

    def sealed(self, secret: bytes) -> str:
        """The cursor as callers carry it."""
        parts = [getattr(self, name) for name in Cursor.__slots__]
        told = json.dumps(parts, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_tag(secret, told) + told).decode().rstrip("=")

    @classmethod
    def opened(cls, text: str, secret: bytes) -> "Cursor":
        """The cursor that was sealed; raises DataError for any other text."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raw = b""
        tag, told = raw[:16], raw[16:]
        if not hmac.compare_digest(tag, _tag(secret, told)):
            raise DataError("cursor: it is none of this service; send `next` as it was answered")
        return cls(*json.loads(told))


def digest_of(secret: bytes, *parts: str) -> str:
    """What parts say, in so many signs that no two say the same; without the secret it tells
    nothing of them."""
    told = json.dumps(parts).encode()
    return hmac.digest(secret, b"digest" + told, hashlib.sha256)[:12].hex()


def ids_digest(secret: bytes, ids: Sequence[str]) -> str:
    """The same of items in their order."""
    return digest_of(secret, *ids)


def _tag(secret: bytes, told: bytes) -> bytes:
    return hmac.digest(secret, b"cursor" + told, hashlib.sha256)[:16]
