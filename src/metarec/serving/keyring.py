"""The keys that hold now, as one process knows them: at most a second old."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from metarec.serving.store import Store
from metarec.serving.store.keys import ApiKey, Counted, counted_keys, hash_of_key, keys_by_hash

FRESH_S = 1.0
"""So long after it was made or revoked a key may be unknown here, or still open."""
LOG = logging.getLogger("metarec.serving")


@dataclass(frozen=True, eq=False, slots=True)
class _Seen:
    """What the store said when it was last asked."""

    counted: Counted
    keys: Mapping[str, ApiKey]
    sites: frozenset[str]


class Keyring:
    """Looks once a second whether keys came or were revoked, and reads them when they did.

    A service that was started without keys asks for them from the first one on, and does so until
    it is started anew, even where that key is revoked.
    """

    def __init__(self, store: Store, *, asked: bool) -> None:
        self._store, self._lock = store, threading.Lock()
        self._seen = self._read()
        self._looked = time.monotonic()
        self.asked = asked or self._seen.counted.hold > 0
        """Whether callers need a key, as of the last look."""

    @property
    def is_stale(self) -> bool:
        """Whether `look` would ask the store."""
        return time.monotonic() - self._looked >= FRESH_S

    @property
    def sites(self) -> frozenset[str]:
        """The origins whose pages may use some key, as of the last look."""
        return self._seen.sites

    def look(self) -> None:
        """Ask the store whether anything changed, where the last answer is a second old."""
        with self._lock:
            if self.is_stale:
                self._look()

    def of(self, secret: str) -> ApiKey | None:
        """The key that has this secret and holds; one that is unknown is looked for at once."""
        self.look()
        hashed = hash_of_key(secret)
        if hashed not in self._seen.keys:
            with self._lock:
                self._look()
        return self._seen.keys.get(hashed)

    def _look(self) -> None:
        before, started = self._seen, time.monotonic()
        with self._store.database.reading() as connection:
            counted = counted_keys(connection)
        if counted != before.counted:
            self._seen = self._read()
            self._tell(before.counted, self._seen.counted)
        self._looked = started

    def _read(self) -> _Seen:
        with self._store.database.reading() as connection:
            counted = counted_keys(connection)  # first: what comes in between is seen next time
            keys = keys_by_hash(connection)
        sites = frozenset(site for key in keys.values() for site in key.origins)
        return _Seen(counted, keys, sites)

    def _tell(self, before: Counted, now: Counted) -> None:
        LOG.info("keys changed: %d hold, %d are revoked", now.hold, now.made - now.hold)
        if not self.asked and now.made > before.made:
            self.asked = True
            LOG.warning("a key was made: from now on callers need one, until the next start")
