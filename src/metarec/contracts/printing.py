"""How values name their parts when they are printed: a few of them, and how many more."""

from collections.abc import Iterable
from difflib import get_close_matches

import polars as pl

SHOWN = 5
LOOKED_AT = 64
"""Letters of a name by which those that are like it are looked for."""
COMPARED = 2_000
"""Names that one is compared with, at most: a fraction of a second."""


def listed(parts: Iterable[object], most: int = SHOWN) -> str:
    """The first few parts, and how many more there are.

    >>> listed(["title", "price", "year"], most=2)
    'title, price and 1 more'
    """
    told = [str(part) for part in parts]
    rest = len(told) - most
    return ", ".join(told[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> counted(1, "item"), counted(2000, "history", "histories")
    ('1 item', '2,000 histories')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def nearest(name: str, names: Iterable[str], most: int = 3, least: float = 0.0) -> list[str]:
    """The known names that are most like one that is not known, and at least so like (0 to 1).

    >>> nearest("u12", ["u1", "u112", "v"], most=2)
    ['u112', 'u1']
    """
    known = [str(other) for other in names]
    if len(known) > COMPARED:
        shared = in_common(name, pl.Series(known, dtype=pl.String))
        known = [known[row] for row in shared.arg_sort(descending=True)[:COMPARED]]
    return get_close_matches(name, known, n=most, cutoff=least)


def near_or_some(name: str, ids: Iterable[object]) -> str:
    """The known ids that are like an unknown one, else what ids look like.

    >>> near_or_some("u12", ["u1", "v"]), near_or_some("ann", ["7"])
    ("the nearest ids are 'u1'", "its ids look like '7'")
    """
    known = [str(other) for other in ids]
    near = nearest(name, known, least=0.6)
    told = "the nearest ids are" if near else "its ids look like"
    return f"{told} {', '.join(map(repr, near or known[:3])) or 'none'}"


def in_common(name: str, others: pl.Series) -> pl.Series:
    """Letters that each of the others shares at its beginning and end, less the other letters.

    It is large for names that differ in one place, and quick to tell.
    """
    shared = -abs(others.str.len_chars().cast(pl.Int64) - len(name))
    for length in range(1, min(len(name), LOOKED_AT) + 1):
        shared += others.str.starts_with(name[:length]).cast(pl.Int64)
        shared += others.str.ends_with(name[-length:]).cast(pl.Int64)
    return shared
