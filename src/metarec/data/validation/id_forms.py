"""Ids that tools have changed on the way: spaces around them, .0 at their end, zeros lost."""

import polars as pl

from metarec.contracts.printing import counted
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table


def with_plain_ids(table: Table, column: str, report: Report) -> Table:
    """The table with ids of text without spaces around them and without the .0 of numbers.

    A `.0` goes only where every id of the column is a number, so that none of them meant it.
    """
    ids, own = table.frame[column], table.names.get(column, column)
    bare = ids.str.strip_chars()
    spaced = (ids != bare) & (bare != "")
    if n := int(spaced.sum()):
        example = ids.filter(spaced)[0]
        report.say(f"{table.file}: spaces around {counted(n, 'id')} of {own} go, as in {example!r}")
    changed = not ids.equals(bare)
    ids = bare
    ended = ids.str.ends_with(".0")
    if ended.any() and ids.drop_nulls().str.contains(r"^[0-9]+(\.0)?$").all():
        example = ids.filter(ended)[0]
        n = int(ended.sum())
        told = f"the .0 of {counted(n, 'id')} of {own} goes: {example!r} is {example[:-2]!r}"
        report.say(f"{table.file}: {told}")
        ids, changed = ids.str.strip_suffix(".0"), True
    if not changed:
        return table
    return table.with_frame(table.frame.with_columns(ids.alias(column)))


def with_zeros(events: Table, column: str, listed: pl.Series, file: str, report: Report) -> Table:
    """The events with the ids of `listed` where they differ in zeros at the start only.

    Done where each of the unknown numbers is one of the listed and no two listed ids are the same
    number; tools that take ids for numbers lose the zeros of one file and not of the other.
    """
    ids = events.frame[column]
    unknown = ids.filter(~ids.is_in(listed.implode())).unique(maintain_order=True).drop_nulls()
    unknown = unknown.filter(unknown.str.contains("^[0-9]+$"))
    if not len(unknown):
        return events
    digits = listed.filter(listed.str.contains("^[0-9]+$"))
    number = digits.str.strip_chars_start("0")
    if number.n_unique() < len(number):
        return events
    meant = unknown.str.strip_chars_start("0").replace_strict(
        number, digits, default=None, return_dtype=pl.String
    )
    found = meant.is_not_null()
    if not found.any():
        return events
    unknown, meant = unknown.filter(found), meant.filter(found)
    n = int(ids.is_in(unknown.implode()).sum())
    own = events.names.get(column, column)
    report.say(
        f"{events.file}: {counted(n, 'row')} of {own} differ from {file} in zeros at the start and "
        f"are taken for the same: {unknown[0]!r} is {meant[0]!r}"
    )
    return events.with_frame(events.frame.with_columns(pl.col(column).replace(unknown, meant)))
