"""How values name their parts when they are printed: a few of them, and how many more."""

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 5
COMPARED = 20_000
"""Names that one is compared with, at most: that takes a second."""


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


def nearest(name: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The known names that are most like one that is not known.

    >>> nearest("u12", ["u1", "u112", "v"], most=2)
    ['u112', 'u1']
    """
    known = [str(other) for other in names]
    if len(known) > COMPARED:
        alike = [other for other in known if other[:1] == name[:1]]
        known = (alike or known)[:COMPARED]
    return get_close_matches(name, known, n=most, cutoff=0.0)
