"""The line of names above delimited text, and columns and rows that are only parts of it."""

import csv
import io

import polars as pl

from metarec.data.readers.dialect import Dialect
from metarec.data.readers.text_encoding import encoding_fix
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table


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
