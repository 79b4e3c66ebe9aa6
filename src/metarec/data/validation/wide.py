"""Tables with a row for each person and a column for each item, as a spreadsheet holds ratings."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from metarec.contracts.meaning import recognised_scale
from metarec.contracts.printing import counted
from metarec.data.column_names import Given, Naming
from metarec.data.validation.numbers_as_text import is_missing
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

LEAST_ITEMS = 3
MOST_STARS = 10.0
"""Ratings in such tables are stars: with larger numbers the columns may be ages and incomes."""


def lengthened(table: Table, naming: Naming, given: Given, report: Report) -> Table | None:
    """The table with a row for each filled cell, where it surely is of people and items.

    That is where the first column is the people, each once, no other is one of ours, and all others
    hold numbers of one scale of ratings, or ones, with some cells empty or 0. None elsewhere.
    """
    people = person_column(table, naming)
    if people is None or given.keys() - {"user_id"}:
        return None
    items = [name for name in table.frame.columns if name != people]
    if len(items) < LEAST_ITEMS or table.frame[people].is_duplicated().any():
        return None
    cells = numbers_of(table.frame, items)
    if cells is None:
        return None
    long = cells.with_columns(table.frame[people].alias("user_id"), table.lines.alias("line"))
    long = long.unpivot(index=["user_id", "line"], variable_name="item_id", value_name="value")
    long = long.sort("line", maintain_order=True)
    n_empty, n_zero = long["value"].null_count(), int((long["value"] == 0).sum())
    filled = long.filter(pl.col("value").is_not_null() & (pl.col("value") != 0))
    scale = recognised_scale(filled["value"])
    if not len(filled) or not n_empty + n_zero or scale is None or scale[1] > MOST_STARS:
        return None
    if n_empty and n_zero:  # a 0 may be a rating, or no event
        return None
    ones = bool((filled["value"] == 1).all())
    none = f"{counted(len(long) - len(filled), 'cell')} {'without a number' if n_empty else 'of 0'}"
    counts = report.remedies.setting("feedback", "implicit")
    report.say(
        f"{table.file}: read as a row for each person and a column for each item, in which {none} "
        "tell of no event" + ("" if ones else f"; {counts} if the numbers are counts")
    )
    places = filled["line"]
    filled = filled.drop("line", *(["value"] if ones else []))
    names = {"user_id": table.names.get(people, people), "item_id": "(the header)"}
    return replace(table, frame=filled, places=places, names=names, untyped=False)


def wide_hint(table: Table) -> str:
    """What to do with a table that may be of people and items, and may as well not be."""
    first, *items = table.frame.columns or [""]
    if len(items) < LEAST_ITEMS or numbers_of(table.frame, items) is None:
        return ""
    index = table.names.get(first, first)
    return (
        f"; if {index} is the person and each other column an item, write a row for each number: "
        f'in Polars, frame.unpivot(index="{index}", variable_name="item_id", value_name="value")'
        ".drop_nulls()"
    )


def person_column(table: Table, naming: Naming) -> str | None:
    """The first column where it is the people, or has no name, and no other is one of ours."""
    names = table.frame.columns
    if not names or "item_id" in naming.clashes or naming.columns.keys() - {"user_id"}:
        return None
    first = naming.columns.get("user_id", names[0])
    nameless = names[0].lower().startswith("unnamed") and "user_id" not in naming.columns
    return names[0] if first == names[0] and ("user_id" in naming.columns or nameless) else None


def numbers_of(frame: pl.DataFrame, items: Sequence[str]) -> pl.DataFrame | None:
    """The columns as numbers, null where a cell is empty; None where one holds anything else."""
    found = []
    for name in items:
        column = frame[name]
        if column.dtype == pl.String:
            text = column.str.strip_chars()
            text = text.set((text == "") | is_missing(text), None)
            column = text.cast(pl.Float64, strict=False)
            if column.null_count() > text.null_count():
                return None
        elif not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
            return None
        found.append(column.cast(pl.Float64).fill_nan(None))
    return pl.DataFrame(found)
