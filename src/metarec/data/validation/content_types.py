"""Types for content that was read as text: numbers where every cell is one, text otherwise."""

import polars as pl

from metarec.data.validation.numbers_as_text import UNITS, Written, is_missing, written_numbers
from metarec.data.validation.numbers_told import say_thousands, say_written
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

WHOLE = r"^-?(?:0|[1-9][0-9]{0,18})$"  # a leading zero marks a code, such as a postcode
LONG = r"^-?[1-9][0-9]{15,}$"
"""Whole numbers of which several are one float: all are codes where one fits no integer."""
DECIMAL = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
CODE = r"^[^0-9]*0[0-9]"
AS_WRITTEN = rf",|{UNITS}|[.][-–—]|^−"
"""What tells a number as people write it from a version, a telephone or an address."""
LOOKED_AT = 1000
LONGEST = 64
"""No number is written in more bytes."""
MOST = 0.8
"""From this share of numbers on it is told why a column is none of numbers."""


def typed_content(table: Table, report: Report, *kept: str) -> Table:
    """The columns that are not `kept` as they are, with numbers as numbers where text says so.

    Where a format knows types, what it calls text is a number only as people write one ("12,99 €").
    Where it knows none, empty text is null.
    """
    frame = table.frame
    content = [c for c, kind in frame.schema.items() if c not in kept and kind == pl.String]
    if not table.untyped:
        written = [c for c in content if as_people_write(frame[c])]
        return table.with_frame(frame.with_columns(typed(frame[c], table, report) for c in written))
    frame = frame.with_columns(pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in content)
    return table.with_frame(frame.with_columns(typed(frame[c], table, report) for c in content))


def as_people_write(column: pl.Series) -> bool:
    """True if the first cells of the column are mostly numbers with a currency or a comma."""
    cells = column.drop_nulls().head(LOOKED_AT).str.strip_chars()
    short = cells.filter(cells.str.len_bytes() <= LONGEST)
    if len(short) < len(cells) / 2 or not short.str.contains(AS_WRITTEN).any():
        return False
    written = numbers_of(short, ".")
    return written.example is not None and written.is_number.sum() >= len(cells) / 2


def typed(column: pl.Series, table: Table, report: Report) -> pl.Series:
    """The column as Int64 or Float64 if every cell that is filled is such a number.

    Words for a lack of one, such as N/A, count as empty among numbers. That, and numbers as people
    write them, are said; so is a column that would be numbers but for a few cells.
    """
    filled = column.drop_nulls()
    if not len(filled):
        return column
    if filled.str.contains(WHOLE).all():
        whole = column.cast(pl.Int64, strict=False)
        return column if whole.null_count() > column.null_count() else whole
    if filled.str.contains(LONG).any():
        return column
    if filled.str.contains(DECIMAL).all():
        say_thousands(filled, table, report)
        return column.cast(pl.Float64)
    is_number = numbers_of(filled.head(LOOKED_AT), table.decimal).is_number
    if is_number.sum() < len(is_number) / 2:
        return column
    return mostly_numbers(column, table, report)


def mostly_numbers(column: pl.Series, table: Table, report: Report) -> pl.Series:
    """A column of numbers with words for a lack of one, or of numbers as people write them."""
    written = numbers_of(column, table.decimal)
    numbers, example = written.numbers, written.example
    lacks = is_missing(column).fill_null(False)
    odd = column.is_not_null() & numbers.is_null() & ~lacks
    n_numbers, n_filled = len(numbers) - numbers.null_count(), len(column) - column.null_count()
    told = f"{table.file}: column {column.name}"
    share = f"{n_numbers:,} of {n_filled:,} are numbers"
    if odd.any():
        if n_numbers >= MOST * n_filled:
            row, cell = table.lines.filter(odd)[0], column.filter(odd)[0]
            report.say(f"{told} stays text: {share}, and {cell!r} (row {row}) is none")
        elif (n_either := int(written.is_number.sum())) >= MOST * n_filled:
            other = odd & written.is_number
            row, cell = table.lines.filter(other)[0], column.filter(other)[0]
            report.say(
                f"{told} stays text: {n_either:,} of {n_filled:,} are numbers, and decimals are "
                f"marked by points and by commas, as in {cell!r} (row {row}); write all one way"
            )
        return column
    if example is not None:
        say_written(column.filter(numbers.is_not_null()), example, table, report)
    else:
        say_thousands(column.filter(numbers.is_not_null()), table, report)
    if lacks.any():
        report.say(f"{told}: {share}, and {column.filter(lacks)[0]!r} is taken as missing")
    return numbers.alias(column.name)


def numbers_of(column: pl.Series, decimal: str) -> Written:
    """The numbers of a column, null where a cell is a code or none."""
    plain = column.str.contains(DECIMAL)
    if column.str.contains(AS_WRITTEN).any():
        return written_numbers(column.set(column.str.contains(CODE), None), decimal)
    is_number = plain.fill_null(False)
    return Written(column.set(~is_number, None).cast(pl.Float64), None, is_number)
