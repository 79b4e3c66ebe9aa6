"""How a delimited file is written: what separates its fields, and what quotes them."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from metarec.data.readers.text_encoding import LOOKED_AT

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
RARE = {" ": "spaces", "^": "carets", ":": "colons", "~": "tildes", "\x01": "control characters"}
"""Separators that are looked for only where none of the usual ones parts the header."""
ROWS_LOOKED_AT = 200
MOST_LINES_ABOVE = 10
SURE = 0.9
"""Share of rows that must agree with the header where it is looked for below other lines."""
STATED = re.compile(rb'"?sep=([^"\r\n])"?\r?\n')
"""A first line with which Excel states the separator."""


@dataclass(frozen=True)
class Dialect:
    """What separates and quotes the fields, and how many lines stand before the header."""

    separator: str
    quote: str = '"'
    lines_before: int = 0
    above: str = ""
    """The first of the lines before the header that are no table, such as a title or a comment."""

    def __str__(self) -> str:
        name = (SEPARATORS | RARE).get(self.separator, repr(self.separator))
        return f"fields between {name}" + ("" if self.quote == '"' else f", quoted by {self.quote}")


def dialect_of(content: bytes, separator: str | None = None) -> Dialect:
    """The dialect of a file with a header, told from its beginning, unless it is given.

    The separator is the one by which most of the first rows have as many fields as the header, and
    the header at least two; commas where there is none.
    """
    stated = STATED.match(content)
    text = content[stated.end() if stated else 0 :][:LOOKED_AT].decode("utf-8", "replace")
    if separator is None and stated:
        separator = stated[1].decode("latin-1")
    before = len(text) - len(text.lstrip("\r\n"))
    n_before = text[:before].count("\n") + (1 if stated else 0)
    text = text[before:]
    whole, _, rest = text.rpartition("\n")  # the last line may be cut
    text, above = whole or rest, ""
    usual = SEPARATORS if separator is None else {separator: ""}
    found, share = best(text, usual)
    if not share and (n_above := lines_above(text, usual)):
        lines = text.split("\n")
        text, above, n_before = "\n".join(lines[n_above:]), lines[0].strip(), n_before + n_above
        found, share = best(text, usual)
    if not share and separator is None:
        rare, share = best(text, RARE)
        found = rare if share >= SURE else found
    return Dialect(found, quote_of(text, found), n_before, above)


def best(text: str, separators: Iterable[str]) -> tuple[str, float]:
    """The separator with which the rows agree most with their header, and how much."""
    shares = {one: agreement(text, one) for one in separators}
    found = max(shares, key=lambda one: shares[one])
    return found, shares[found]


def lines_above(text: str, separators: Iterable[str]) -> int:
    """How many lines at the beginning are comments, or a title with an empty line below it."""
    lines = text.split("\n")
    for n in range(1, min(MOST_LINES_ABOVE, len(lines) - 1) + 1):
        comments = all(not line.strip() or line.startswith("#") for line in lines[:n])
        title = not lines[n - 1].strip() and lines[n].strip()
        if (comments or title) and best("\n".join(lines[n:]), separators)[1] >= SURE:
            return n
    return 0


def agreement(text: str, separator: str) -> float:
    """Share of rows with as many fields as the header has; 0 where the header has one field."""
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows += [len(row)] if row else []
            if len(rows) == ROWS_LOOKED_AT:
                break
    except csv.Error:  # a field beyond csv's limit: a quote that never closes
        pass
    if not rows or rows[0] < 2:
        return 0.0
    return sum(width == rows[0] for width in rows) / len(rows)


def quote_of(text: str, separator: str) -> str:
    """A single quote where it quotes fields on most lines, and no double quote does."""
    border = re.escape(separator)
    lines = text.splitlines()[:ROWS_LOOKED_AT]
    quoted = [re.search(rf"(?:^|{border})'[^']*'(?:{border}|$)", line) for line in lines]
    by_double = any(re.search(rf'(?:^|{border})"', line) for line in lines)
    return '"' if by_double or sum(map(bool, quoted)) <= len(lines) / 2 else "'"
