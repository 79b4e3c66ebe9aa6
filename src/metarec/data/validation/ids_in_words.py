"""Words such as NA and null where an id should be: tools write them where there is none."""

from collections.abc import Mapping

import polars as pl

from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table

WORDS = frozenset([
    "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "None", "NULL", "null", "(null)",
    "nil", "undefined", "\\N", "-", "--",
])  # fmt: skip
"""As tools write them, capitals included: somebody may well be called Nan or none."""


def without_words(events: Table, listed: Mapping[str, pl.Series], report: Report) -> Table:
    """The events whose ids are no such word; all of them would be one person or one item.

    A word that is an id of the table of users or of items (`listed`) is one.
    """
    checks = []
    for column in ("user_id", "item_id"):
        known = listed.get(column, pl.Series([], dtype=pl.String))
        words = [word for word in words_in(events, column) if word not in known]
        table = column.removesuffix("_id") + "s"
        fix = (
            f"to leave these rows out, {report.remedies.lenient}; if it is an id, "
            f"list it in a table of {table}"
        )
        if words:
            bad = pl.col(column).is_in(words)
            checks.append(Check("a word for no id", column, bad, "an id", fix))
    return report.sift(events, checks)


def say_words(table: Table, column: str, report: Report) -> None:
    """Name such words among the ids of a table, where they are taken for ids."""
    for word in words_in(table, column):
        own = table.names.get(column, column)
        report.say(f"{table.file}: {word!r} of {own} is taken for an id as any other")


def words_in(table: Table, column: str) -> list[str]:
    """The words that stand among the ids of a column."""
    ids = table.frame[column]
    return ids.filter(ids.is_in(sorted(WORDS))).unique(maintain_order=True).to_list()
