"""The line of names above delimited text, and columns and rows that are only parts of it."""

import csv
import io
import re

import polars as pl

from metarec.data.readers.dialect import Dialect
from metarec.data.readers.text_encoding import encoding_fix
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

RULE = re.compile(r"\s*:?[-=_+ ]{2,}:?\s*")
MARK, MARKED = b'="', r'^="(.*)"$'


def header_of(content: bytes, file: str, dialect: Dialect, report: Report) -> list[str]:
    """The names of the columns, spaces around them left out; none where they cannot be used."""
    lines = io.BytesIO(content)
    line = [lines.readline() for _ in range(dialect.lines_before + 1)][-1]
    if not line.strip():
        report.fail(file, "no header", "a line of names", "write the names of the columns")
        return []
    try:
        first = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        fix = encoding_fix(content, report)
        report.fail(file, "a header that is not UTF-8", "UTF-8 text", fix)
        return []
    reader = csv.reader([first], delimiter=dialect.separator, quotechar=dialect.quote)
    names = [name.strip() for name in next(reader)]
    names = [name or f"unnamed_{number}" for number, name in enumerate(names, 1)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        report.fail(file, f"column {repeated[0]!r} twice", "distinct names", "rename one")
        return []
    return names


def without_nameless(table: Table) -> Table:
    """The table without columns that have neither a name nor content."""
    nameless = [c for c in table.frame.columns if c.startswith("unnamed_")]
    empty = [c for c in nameless if (table.frame[c] == "").all()]
    return table.with_frame(table.frame.drop(empty)) if empty else table


def without_rule(table: Table, report: Report) -> Table:
    """The table without a line such as ---+--- below its header, which is no data."""
    if not len(table.frame) or not all(RULE.fullmatch(cell or "") for cell in table.frame.row(0)):
        return table
    report.say(f"{table.file}: row {table.lines[0]} rules the header off, which is no data")
    return table.keep(pl.int_range(len(table.frame), eager=True) > 0)


def without_marks(table: Table, content: bytes, report: Report) -> Table:
    """The table with ="00123", by which a spreadsheet is told that a cell is text, as that text."""
    if MARK not in content:
        return table
    frame = table.frame
    marked = [column for column in frame if column.str.contains(MARKED).any()]
    if not marked:
        return table
    cell = marked[0].filter(marked[0].str.contains(MARKED))[0]
    names = " and ".join(column.name for column in marked)
    report.say(
        f"{table.file}: {cell} of {names} is read as {cell[2:-1]}, which a spreadsheet means"
    )
    return table.with_frame(frame.with_columns(c.str.replace(MARKED, "$1") for c in marked))


def without_headers(table: Table, report: Report) -> Table:
    """The table without its header's repetitions, as in files that were put together."""
    frame = table.frame
    if not frame.width or not (frame.to_series(0) == frame.columns[0]).any():
        return table
    is_header = frame.select(
        pl.all_horizontal(pl.col(c).str.strip_chars() == c for c in frame.columns)
    ).to_series()
    if is_header.any():
        lines = table.lines.filter(is_header)
        told = f"in row {lines[0]}" if len(lines) == 1 else f"in {len(lines):,} rows"
        report.say(f"{table.file}: the header is repeated {told}, which is no data")
    return table.keep(~is_header)
