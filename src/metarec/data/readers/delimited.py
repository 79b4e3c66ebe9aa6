"""Any delimited file, with a mapping from our column names to its own."""

import codecs
from collections.abc import Mapping
from pathlib import Path

from metarec.contracts import DataError
from metarec.data.readers.csv_text import read_csv
from metarec.data.readers.tabular import read_bytes
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table, Tables

Columns = Mapping[str, str]


def read_delimited(
    path: Path,
    report: Report,
    *,
    columns: Columns | None = None,
    items: Path | None = None,
    item_columns: Columns | None = None,
    separator: str = ",",
    encoding: str = "utf-8",
) -> Tables:
    """The tables of a file of events and, where there is one, a file of items.

    `columns` maps our names (user_id, item_id, value, timestamp, event) to the file's; a name that
    is not mapped is looked for as it is. Columns beyond these are the events' context. Without
    `items` the catalogue is made of the items that occur, without content.
    """
    events = read_mapped(path, report, columns or {}, separator, encoding)
    listed = None
    if items is not None:
        listed = read_mapped(items, report, item_columns or {}, separator, encoding)
    return Tables(path.name.split(".")[0], events, listed)


def read_mapped(
    path: Path, report: Report, columns: Columns, separator: str, encoding: str
) -> Table | None:
    """One file with our names for its columns."""
    if len(separator) != 1 or not separator.isascii() or separator in '"\r\n\0':
        raise DataError(
            f"separator must be one character of ASCII, no quote and no line break, got "
            f"{separator!r}"
        )
    encoding = known_encoding(encoding)
    content = read_bytes(path, report)
    if content is None:
        return None
    table = read_csv(content, path.name, report, separator=separator, encoding=encoding)
    if table is None:
        return None
    missing = [own for own in columns.values() if own not in table.frame.columns]
    for own in missing:
        found = f"the columns {', '.join(table.frame.columns)}"
        report.fail(path.name, found, f"a column {own}", "correct the mapping", own)
    return table.renamed(columns)


def known_encoding(name: str) -> str:
    """The encoding's own name, whatever its spelling."""
    try:
        "a".encode(name)  # which a codec such as base64, from bytes to bytes, refuses
        return codecs.lookup(name).name
    except (LookupError, ValueError, TypeError):
        raise DataError(
            "encoding must be one that Python knows, such as utf-8, latin-1 or cp1252, "
            f"got {name!r}"
        ) from None
