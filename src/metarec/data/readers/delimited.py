"""Any delimited file, with a mapping from our column names to its own."""

from pathlib import Path

from metarec.contracts import DataError
from metarec.contracts.wording import argument
from metarec.data.column_names import Given
from metarec.data.readers.tabular import read_table
from metarec.data.readers.text_encoding import known_encoding
from metarec.data.validation.naming import named
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Tables


def read_delimited(
    path: Path,
    report: Report,
    *,
    columns: Given | None = None,
    items: Path | None = None,
    item_columns: Given | None = None,
    users: Path | None = None,
    user_columns: Given | None = None,
    separator: str | None = None,
    encoding: str | None = None,
) -> Tables:
    """The tables of a file of events and, where there are such, files of items and of users.

    `columns` maps our names (user_id, item_id, value, timestamp, event, text) to the file's; what
    is not mapped is recognised by the names that people use. Columns beyond these are the events'
    context. Without `items` the catalogue is made of the items that occur, without content.
    """
    check_text_options(separator, encoding)
    events = named(read_table(path, report, separator, encoding), "interactions", report, columns)
    called = {} if events is None else events.names
    listed = profiles = None
    if items is not None:
        listed = read_table(items, report, separator, encoding)
        listed = named(listed, "items", report, item_columns, called.get("item_id"))
    if users is not None:
        profiles = read_table(users, report, separator, encoding)
        profiles = named(profiles, "users", report, user_columns, called.get("user_id"))
    return Tables(path.name.split(".")[0], events, listed, profiles)


def check_text_options(separator: str | None, encoding: str | None) -> None:
    """Refuse a separator that is no character, and an encoding that nobody knows."""
    if separator is not None and (
        len(separator) != 1 or not separator.isascii() or separator in '"\r\n\0'
    ):
        raise DataError(
            f"{argument('separator')} must be one character of ASCII, no quote and no line "
            f"break, got {separator!r}"
        )
    if encoding is not None:
        known_encoding(encoding)
