"""A disk cache of vectors, so that only new or changed texts are ever encoded."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float

from metarec.contracts import DataError

KEYS_AT_ONCE = 500
"""SQLite's oldest limit on bound variables is 999."""

TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"


def cache_folder() -> Path:
    """`METAREC_CACHE`, or the user's cache folder."""
    named = os.environ.get("METAREC_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "metarec"


class VectorCache:
    """Vectors by (encoder fingerprint, SHA-256 of the text), in one SQLite file.

    SQLite gives atomic writes, so a killed encoding loses at most its last batch, and several
    processes may share the file.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        self.fingerprint = fingerprint

    def get(self, texts: Sequence[str]) -> dict[str, Float[np.ndarray, " d"]]:
        """The vectors that are known, by text."""
        if not self.path.exists():
            return {}
        text_of = {self._key(text): text for text in texts}
        keys = list(text_of)
        found: dict[str, Float[np.ndarray, " d"]] = {}
        with self._open() as database:
            for start in range(0, len(keys), KEYS_AT_ONCE):
                some = keys[start : start + KEYS_AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = database.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some
                )
                found.update((text_of[key], np.frombuffer(blob, dtype="<f4")) for key, blob in rows)
        return found

    def put(self, texts: Sequence[str], vectors: Float[np.ndarray, "text d"]) -> None:
        """Remember one vector a text."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"the cache folder {self.path.parent} cannot be made ({error.strerror}); set "
                "METAREC_CACHE to a folder that can be written"
            ) from error
        blobs = (np.ascontiguousarray(vector, dtype="<f4").tobytes() for vector in vectors)
        with self._open() as database:
            database.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                zip(map(self._key, texts), blobs, strict=True),
            )

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self.fingerprint}\0{text}".encode()).digest()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as database, database:
                database.execute(TABLE)
                yield database
        except sqlite3.Error as error:
            raise DataError(
                f"the cache of vectors {self.path} cannot be used ({error}); delete it, or set "
                "METAREC_CACHE to a folder that can be written"
            ) from error
