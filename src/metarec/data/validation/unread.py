"""Columns of events that may say more than is read: whether they liked it, what kind it was."""

import re
from collections.abc import Collection

import polars as pl

from metarec.data.column_names import Naming
from metarec.data.known_names import words
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

WORDS_OF_A_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
VALUES = words(
    "value rating ratings stars score grade liked likes like favorite favourite recommended vote "
    "votes thumbs label clicked click purchased purchase bought ordered conversion converted "
    "follow share qty quantity count hours minutes seconds duration playtime played plays listened "
    "watched watch dwell"
)
KINDS = words(
    "status state kind action behavior behaviour return returned refund refunded cancel canceled "
    "cancelled skip skipped dislike disliked"
)
OF_MANY = words("avg average mean total sum helpful min max")
"""Beside these a word speaks of more than the event."""
ROWS_LOOKED_AT = 10_000


def say_unread(table: Table, naming: Naming, given: Collection[str], report: Report) -> None:
    """Name the columns by which events may differ, where all of them count alike."""
    taken = naming.columns.values()
    free = [c.name for c in table.frame if c.name not in taken and tells_apart(c)]
    for ours, told, alike in (
        ("value", VALUES, "every row counts alike"),
        ("event", KINDS, "every row is an event of one kind"),
    ):
        found = [name for name in free if names_any(name, told)]
        if found and ours not in {*naming.columns, *naming.clashes, *given}:
            says = f"{' and '.join(found)} {'say' if len(found) > 1 else 'says'}"
            fix = report.remedies.column(ours, found[0])
            report.say(f"{table.file}: {alike}, whatever {says}; if it is the {ours}, {fix}")


def names_any(name: str, told: frozenset[str]) -> bool:
    """True if one of the words of a column's name is told, and none of many events."""
    found = {word.lower() for word in WORDS_OF_A_NAME.findall(name)}
    return bool(found & told) and not found & OF_MANY


def tells_apart(column: pl.Series) -> bool:
    """True if the first rows differ in the column."""
    return not column.dtype.is_nested() and column.head(ROWS_LOOKED_AT).n_unique() > 1
