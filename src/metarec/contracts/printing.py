"""How values name their parts when they are printed: a few of them, and how many more."""

from collections.abc import Iterable

SHOWN = 5


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
