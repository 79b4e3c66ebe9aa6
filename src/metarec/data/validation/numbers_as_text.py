"""Numbers as people write them: "12,99 €", "$12.50", "1.234,56"; one way of writing a column."""

import re
from dataclasses import dataclass

import polars as pl

CURRENCIES = (
    "EUR|USD|GBP|CHF|JPY|CNY|RMB|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BRL|MXN|ZAR|KRW|TRY|"
    r"RUB|UAH|ILS|THB|SGD|HKD|TWD|AED|SAR|kr\.?|zł|Kč|Ft|руб\.?|Fr\.?|R\$"
)
AROUND = rf"[\s\u{{a0}}\u{{202f}}]*(?:\p{{Sc}}|{CURRENCIES})?[\s\u{{a0}}\u{{202f}}]*"
GAP = r" '’\u{a0}\u{202f}"
MARKS = ((".", ","), (",", "."))
"""The decimal mark and what may group thousands beside it."""
MISSING = frozenset(
    ["n/a", "na", "#n/a", "n.a.", "nan", "null", "none", "nil", "-", "--", "–", "—", "?", "unknown"]
)
"""What stands in a column of numbers where there is none, in small letters."""


@dataclass(frozen=True)
class Written:
    """A column of text read as numbers."""

    numbers: pl.Series
    """Float64; null where a cell is no number."""
    example: tuple[str, float] | None
    """A cell that is no plain number, and what it was read as."""


def written_numbers(column: pl.Series, decimal: str = ".") -> Written:
    """The column's numbers by the decimal mark with which most cells are numbers.

    `decimal` counts where both read as many, as "1,234" does.
    """
    bare = column.str.replace(rf"^{AROUND}([-+]?[0-9].*?){AROUND}$", "$1", literal=False)
    bare = bare.str.replace(rf"^([-+])({AROUND})([0-9].*?)$", "$1$3")
    both = [(mark, as_numbers(bare, mark, group)) for mark, group in MARKS]
    both.sort(key=lambda read: (read[1].null_count(), read[0] != decimal))
    numbers = both[0][1]
    plain = column.cast(pl.Float64, strict=False)
    odd = (plain.is_null() & numbers.is_not_null()).arg_true()
    example = (column[int(odd[0])], float(numbers[int(odd[0])])) if len(odd) else None
    return Written(numbers, example)


def as_numbers(bare: pl.Series, mark: str, group: str) -> pl.Series:
    """Cells as numbers with this decimal mark and these thousands; null for any other."""
    between = rf"[{re.escape(group)}{GAP}]"
    whole = rf"(?:[0-9]{{1,3}}(?:{between}[0-9]{{3}})+|[0-9]+)"
    fits = bare.str.contains(rf"^[-+]?{whole}(?:{re.escape(mark)}[0-9]*)?(?:[eE][-+]?[0-9]+)?$")
    clean = bare.str.replace_all(between, "").str.replace(mark, ".", literal=True)
    clean = clean.str.strip_chars_end(".")
    return clean.set(~fits.fill_null(False), None).cast(pl.Float64, strict=False)


def is_missing(column: pl.Series) -> pl.Series:
    """True where a cell says in words that there is nothing."""
    return column.str.strip_chars().str.to_lowercase().is_in(list(MISSING))
