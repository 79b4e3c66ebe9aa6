"""Large tables worked on in pieces, so that memory stays bounded."""

from collections.abc import Iterable, Iterator


def pieces(n: int, width: int, cells: int) -> Iterator[slice]:
    """`n` rows of `width` numbers as slices of at most `cells` numbers, and of at least one row.

    >>> list(pieces(5, 10, 25))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, cells // max(1, width))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def uneven_pieces(widths: Iterable[int], cells: int) -> Iterator[slice]:
    """Rows of these widths as slices of at most `cells` numbers, all rows as wide as the widest.

    At least one row; those behind one another stay together.

    >>> list(uneven_pieces([1, 1, 9, 1, 1, 1], 10))
    [slice(0, 2, None), slice(2, 3, None), slice(3, 6, None)]
    """
    start, widest, row = 0, 1, -1
    for row, width in enumerate(widths):
        if row > start and (row + 1 - start) * max(widest, width) > cells:
            yield slice(start, row)
            start, widest = row, 1
        widest = max(widest, width)
    if row >= start:
        yield slice(start, row + 1)
