"""The rules that a shop's rows must keep, each checked for all rows at once."""

from pathlib import Path

import polars as pl

from metarec.data.column_names import TableKind, is_weight
from metarec.data.validation.id_forms import with_plain_ids, with_whole_ids
from metarec.data.validation.media_paths import media_checks
from metarec.data.validation.numbers_as_text import written_numbers
from metarec.data.validation.numbers_told import say_thousands, say_written
from metarec.data.validation.problems import Check, Report, as_json
from metarec.data.validation.record_fields import record_fix
from metarec.data.validation.table import Table


def with_ids(table: Table, columns: tuple[str, ...], report: Report) -> Table | None:
    """The rows whose named columns hold ids, as String; None if a column cannot hold ids."""
    table = with_whole_ids(table, columns, report)
    kinds = table.frame.schema
    wrong = [
        c
        for c in columns
        if not (
            kinds[c] in (pl.String, pl.Null)
            or kinds[c].is_integer()
            or isinstance(kinds[c], pl.Categorical | pl.Enum)
        )
    ]
    kind: TableKind = "users" if columns == ("user_id",) else "items"
    for column in wrong:
        own = table.names.get(column, column)
        fix = f"write {own} as text or whole numbers"
        of = "interactions" if len(columns) > 1 else kind
        fix = record_fix(table, column, of, report, fix)
        report.fail(table.file, f"type {kinds[column]}", "text ids", fix, own)
    if wrong:
        return None
    texts = [pl.col(c).cast(pl.String) for c in columns if kinds[c] != pl.String]
    table = table.with_frame(table.frame.with_columns(texts)) if texts else table
    checks: list[Check] = []
    for column in columns:
        each = table.frame[column].unique()  # far fewer than rows
        plain = with_plain_ids(table, column, each, report)
        each = each if plain is table else plain.frame[column].unique()
        table = plain
        checks += [c for c in id_checks(column) if each.to_frame().select(c.bad.any()).item()]
    return report.sift(table, checks)


def id_checks(column: str) -> tuple[Check, Check]:
    """That there is an id, and that it has no NUL, which many programs end a text at."""
    one, fix = pl.col(column), "give the row an id, or remove it"
    broken = "export the file anew, or remove the row; a broken file or a binary column has these"
    return (
        Check("empty id", column, one.is_null() | (one == ""), "an id", fix),
        Check("NUL in an id", column, one.str.contains("\0", literal=True), "text", broken),
    )


def with_numbers(
    table: Table,
    column: str,
    report: Report,
    fix: str = "write a plain number with a decimal point, or remove the row",
) -> Table | None:
    """The rows whose `column` is a finite number, as a numeric column; None for another type."""
    kind = table.frame.schema[column]
    if kind in (pl.String, pl.Null):
        table = with_parsed_numbers(table, column, report, fix)
    elif not (kind.is_numeric() or kind == pl.Boolean):
        own = table.names.get(column, column)
        fix = record_fix(table, column, "interactions", report, fix)
        report.fail(table.file, f"type {kind}", "a column of numbers", fix, own)
        return None
    value = pl.col(column)
    checks = [Check("missing number", column, value.is_null(), "a number", fix)]
    if table.frame.schema[column].is_float():
        checks.append(Check("NaN or infinite", column, ~value.is_finite(), "a finite number", fix))
    return report.sift(table, checks)


def with_parsed_numbers(table: Table, column: str, report: Report, fix: str) -> Table:
    """The rows whose text is a number, as Int64 where all are whole, else as Float64."""
    for kind in (pl.Int64, pl.Float64):
        numbers = table.frame[column].cast(kind, strict=False)
        if not numbers.null_count():
            if kind == pl.Float64:
                say_thousands(table.frame[column], table, report)
            return table.with_frame(table.frame.with_columns(numbers))
    text = as_computers_write(table, column, report)
    number = text.cast(pl.Float64, strict=False)
    check = Check("wrong type", column, pl.lit(number.is_null()), "a number", fix)
    table = report.sift(table, [check])
    text = text.filter(number.is_not_null())
    whole = text.cast(pl.Int64, strict=False)
    exact = text.cast(pl.Float64) if whole.null_count() else whole
    return table.with_frame(table.frame.with_columns(exact.alias(column)))


def as_computers_write(table: Table, column: str, report: Report) -> pl.Series:
    """The text of a column with numbers as people write them, such as "4,5", written plainly."""
    text = table.frame[column].cast(pl.String).str.strip_chars()
    written = written_numbers(text, table.decimal)
    n_plain = text.cast(pl.Float64, strict=False).null_count()
    if written.example is None or written.numbers.null_count() >= n_plain:
        return text
    say_written(text.filter(written.numbers.is_not_null()), written.example, table, report)
    return pl.select(pl.coalesce(written.numbers.cast(pl.String), text)).to_series()


def with_values(table: Table, value: str, report: Report) -> Table | None:
    """The rows with a usable `value`, as Float32; implicit events without the column get ones."""
    if "value" not in table.frame.columns:
        if value == "rating":
            implicit = report.remedies.setting("feedback", "implicit")
            fix = f"{report.remedies.column('value', None)}, or {implicit}"
            report.fail(table.file, "no such column", "a column of ratings", fix, "value")
            return None
        return table.with_frame(table.frame.with_columns(pl.lit(1.0, pl.Float32).alias("value")))
    checked = with_numbers(table, "value", report)
    if checked is None:
        return None
    small = pl.col("value").cast(pl.Float32)
    checks = []
    if checked.frame.schema["value"] != pl.Float32:
        fix = "divide the values by a constant"
        checks = [Check("too large", "value", small.is_infinite(), "a value below 3e38", fix)]
    if value == "implicit":
        checks += weight_checks(checked, report)
    checked = report.sift(checked, checks)
    return checked.with_frame(checked.frame.with_columns(small))


def weight_checks(table: Table, report: Report) -> list[Check]:
    """Checks of the weights of implicit events: less than nothing is likely what came back."""
    weight = pl.col("value").cast(pl.Float32)
    kinds = report.remedies.setting("negative_kinds", ["return"])
    back = (
        "if it is a return, write its amount above 0 with the kind return in a column event, and "
        f"{kinds}; else remove the row"
    )
    none = "remove the row, since an event of no weight is none"
    if not is_weight(table.names.get("value", "value")):
        rating = report.remedies.setting("feedback", "rating")
        back, none = (
            f"{rating} if it is a rating; {back}",
            f"{rating} if it is a rating; else {none}",
        )
    return [
        Check("weight below 0", "value", weight < 0, "a weight above 0", back),
        Check("weight of 0", "value", weight == 0, "a weight above 0", none),
    ]


def with_distinct(table: Table, column: str, report: Report) -> Table:
    """The rows whose id did not occur before; one that repeats another to the letter is no fault.

    Such rows are left out and counted.
    """
    if table.frame[column].n_unique() == len(table.frame):
        return table
    several = table.frame[column].is_duplicated()
    rows = table.frame.filter(several).select(as_json(table.frame)).to_series()
    again = ~rows.is_first_distinct()
    same = several.scatter(several.arg_true(), again)
    report.note(f"row of {table.file} that repeats another", int(same.sum()))
    table = table.keep(~same)
    fix = "keep one row for each id, or give the other its own id"
    check = Check(
        f"duplicate {column}", column, ~pl.col(column).is_first_distinct(), "a new id", fix
    )
    return report.sift(table, [check])


def with_safe_paths(table: Table, folder: Path, report: Report) -> Table:
    """The rows whose image and audio paths stay inside the folder."""
    return report.sift(table, media_checks(table.frame, folder))
