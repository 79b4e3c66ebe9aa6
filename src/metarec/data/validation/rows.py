"""The rules that a shop's rows must keep, each checked for all rows at once."""

from pathlib import Path

import polars as pl

from metarec.data.validation.media_paths import media_checks
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table

CENTURY_END_S = 4_102_444_800  # 2100-01-01 in seconds since 1970
DAY_S = 86_400
TICKS = {"ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
"""Units of a datetime in one second."""


def has_columns(table: Table, needed: tuple[str, ...], report: Report) -> bool:
    """True if all the needed columns are there; each missing one is reported."""
    missing = [column for column in needed if column not in table.frame.columns]
    for column in missing:
        own = table.names.get(column, column)
        found = f"the columns {', '.join(table.frame.columns) or '(none)'}"
        fix = f"rename the column that holds it to {own}"
        report.fail(table.file, found, f"a column {own}", fix, own)
    return not missing


def has_rows(table: Table, report: Report) -> bool:
    """True if there is at least one row below the header."""
    if not len(table.frame):
        report.fail(table.file, "a header and no rows", "at least one row", "write the rows")
    return len(table.frame) > 0


def with_ids(table: Table, columns: tuple[str, ...], report: Report) -> Table | None:
    """The rows whose named columns hold ids, as String; None if a column cannot hold ids."""
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
    for column in wrong:
        fix = f"write {column} as text or whole numbers"
        report.fail(table.file, f"type {kinds[column]}", "text ids", fix, column)
    if wrong:
        return None
    texts = [pl.col(c).cast(pl.String) for c in columns if kinds[c] != pl.String]
    table = table.with_frame(table.frame.with_columns(texts)) if texts else table
    fix = "give the row an id, or remove it"
    return report.sift(
        table,
        [
            Check(
                "empty id",
                c,
                pl.col(c).is_null() | ~pl.col(c).str.contains(r"\S"),
                "an id",
                fix,
            )
            for c in columns
        ],
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
        text = pl.col(column).cast(pl.String).str.strip_chars()
        number = text.cast(pl.Float64, strict=False)
        table = report.sift(table, [Check("wrong type", column, number.is_null(), "a number", fix)])
        whole = table.frame.select(text.cast(pl.Int64, strict=False)).to_series()
        exact = number if whole.null_count() else pl.lit(whole)
        table = table.with_frame(table.frame.with_columns(exact.alias(column)))
    elif not (kind.is_numeric() or kind == pl.Boolean):
        report.fail(table.file, f"type {kind}", "a column of numbers", fix, column)
        return None
    value = pl.col(column)
    checks = [Check("missing number", column, value.is_null(), "a number", fix)]
    if table.frame.schema[column].is_float():
        checks.append(Check("NaN or infinite", column, ~value.is_finite(), "a finite number", fix))
    return report.sift(table, checks)


def with_values(table: Table, value: str, report: Report) -> Table | None:
    """The rows with a usable `value`, as Float32; implicit events without the column get ones."""
    if "value" not in table.frame.columns:
        if value == "rating":
            fix = 'name the column of ratings value, or set feedback = "implicit" in dataset.toml'
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
        fix = 'write a weight above 0, or set feedback = "rating" in dataset.toml'
        checks.append(Check("weight not above 0", "value", small <= 0, "a weight above 0", fix))
    checked = report.sift(checked, checks)
    return checked.with_frame(checked.frame.with_columns(small))


def with_times(
    table: Table, timestamp: str | None, report: Report
) -> tuple[Table | None, str | None]:
    """The rows with a usable `timestamp`, and whether it is a clock ("unix") or an "order".

    Where the source does not say, numbers all below 10^8 (1973 on a clock) are an order.
    """
    if "timestamp" not in table.frame.columns:
        return table, None
    fix = "write seconds since 1970, or a column of datetimes in Parquet, or remove the row"
    checked = with_numbers(in_seconds(table), "timestamp", report, fix)
    if checked is None:
        return None, timestamp
    kind, time = checked.frame.schema["timestamp"], pl.col("timestamp")
    if kind.is_integer() or kind == pl.Boolean:
        whole = time.cast(pl.Int64, strict=False)
        far = Check("too large", "timestamp", whole.is_null(), "a time below 9e18", fix)
        checked = report.sift(checked, [far])
        time = whole
    else:
        time = time.cast(pl.Float64)
    checked = checked.with_frame(checked.frame.with_columns(time))
    if timestamp is None:
        below = (checked.frame["timestamp"] < 1e8).all()
        timestamp = "order" if below else "unix"
    if timestamp == "unix":
        fix = (
            'write seconds since 1970 (divide milliseconds by 1000), or set clock = "order" '
            "in dataset.toml"
        )
        time = pl.col("timestamp")
        bad = (time < 0) | (time > CENTURY_END_S)
        expected = "seconds since 1970, before the year 2100"
        checked = report.sift(checked, [Check("absurd timestamp", "timestamp", bad, expected, fix)])
    return checked, timestamp


def in_seconds(table: Table) -> Table:
    """The table with datetimes as seconds since 1970, fractions kept; other types stay.

    A float holds today's clock to a quarter of a microsecond. Where that is too coarse to tell
    moments apart, rows come in the order of the moments, so that the order survives.
    """
    kind = table.frame.schema["timestamp"]
    if not isinstance(kind, pl.Datetime | pl.Date):
        return table
    moments = table.frame["timestamp"]
    per_second = TICKS[kind.time_unit] if isinstance(kind, pl.Datetime) else 1
    ticks = moments.to_physical().cast(pl.Int64)
    if isinstance(kind, pl.Date):
        ticks = ticks * DAY_S
    seconds, part = ticks // per_second, ticks % per_second
    if (part != 0).any():
        seconds = seconds.cast(pl.Float64) + part / per_second
        if seconds.n_unique() < ticks.n_unique():
            order = ticks.to_frame().with_row_index("row").sort("timestamp", "row")["row"]
            table, seconds = table.gather(order), seconds.gather(order)
    return table.with_frame(table.frame.with_columns(seconds.alias("timestamp")))


def with_distinct(table: Table, column: str, report: Report) -> Table:
    """The rows whose id did not occur before."""
    if table.frame[column].n_unique() == len(table.frame):
        return table
    fix = "keep one row for each id, or give the other its own id"
    check = Check(
        f"duplicate {column}", column, ~pl.col(column).is_first_distinct(), "a new id", fix
    )
    return report.sift(table, [check])


def with_safe_paths(table: Table, folder: Path, report: Report) -> Table:
    """The rows whose image and audio paths stay inside the folder."""
    return report.sift(table, media_checks(table.frame, folder))
