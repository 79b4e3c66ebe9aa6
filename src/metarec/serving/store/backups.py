"""All that a store holds in one file, from one moment, for any database that a store may lie in."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from metarec.contracts import DataError
from metarec.files.atomic import whole_file
from metarec.files.disk import reading
from metarec.serving.store.database import is_file, url_of
from metarec.serving.store.migrating import newest
from metarec.serving.store.store import Store
from metarec.serving.store.tables import METADATA, SETTINGS

FORMAT = "metarec-store"
ROWS_AT_ONCE = 5_000


def backup(store: Store, path: str | Path) -> int:
    """Write all that the store holds at one moment to a file; how many rows.

    The file holds people's events, and the secret of the store: keep it as you keep the store. What
    is forgotten later stays in it.
    """
    rows = 0
    with whole_file(path) as new, gzip.open(new, "wt", encoding="utf-8") as file:
        _line(file, {"format": FORMAT, "layout": newest()})
        with store.database.snapshot() as connection:
            for table in METADATA.sorted_tables:
                order = list(table.primary_key.columns)
                asked = sa.select(table).order_by(*order).execution_options(yield_per=ROWS_AT_ONCE)
                for row in connection.execute(asked):
                    _line(file, [table.name, list(row)])
                    rows += 1
        _line(file, {"rows": rows})
    return rows


def restore(path: str | Path, place: str) -> int:
    """Make a store of a backup, where none has anything yet; how many rows.

    Whole or not at all: the backup is read to its end before anything is made. Raises DataError for
    a file that is none or was cut, and for a place that is taken.
    """
    with _opened(path) as file:
        for _ in _rows(file, path):
            pass
    url = url_of(place)
    if not is_file(url) or Path(str(url.database)).exists():
        return _fill(path, place)
    with whole_file(str(url.database)) as new:
        return _fill(path, str(new))


@contextmanager
def _opened(path: str | Path) -> Iterator[IO[str]]:
    """The rows of a backup, behind its first line."""
    with reading(path), gzip.open(path, "rt", encoding="utf-8") as file:
        _check_head(file, path)
        yield file


def _fill(path: str | Path, place: str) -> int:
    with _opened(path) as file, Store(place) as store, store.database.writing() as connection:
        _check_empty(connection, store)
        connection.execute(sa.delete(SETTINGS))
        rows = _filled(connection, _rows(file, path))
        if store.database.kind == "postgresql":
            _count_on(connection)
    return rows


def _line(file: IO[str], value: Any) -> None:
    file.write(json.dumps(value, ensure_ascii=False) + "\n")


def _check_head(file: IO[str], path: str | Path) -> None:
    try:
        head = json.loads(next(file))
    except (ValueError, StopIteration, OSError, EOFError):
        head = None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise DataError(f"{path} is no backup of a store; metarec store backup writes one")
    if head["layout"] != newest():
        raise DataError(
            f"{path} has layout {head['layout']}, this version writes {newest()}; restore it with "
            "the metarec that wrote it"
        )


def _check_empty(connection: sa.Connection, store: Store) -> None:
    for table in METADATA.sorted_tables:
        if table is SETTINGS:
            continue
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise DataError(
                f"{store.database.shown} holds {table.name} already; restore into a new place"
            )


def _rows(file: IO[str], path: str | Path) -> Iterator[tuple[str, list[Any]]]:
    """The rows of the tables; a file without its last line was cut."""
    rows = 0
    try:
        for line in file:
            value = json.loads(line)
            if isinstance(value, dict):
                if value["rows"] != rows or file.read():  # reading on checks the file's own sum
                    break
                return
            yield value[0], value[1]
            rows += 1
    except (ValueError, OSError, EOFError, LookupError):
        pass
    raise DataError(f"{path} was cut or changed after row {rows:,}; take another backup")


def _filled(connection: sa.Connection, rows: Iterator[tuple[str, list[Any]]]) -> int:
    """Insert the rows, as they come, so many at a time; how many they are."""
    count = 0
    while part := list(islice(rows, ROWS_AT_ONCE)):
        for table in METADATA.sorted_tables:
            names = [column.name for column in table.columns]
            own = [
                dict(zip(names, cells, strict=True)) for name, cells in part if name == table.name
            ]
            if own:
                connection.execute(sa.insert(table), own)
        count += len(part)
    return count


def _count_on(connection: sa.Connection) -> None:
    """Let PostgreSQL number new rows behind those that were written with their numbers."""
    for table in METADATA.sorted_tables:
        if table.autoincrement_column is not None:
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                f"(SELECT coalesce(max(id), 0) + 1 FROM {table.name}), false)"
            )
