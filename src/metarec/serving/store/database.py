"""A store's database: SQLite in a file, or PostgreSQL; what goes wrong there never shows a secret.

SQLite is held to WAL (readers never wait), `synchronous=FULL` (a commit is on the disk before it
returns) and `secure_delete` (what is deleted is overwritten with zeros).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from metarec.contracts import DataError, MetarecError
from metarec.data.readers.sql import DRIVERS, without_secret

BUSY_S = 30
"""How long a writer waits for another one of the same file."""
EXAMPLE = "shop.db, sqlite:///shop.db or postgresql://user@host/database"
DURABLE = {
    "sqlite": (
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA secure_delete = ON",
        f"PRAGMA busy_timeout = {BUSY_S * 1000}",
    ),
    "postgresql": ("SET synchronous_commit TO on",),
}
"""What each connection is told first; other databases are refused."""


class StoreError(MetarecError, RuntimeError):
    """The store cannot answer now: its disk or its server says why; nothing was acknowledged."""


class Database:
    """Connections that read, each statement by itself, and transactions that write."""

    def __init__(self, place: str) -> None:
        self.url = url_of(place)
        self.shown = self.url.render_as_string(hide_password=True)
        self.kind = self.url.get_backend_name()
        if is_file(self.url):
            Path(str(self.url.database)).absolute().parent.mkdir(parents=True, exist_ok=True)
        with self.telling():
            self._writer = sa.create_engine(self.url, hide_parameters=True, pool_pre_ping=True)
            self._reader = sa.create_engine(
                self.url,
                hide_parameters=True,
                pool_pre_ping=self.kind != "sqlite",
                isolation_level="AUTOCOMMIT",
                pool_size=10,
                max_overflow=40,
            )
        for engine in (self._writer, self._reader):
            sa.event.listen(engine, "connect", self._connected)
        if self.kind == "sqlite":
            sa.event.listen(self._writer, "begin", _begin_now)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection in which every statement sees what is committed by then."""
        with self.telling(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction, on the disk when the block has ended; of one SQLite file the only one."""
        with self.telling(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """A connection in which every statement sees the same moment; writers go on."""
        begin = {"sqlite": "BEGIN", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ"}
        with self.telling(), self._reader.connect() as connection:
            connection.exec_driver_sql(begin[self.kind])
            try:
                yield connection
            finally:
                connection.exec_driver_sql("ROLLBACK")

    @contextmanager
    def telling(self) -> Iterator[None]:
        """What the database says inside is one line, without passwords and what it holds."""
        try:
            yield
        except ModuleNotFoundError as error:
            raise DataError(
                f"the driver {error.name} of {self.kind} is not installed; run: "
                'pip install "metarec[serve]"'
            ) from None
        except sa.exc.SQLAlchemyError as error:
            # of PostgreSQL the further lines repeat values, which may name a person
            first = str(getattr(error, "orig", None) or error).partition("\n")[0]
            raise StoreError(
                f"the store {self.shown} says: {without_secret(Exception(first), self.url)}"
            ) from None

    def insert(self, table: sa.Table) -> Any:
        """An INSERT that can say what to do where a row is there already."""
        if self.kind == "sqlite":
            from sqlalchemy.dialects import sqlite

            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)

    def close(self) -> None:
        """Give all connections back."""
        self._writer.dispose()
        self._reader.dispose()

    def _connected(self, connection: Any, _: object) -> None:
        if self.kind == "sqlite":
            connection.isolation_level = None  # transactions begin where we say so
        cursor = connection.cursor()
        for statement in DURABLE[self.kind]:
            cursor.execute(statement)
        cursor.close()
        if self.kind == "postgresql" and not connection.autocommit:
            connection.commit()


def url_of(place: str) -> sa.URL:
    """The URL of a store from one, or from the path of an SQLite file."""
    if not isinstance(place, str) or not place:
        raise DataError(f"a store is named by text, such as {EXAMPLE}")
    try:
        url = sa.make_url(place if "://" in place else f"sqlite:///{place}")
        url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
        url.get_dialect()
    except (sa.exc.ArgumentError, ValueError, AttributeError, TypeError):
        # the URL itself may hold a password, so it is not repeated
        raise DataError(f"a store is named by a path or a URL, such as {EXAMPLE}") from None
    if url.get_backend_name() not in DURABLE:
        raise DataError(
            f"a store lies in SQLite or PostgreSQL, not in {url.get_backend_name()}; name one such "
            f"as {EXAMPLE}"
        )
    file = str(url.database or "")
    if is_file(url) and (file in ("", ":memory:") or file.startswith("file:")):
        raise DataError(f"a store outlives its process, so name a file, such as {EXAMPLE}")
    return url


def is_file(url: sa.URL) -> bool:
    """True for a store that is an SQLite file."""
    return url.get_backend_name() == "sqlite"


def _begin_now(connection: sa.Connection) -> None:
    """Take the file's one place for writers at the beginning: a reader that becomes a writer later
    could only be refused."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
