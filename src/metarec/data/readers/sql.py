"""The rows of a database query as a table; what may hold a password is never shown."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import polars as pl

from metarec.contracts import DataError
from metarec.data.readers.frames import first_of_another_kind
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

ROWS_AT_ONCE = 100_000
QUERIES = ("select", "with", "values", "table")
"""First words of what only reads."""
COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
"""What may stand before the first word of a query."""
READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
}
"""What makes a database itself refuse to write: WITH may begin a query that does."""
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
EXAMPLE = "sqlite:///shop.db or postgresql://user@host/database"
INSTALL = 'pip install "metarec[sql]"'


@contextmanager
def connected(url: str) -> Iterator["Connection"]:
    """A connection to the database at `url`; what goes wrong there is a DataError without secrets.

    The password may stand in the URL, or in the environment where the driver looks for it
    (PGPASSWORD of PostgreSQL).
    """
    try:
        import sqlalchemy
    except ImportError as error:
        raise DataError(f"reading databases needs SQLAlchemy; run: {INSTALL}") from error
    parsed = parsed_url(url)
    engine = None
    try:
        engine = sqlalchemy.create_engine(parsed, poolclass=sqlalchemy.pool.NullPool)
        with engine.connect() as connection:
            if parsed.get_backend_name() in READ_ONLY:
                connection.exec_driver_sql(READ_ONLY[parsed.get_backend_name()])
            yield connection.execution_options(no_parameters=True, stream_results=True)
    except ModuleNotFoundError as error:
        known = error.name == "psycopg"
        install = INSTALL if known else f"pip install {error.name}"
        raise DataError(
            f"the driver {error.name} of {parsed.get_backend_name()} is not installed; "
            f"run: {install}"
        ) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        shown = parsed.render_as_string(hide_password=True)
        raise DataError(f"{shown} says: {without_secret(error, parsed)}") from None
    finally:
        if engine is not None:
            engine.dispose()


def parsed_url(url: str) -> "URL":
    """The URL of a database, with the driver that the extra brings; refuses what is none."""
    import sqlalchemy

    try:
        parsed = sqlalchemy.make_url(url)
        parsed = parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername))
        parsed.get_dialect()
    except (sqlalchemy.exc.ArgumentError, ValueError, AttributeError, TypeError):
        # the URL itself may hold a password, so it is not repeated
        raise DataError(f"url must name a database, such as {EXAMPLE}") from None
    place = parsed.database or ""
    is_file = parsed.get_backend_name() == "sqlite" and not place.startswith("file:")
    if is_file and place not in ("", ":memory:") and not Path(place).is_file():
        raise DataError(f"there is no SQLite file {place}; check the path after sqlite:///")
    return parsed


def without_secret(error: Exception, url: "URL") -> str:
    """What a driver says, in one line, with any password in it hidden."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    secret = url.password or ""
    for form in {secret, quote(secret), quote_plus(secret)} - {""}:
        said = said.replace(form, "***")
    return said


def table_of_query(
    connection: "Connection", query: str | None, name: str, report: Report
) -> Table | None:
    """The rows of a query as a table whose rows count from 1; only queries that read are run."""
    words = COMMENTS.sub("", query).split() if isinstance(query, str) else []
    if not words or words[0].lower().lstrip("(") not in QUERIES:
        first = words[0] if words else query
        raise DataError(f"{name} must be a query that reads, such as SELECT ..., got {first!r} ...")
    assert query is not None, "it has words"
    result = connection.exec_driver_sql(query)
    names = list(result.keys())
    file = f"the query of {name}"
    for column in {column for column in names if names.count(column) > 1}:
        fix = "name each column once, with AS"
        report.fail(file, f"{names.count(column)} columns of that name", "one", fix, column)
        return None
    parts, start = [], 1
    for rows in result.partitions(ROWS_AT_ONCE):
        values = list(zip(*rows, strict=True))
        columns = [plain(n, v, start, file, report) for n, v in zip(names, values, strict=True)]
        parts.append(pl.DataFrame([column for column in columns if column is not None]))
        start += len(rows)
    if report.fatal:
        return None
    if not parts:
        return Table(pl.DataFrame(schema=dict.fromkeys(names, pl.Null)), file)
    return joined(parts, file, report)


def plain(
    name: str, values: tuple[Any, ...], start: int, file: str, report: Report
) -> pl.Series | None:
    """One column of the rows from `start` on; identifiers of the database's own kind are text."""
    if any(isinstance(value, uuid.UUID) for value in values):
        values = tuple(None if value is None else str(value) for value in values)
    if any(isinstance(value, memoryview) for value in values):
        values = tuple(None if value is None else bytes(value) for value in values)
    try:
        return pl.Series(name, values)
    except (TypeError, pl.exceptions.PolarsError):
        found = first_of_another_kind(values, start) or "values that cannot be read"
        fix = f"make them one kind in the query, such as CAST({name} AS text)"
        report.fail(file, found, "values of one kind", fix, name)
        return None


def joined(parts: list[pl.DataFrame], file: str, report: Report) -> Table | None:
    """The parts as one table; a column that changes its kind between them is reported."""
    try:
        return Table(pl.concat(parts, how="vertical_relaxed"), file)
    except pl.exceptions.PolarsError:
        for name, kind in parts[0].schema.items():
            kinds = {str(part.schema[name]) for part in parts} - {"Null"}
            if len(kinds) > 1:
                fix = f"make them one kind in the query, such as CAST({name} AS text)"
                found = " and ".join(sorted(kinds))
                report.fail(file, found, f"values of one kind, such as {kind}", fix, name)
        return None
