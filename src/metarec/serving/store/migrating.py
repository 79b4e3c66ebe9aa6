"""From an older layout of a store to this version's, by Alembic."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from metarec.contracts import DataError
from metarec.contracts.printing import listed
from metarec.serving.store.database import Database, is_file, url_of
from metarec.serving.store.tables import METADATA

LOCK = 0x6D65_7461
"""Of two that migrate one PostgreSQL database, the second waits."""


def config_of(connection: Connection | None = None) -> Config:
    """Alembic's settings: where the steps lie, and which connection they work in."""
    config = Config()
    config.set_main_option("script_location", "metarec.serving:migrations")
    config.attributes["connection"] = connection
    return config


def migrate(database: Database) -> None:
    """Bring the store to this version's layout; what has it already stays as it is.

    Raises DataError for a store of a newer version.
    """
    scripts = ScriptDirectory.from_config(config_of())
    known = {step.revision for step in scripts.walk_revisions()}
    with database.reading() as connection:
        if revision_of(connection) == scripts.get_current_head():
            return
    with database.writing() as connection:
        if database.kind == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        at = revision_of(connection)
        if at is not None and at not in known:
            raise DataError(
                f"the store {database.shown} has layout {at}, this version knows "
                f"{', '.join(sorted(known))}; install the metarec that wrote it"
            )
        if at is None:
            _check_free(connection, database)
        command.upgrade(config_of(connection), "head")


def check_there(place: str) -> None:
    """Raise DataError where there is no store; nothing is made or changed there."""
    url = url_of(place)
    there = _holds_store(Path(str(url.database))) if is_file(url) else _has_tables(place)
    if not there:
        raise DataError(
            f"there is no store {url.render_as_string(hide_password=True)}; metarec serve makes "
            "one, or metarec store import"
        )


def _holds_store(file: Path) -> bool:
    """Whether a file is an SQLite database with our layouts, looked at without writing."""
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            opened.execute("SELECT version_num FROM alembic_version")
    except sqlite3.Error as error:
        # what else is wrong with it, such as a lock, is told when it is opened
        return not re.search("no such table|not a database", str(error))
    return True


def _has_tables(place: str) -> bool:
    database = Database(place)
    try:
        with database.reading() as connection:
            return revision_of(connection) is not None
    finally:
        database.close()


def _check_free(connection: Connection, database: Database) -> None:
    """Refuse a database of somebody else: an SQLite file that holds anything, or tables of our
    names beside others in PostgreSQL."""
    there = set(inspect(connection).get_table_names())
    taken = there if database.kind == "sqlite" else there & METADATA.tables.keys()
    if taken:
        raise DataError(
            f"{database.shown} is no store of a service: it holds {listed(sorted(taken))}; name "
            "another place"
        )


def revision_of(connection: Connection) -> str | None:
    """The layout that a store has; None of an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The layout of this version."""
    return ScriptDirectory.from_config(config_of()).get_current_head()
