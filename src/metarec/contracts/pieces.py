"""Large tables worked on in pieces, so that memory stays bounded."""

from collections.abc import Iterator


def pieces(n: int, width: int, cells: int) -> Iterator[slice]:
    """`n` rows of `width` numbers as slices of at most `cells` numbers, and of at least one row.

    >>> list(pieces(5, 10, 25))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, cells // max(1, width))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))
