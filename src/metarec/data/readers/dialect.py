"""How a delimited file is written: what separates its fields, and what quotes them."""

import csv
import io
import re
from dataclasses import dataclass

from metarec.data.readers.text_encoding import LOOKED_AT

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
ROWS_LOOKED_AT = 200
STATED = re.compile(rb'"?sep=([^"\r\n])"?\r?\n')
"""A first line with which Excel states the separator."""


@dataclass(frozen=True)
class Dialect:
    """What separates and quotes the fields, and how many lines stand before the header."""

    separator: str = ","
    quote: str = '"'
    lines_before: int = 0

    def __str__(self) -> str:
        return f"fields between {SEPARATORS.get(self.separator, repr(self.separator))}" + (
            "" if self.quote == '"' else f", quoted by {self.quote}"
        )


def dialect_of(content: bytes, separator: str | None = None) -> Dialect:
    """The dialect of a file with a header, told from its beginning, unless it is given.

    The separator is the one by which most of the first rows have as many fields as the header, and
    the header at least two; commas where there is none.
    """
    stated = STATED.match(content)
    text = content[stated.end() if stated else 0 :][:LOOKED_AT].decode("utf-8", "replace")
    if separator is None and stated:
        separator = stated[1].decode("latin-1")
    whole, _, rest = text.rpartition("\n")  # the last line may be cut
    text = whole or rest
    if separator is None:
        separator = max(SEPARATORS, key=lambda one: agreement(text, one))
    return Dialect(separator, quote_of(text, separator), 1 if stated else 0)


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
