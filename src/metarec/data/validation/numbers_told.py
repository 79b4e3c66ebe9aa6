"""What is said of a column of numbers that were understood without being told."""

import polars as pl

from metarec.data.validation.numbers_as_text import perhaps_thousands, units_of
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table


def say_written(
    numbers: pl.Series, example: tuple[str, float], table: Table, report: Report
) -> None:
    """Say how numbers as people write them were read, and of what they are where that differs.

    `numbers` are the cells that were read, as text, and `example` is one of them.
    """
    told = f"{table.file}: column {table.names.get(numbers.name, numbers.name)}"
    report.say(f"{told} is read as numbers: {example[0]!r} is {example[1]:.12g}")
    units = units_of(numbers)
    if len(units) > 1:
        report.say(
            f"{told} holds numbers of {', '.join(units[:-1])} and {units[-1]}, which are read side "
            "by side as they stand; bring them to one, or part the column"
        )


def say_thousands(numbers: pl.Series, table: Table, report: Report) -> None:
    """Name a number such as "1.234" that may be a thousand as well."""
    if cell := perhaps_thousands(numbers):
        own = table.names.get(numbers.name, numbers.name)
        report.say(
            f"{table.file}: column {own} is read with decimal points: {cell!r} is "
            f"{float(cell):.12g}; write {cell.replace('.', '')} if the point parts thousands"
        )
