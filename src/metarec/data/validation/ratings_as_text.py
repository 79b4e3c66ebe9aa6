"""Ratings as people write them: "4/5", "4 of 5", "★★★★☆", "4 stars", "yes" and "no"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from metarec.contracts.meaning import SCALES, Scale, recognised_scale
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

MOST_WAYS = 1000
"""With more distinct cells than this a column is none of ratings."""
NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
OUT_OF = re.compile(rf"({NUMBER})\s*(?:/|of|out of|von|sur|de|su)\s*([0-9]+)(?:\s*stars?)?", re.I)
STARS = re.compile(rf"({NUMBER})\s*(?:stars?|[★⭐])", re.I)
SIGNS = re.compile(r"([★⭐🌟✭✮]+)(½?)([☆✩✰]*)")
PAIRS = (
    ("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("up", "down"), ("👍", "👎"),
    ("thumbs up", "thumbs down"), ("thumbsup", "thumbsdown"), ("like", "dislike"),
    ("liked", "disliked"), ("love", "hate"), ("positive", "negative"),
)  # fmt: skip
"""Words for a good and a bad rating, in small letters."""


@dataclass(frozen=True)
class Read:
    """A cell as a rating."""

    value: float
    out_of: float | None
    """The best that could be given, where the cell says that."""


def with_written_ratings(
    table: Table, declared: Scale | None, report: Report
) -> tuple[Table, Scale | None]:
    """The table with ratings as people write them as numbers, and the scale that they tell.

    That is None where the numbers alone tell the same. Cells that are no rating stay as they are.
    """
    column = table.frame["value"]
    read, plain = ratings_in(column)
    if not read:
        return table, None
    own, first = table.names.get("value", "value"), next(iter(read))
    best = sorted({one.out_of for one in read.values() if one.out_of is not None})
    numbers = [one.value for one in read.values()]
    told = scale_out_of(best[0], pl.Series(numbers + plain)) if len(best) == 1 else None
    if len(best) > 1:
        found = " and ".join(f"out of {one:g}" for one in best)
        report.fail(table.file, f"ratings {found}", "one scale", "bring them to one", own)
    elif best and declared and declared[1] != best[0]:
        found = f"ratings out of {best[0]:g}, as in {first!r}"
        expected = f"ratings on the declared scale, {declared[0]:g} to {declared[1]:g}"
        report.fail(table.file, found, expected, "declare the scale that they are on", own)
    else:
        of = f" out of {best[0]:g}" if best and best[0] > 1 else ""
        report.say(f"{table.file}: column {own} is read as ratings{of}: {_told(read)}")
    replaced = column.replace(list(read), list(map(str, numbers)))
    return table.with_frame(table.frame.with_columns(replaced)), told


def ratings_in(column: pl.Series) -> tuple[dict[str, Read], list[float]]:
    """Each way in which ratings are written, and the plain numbers beside them.

    Both are empty where the column is of plain numbers, or mostly of something else.
    """
    if column.dtype != pl.String or not numbers_of(column.head(MOST_WAYS)).null_count():
        return {}, []
    cells = column.unique(maintain_order=True).drop_nulls()
    plain = numbers_of(cells).drop_nulls().to_list()
    if len(cells) - len(plain) > MOST_WAYS:
        return {}, []
    read = {str(cell): found for cell in cells if (found := rating_of(str(cell)))}
    return (read, plain) if len(read) >= (len(cells) - len(plain)) / 2 else ({}, [])


def numbers_of(cells: pl.Series) -> pl.Series:
    """Plain numbers; null for what is none."""
    return cells.str.strip_chars().cast(pl.Float64, strict=False)


def rating_of(cell: str) -> Read | None:
    """One cell as a rating; None for anything else, plain numbers too."""
    text = " ".join(cell.replace("\ufe0f", "").replace("_", " ").split()).casefold()
    for good, bad in PAIRS:
        if text in (good, bad):
            return Read(float(text == good), 1.0)
    if match := OUT_OF.fullmatch(text):
        return Read(_number(match[1]), float(match[2]))
    if match := STARS.fullmatch(text):
        return Read(_number(match[1]), None)
    if match := SIGNS.fullmatch(text):
        filled, half, empty = match.groups()
        of = len(filled) + bool(half) + len(empty)
        return Read(len(filled) + len(half) / 2, float(of) if empty else None)
    return None


def scale_out_of(best: float, values: pl.Series) -> Scale | None:
    """The scale of ratings out of the best; None where the ratings alone are recognised on it."""
    known = recognised_scale(values)
    if known and known[1] == best:
        return None
    halves = bool((values % 1 != 0).any())
    lowest = [low for low, high in SCALES if high == best and low <= float(values.min() or 0.0)]  # type: ignore[arg-type]
    if halves and 0.5 in lowest:
        return 0.5, best
    return (lowest[0] if lowest else 0.0), best


def _told(read: Mapping[str, Read]) -> str:
    """The first of the cells as it is read; of two words, both."""
    n = 2 if all(one.out_of == 1 for one in read.values()) else 1
    return ", ".join(f"{cell!r} is {one.value:g}" for cell, one in list(read.items())[:n])


def _number(text: str) -> float:
    return float(text.replace(",", "."))
