"""What a table must have to be read at all: its columns, and rows."""

from collections.abc import Sequence

import polars as pl

from metarec.contracts.wording import given
from metarec.data.column_names import TableKind, likely
from metarec.data.validation.problems import Report
from metarec.data.validation.record_fields import likely_field, wrapped
from metarec.data.validation.table import Table
from metarec.data.validation.wide import wide_hint


def has_columns(table: Table, needed: tuple[str, ...], report: Report) -> bool:
    """True if all the needed columns are there; each missing one is reported."""
    missing = [column for column in needed if column not in table.frame.columns]
    kind: TableKind = "users" if needed == ("user_id",) else "items"
    kind = "interactions" if len(needed) > 1 else kind
    if len(missing) == len(needed) and (paths := wrapped(table.frame, kind, needed)):
        fix = report.remedies.fields(paths, kind)
        inside = next(iter(paths.values())).partition(".")[0]
        expected = f"columns {' and '.join(needed)}, which are inside {inside}"
        report.fail(table.file, f"the columns {listed(table)}", expected, fix)
        return False
    for column in missing:
        own = table.names.get(column, column)
        found = f"the columns {listed(table)}"
        free = [name for name in table.frame.columns if name not in table.names]
        meant = nested(table, free, column) or likely(free, column)
        fix = report.remedies.column(own, meant, kind)
        fix += header_hint(table, report)
        fix += (wide_hint(table) or nested_hint(table)) if column == "item_id" else ""
        if not report.tells_of(table.file, own):
            report.fail(table.file, found, f"a column {own}", fix, own)
    return not missing


def listed(table: Table) -> str:
    """The names of the columns as the file has them."""
    called = [table.names.get(name, name) for name in table.frame.columns]
    return ", ".join(called) or "(none)"


def nested_hint(table: Table) -> str:
    """What to do where the items of a row stand in one cell, as those of an order do."""
    several = [n for n, kind in table.frame.schema.items() if isinstance(kind, pl.List | pl.Array)]
    return f"; {several[0]} holds several values: write a row for each of them" if several else ""


def nested(table: Table, names: Sequence[str], ours: str) -> str | None:
    """The path of a field of records that may well be one of our columns."""
    fields = {name: likely_field(table.frame.schema[name], ours) for name in names}
    return next((f"{name}.{field}" for name, field in fields.items() if field), None)


def has_rows(table: Table, report: Report) -> bool:
    """True if there is at least one row below the header, or some were rejected already."""
    if not len(table.frame) and not report.rejects_some_of(table.file):
        report.fail(table.file, "a header and no rows", "at least one row", "write the rows")
    return len(table.frame) > 0


def header_hint(table: Table, report: Report) -> str:
    """What else may be wrong where delimited text lacks a column: its header, or its separator."""
    names = table.frame.columns
    if not table.untyped:
        return ""
    if any(name.replace(".", "", 1).isdecimal() for name in names):
        return "; if the first line is no header, write the names of the columns above it"
    if len(names) == 1 and "," in names[0]:
        return "; the lines are quoted as a whole: write no quotes around them"
    if len(names) == 1:
        separator = "write commas between the fields"
        if report.remedies.source == "file":
            separator = f"say it, such as {given('separator', ';')}"
        return f"; if something else than a comma stands between the fields, {separator}"
    return ""
