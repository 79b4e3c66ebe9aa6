"""Numbers as people write them: "12,99 €", "12,-", "1.234,56", "5 %"; one way for a column."""

import re
from dataclasses import dataclass

import polars as pl

CURRENCIES = (
    "EUR|USD|GBP|CHF|JPY|CNY|RMB|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BRL|MXN|ZAR|KRW|TRY|"
    r"RUB|UAH|ILS|THB|SGD|HKD|TWD|AED|SAR|kr\.?|zł|Kč|Ft|руб\.?|Fr\.?|R\$"
)
UNITS = rf"\p{{Sc}}|{CURRENCIES}|%"
"""What a number of a column may be of: the columns of a shop are of one."""
AROUND = rf"[\s\u{{a0}}\u{{202f}}]*(?:{UNITS})?[\s\u{{a0}}\u{{202f}}]*"
NO_CENTS = r"[.,][-–—]{1,2}$"
"""What stands for no cents in "12,- €" and "12.–"."""
ALIKE = {"€": "EUR", "$": "USD", "£": "GBP", "₽": "RUB", "₹": "INR", "₺": "TRY", "₴": "UAH"}
"""Signs of currencies and their names; others stand for themselves."""
PERHAPS_THOUSANDS = r"^[-+]?[1-9][0-9]{0,2}\.[0-9]{3}$"
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
    is_number: pl.Series
    """True where a cell is a number by one decimal mark or by the other."""


def written_numbers(column: pl.Series, decimal: str) -> Written:
    """The column's numbers by the decimal mark with which most cells are numbers.

    `decimal` counts where both read as many, as "1,234" does.
    """
    bare = column.str.replace("−", "-", literal=True)  # the minus of typesetters
    bare = bare.str.replace(rf"^{AROUND}([-+]?[0-9].*?){AROUND}$", "$1", literal=False)
    bare = bare.str.replace(rf"^([-+])({AROUND})([0-9].*?)$", "$1$3").str.replace(NO_CENTS, "")
    both = [(mark, as_numbers(bare, mark, group)) for mark, group in MARKS]
    both.sort(key=lambda read: (read[1].null_count(), read[0] != decimal))
    numbers = both[0][1]
    plain = column.cast(pl.Float64, strict=False)
    odd = (plain.is_null() & numbers.is_not_null()).arg_true()
    example = (column[int(odd[0])], float(numbers[int(odd[0])])) if len(odd) else None
    return Written(numbers, example, numbers.is_not_null() | both[1][1].is_not_null())


def as_numbers(bare: pl.Series, mark: str, group: str) -> pl.Series:
    """Cells as numbers with this decimal mark and these thousands; null for any other."""
    between = rf"[{re.escape(group)}{GAP}]"
    whole = rf"(?:[0-9]{{1,3}}(?:{between}[0-9]{{3}})+|[0-9]+)"
    fits = bare.str.contains(rf"^[-+]?{whole}(?:{re.escape(mark)}[0-9]*)?(?:[eE][-+]?[0-9]+)?$")
    clean = bare.str.replace_all(between, "").str.replace(mark, ".", literal=True)
    clean = clean.str.strip_chars_end(".")
    return clean.set(~fits.fill_null(False), None).cast(pl.Float64, strict=False)


def perhaps_thousands(column: pl.Series) -> str | None:
    """The first of numbers such as "1.234" where the dot may part thousands as well; else None.

    That is so where every dot of the column stands so, and no thousand is written without one.
    """
    is_dotted = column.str.contains(".", literal=True).fill_null(False)
    dotted, others = column.filter(is_dotted), column.filter(~is_dotted)
    if others.str.contains("[0-9]{4}").any() or not dotted.str.contains(PERHAPS_THOUSANDS).all():
        return None
    return str(dotted[0]) if len(dotted) else None


def units_of(column: pl.Series) -> list[str]:
    """The currencies of a column of numbers, as they are written; "%" and no unit are also two."""
    units = column.drop_nulls().str.extract(f"({UNITS})").unique(maintain_order=True)
    named = {ALIKE.get(unit, unit): unit for unit in reversed(units.drop_nulls().to_list())}
    bare = ["no unit"] if "%" in named and units.null_count() else []
    return [*reversed(named.values()), *bare]


def is_missing(column: pl.Series) -> pl.Series:
    """True where a cell says in words that there is nothing."""
    return column.str.strip_chars().str.to_lowercase().is_in(list(MISSING))
