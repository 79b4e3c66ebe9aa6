"""Where a quote of delimited text does not close."""

import re

from metarec.data.readers.dialect import Dialect


def broken_quote(content: bytes, dialect: Dialect) -> tuple[int, str] | None:
    """The line of the first quoted field that goes on after its quote, and its beginning.

    A quote that never closes swallows what follows up to the next quote, after which the field
    goes on, or up to the end of the file. None where every quoted field ends with its quote.
    """
    quote, separator = re.escape(dialect.quote.encode()), re.escape(dialect.separator.encode())
    field = re.compile(
        rb"(?:^|(?<=[\r\n])|(?<=" + separator + rb"))"
        rb"(" + quote + rb"(?:[^" + quote + rb"]|" + quote * 2 + rb")*+)(" + quote + rb"?)"
    )
    place, end = 0, len(content)
    while match := field.search(content, place):
        place = match.end()
        closed = match[2] and (
            place == end or re.match(rb"[\r\n]|" + separator, content[place : place + 1])
        )
        if not closed:
            line = content.count(b"\n", 0, match.start()) + 1
            return line, match[1].splitlines()[0][:60].decode("utf-8", "replace")
    return None
