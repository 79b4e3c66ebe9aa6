"""A table under our names, with what was recognised said and what is unclear reported."""

import polars as pl

from metarec.data.column_names import OURS, Given, Naming, TableKind, is_weight, recognise
from metarec.data.validation.dated_columns import with_dated
from metarec.data.validation.empty_records import without_empty_records
from metarec.data.validation.problems import Report
from metarec.data.validation.record_fields import with_fields
from metarec.data.validation.table import Table
from metarec.data.validation.unread import say_unread
from metarec.data.validation.wide import lengthened


def named(
    table: Table | None,
    kind: TableKind,
    report: Report,
    given: Given | None = None,
    prefer: str | None = None,
) -> Table | None:
    """The table with our names for its columns; None stays None.

    What was recognised by another name is said in the report; several candidates for one of our
    columns, and columns that are given and not there, are problems of the file. A column that
    already has one of our names, which another was given for, keeps its content under a name of
    its own.
    """
    if table is None:
        return None
    given = given or {}
    if table.settled:
        given = {ours: None for ours in OURS[kind] if ours not in table.frame.columns} | {**given}
    table = without_empty_records(without_patterns(table, report), report)
    table = with_fields(table, given)
    naming = recognise(table.frame.columns, kind, given, prefer)
    if kind == "interactions" and (long := lengthened(table, naming, given, report)):
        table, naming = long, recognise(long.frame.columns, kind)
    if kind == "interactions" and "timestamp" not in {**naming.columns, **naming.clashes, **given}:
        naming = with_dated(naming, table, report)
    report_unclear(table, naming, kind, report)
    if naming.guessed:
        told = [
            f"{own} as {ours}" + (" (the weight of an implicit event)" if is_weight(own) else "")
            for ours, own in naming.guessed.items()
        ]
        report.say(f"{table.file}: read {', '.join(told)}")
    say_passed_over(table, naming, kind, report)
    if kind == "interactions" and not table.settled:
        say_unread(table, naming, given, report)
    table = aside(table, naming, given, report)
    return table.renamed(naming.columns)


def without_patterns(table: Table, report: Report) -> Table:
    """The table without columns whose names Polars takes for patterns of names, each reported."""
    patterns = [c for c in table.frame.columns if c.startswith("^") and c.endswith("$")]
    for column in patterns:
        found, expected = f"a column {column}", "names that do not begin with ^ and end with $"
        report.fail(table.file, found, expected, "rename it", column)
    kept = [column for column in table.frame.get_columns() if column.name not in patterns]
    return table.with_frame(pl.DataFrame(kept)) if patterns else table


def report_unclear(table: Table, naming: Naming, kind: TableKind, report: Report) -> None:
    """Name the columns that are missing, and those of which two might be the same of ours."""
    columns = f"the columns {', '.join(table.frame.columns)}"
    for ours, own in naming.missing.items():
        report.fail(table.file, columns, f"a column {own}", f"say what holds {ours}", ours)
    for ours, several in naming.clashes.items():
        fix = report.remedies.column(ours, several[0], kind)
        report.fail(table.file, " and ".join(several), "one column", fix, ours)


def say_passed_over(table: Table, naming: Naming, kind: TableKind, report: Report) -> None:
    """Name the columns that might have been what another was recognised as, and how to choose."""
    for ours, others in naming.passed_over.items():
        taken, left = naming.guessed[ours], " and ".join(others)
        fix = report.remedies.column(ours, others[0], kind)
        report.say(f"{table.file}: {taken} is {ours} and {left} not, which may be wrong; {fix}")


def aside(table: Table, naming: Naming, given: Given, report: Report) -> Table:
    """The table without our names on columns that are said to be something else."""
    moved = {}
    for ours in given:
        if ours in table.frame.columns and ours not in naming.columns.values():
            moved[ours] = f"{ours}_in_file"
            why = f"{given[ours]} is read as {ours}" if given[ours] else f"it is no {ours}"
            report.say(f"{table.file}: its own column {ours} is kept as {moved[ours]} ({why})")
    return table.with_frame(table.frame.rename(moved)) if moved else table


def weighs(events: Table) -> bool:
    """True if the value of the events is by its name a weight and no rating."""
    return is_weight(events.names.get("value", "value"))
