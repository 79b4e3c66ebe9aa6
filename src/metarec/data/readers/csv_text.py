"""Delimited text as a table of strings, with every ragged or ill-encoded row placed by its line."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from metarec.data.readers.dialect import Dialect, dialect_of
from metarec.data.readers.quotes import broken_quote
from metarec.data.readers.text_encoding import (
    as_utf8,
    encoding_fix,
    is_utf8,
    report_encoding,
    with_newlines,
)
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

Ragged = list[tuple[int, int, str]]
"""Record number (from 1, header lines counted), number of fields, text."""


def read_csv(
    content: bytes,
    file: str,
    report: Report,
    *,
    separator: str | None = None,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
    quoted: bool = True,
) -> Table | None:
    """Delimited text, every column as String; `columns` names them where there is no header.

    A separator that is not given is found in the file, and said where it is no comma.
    """
    text = as_utf8(content, file, report, encoding)
    if text is None:
        return None
    text = with_newlines(text)
    dialect = Dialect(separator or ",") if columns else dialect_of(text, separator)
    if not columns and dialect not in (Dialect(), Dialect(separator or ",")):
        report.say(f"{file}: {dialect}")
    names = list(columns or header_of(text, file, dialect, report))
    if not names:
        return None
    clean = is_utf8(text)
    fix = "" if clean else encoding_fix(text, report)
    if not clean:  # one character a byte, so that rows and columns can still be told
        text = text.decode("latin-1").encode()
    header_lines = 0 if columns else dialect.lines_before + 1
    quote = dialect.quote if quoted else None
    try:
        frame, ragged = parse_csv(text, names, header_lines, dialect.separator, quote)
    except pa.ArrowInvalid as error:
        if not report_quote(text, file, dialect, report):
            found = f"broken text ({error})"
            report.fail(file, found, "delimited text", "check the quotes")
        return None
    suspect = quote and (ragged or text.count(quote.encode()) % 2)
    if suspect and report_quote(text, file, dialect, report):
        return None
    table = place_rows(frame, file, text, header_lines, ragged, report)
    if not columns:
        table = without_headers(without_nameless(table), report)
    if dialect.separator == ";":  # which is written where commas are in numbers
        table = replace(table, decimal=",")
    return drop_blank_lines(table if clean else report_encoding(table, fix, report))


def header_of(content: bytes, file: str, dialect: Dialect, report: Report) -> list[str]:
    """The names of the columns, spaces around them left out; none where they cannot be used."""
    line = content.split(b"\n", dialect.lines_before + 1)[dialect.lines_before]
    try:
        first = line.decode().rstrip("\r")
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


def report_quote(content: bytes, file: str, dialect: Dialect, report: Report) -> bool:
    """Name the line of a quote that does not close; False where every one does."""
    broken = broken_quote(content, dialect)
    if broken is not None:
        line, text = broken
        fix = "close it, and write a quote inside a quoted field twice"
        report.fail(file, f"{text} and no quote at its end", "a closed field", fix, row=line)
    return broken is not None


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


def parse_csv(
    content: bytes, names: Sequence[str], header_lines: int, separator: str, quote: str | None
) -> tuple[pl.DataFrame, Ragged]:
    """All well-formed rows as String columns, and the rows with another number of fields."""
    ragged: Ragged = []

    def note(row: "arrow_csv.InvalidRow") -> str:
        ragged.append((row.number, row.actual_columns, row.text))
        return "skip"

    table = arrow_csv.read_csv(
        io.BytesIO(content),
        # rows are numbered only when one thread reads
        read_options=arrow_csv.ReadOptions(
            column_names=names, skip_rows=header_lines, use_threads=False
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=separator,
            quote_char=quote or False,
            newlines_in_values=quote is not None,
            invalid_row_handler=note,
            ignore_empty_lines=False,
        ),
        convert_options=arrow_csv.ConvertOptions(
            check_utf8=False, column_types=dict.fromkeys(names, pa.large_string())
        ),
    )
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame, ragged


def place_rows(
    frame: pl.DataFrame,
    file: str,
    content: bytes,
    header_lines: int,
    ragged: Ragged,
    report: Report,
) -> Table:
    """The table with the line of each row; quoted line breaks and ragged rows shift lines."""
    first = header_lines + 1
    n_lines = content.count(b"\n") + (not content.endswith(b"\n")) - header_lines
    if not ragged and n_lines == len(frame):
        return Table(frame, file, first, untyped=True)
    records = np.arange(first, first + len(frame) + len(ragged))
    bad = np.array([number for number, _, _ in ragged], dtype=np.int64)
    good = np.setdiff1d(records, bad)
    breaks = frame.select(pl.sum_horizontal(pl.all().str.count_matches("\n").fill_null(0)))
    extra = np.zeros(len(records) + 1, dtype=np.int64)  # line breaks inside earlier records
    extra[good - first + 1] = breaks.to_series().to_numpy()
    lines = records + np.cumsum(extra)[:-1]
    if ragged:
        texts = pl.Series([text for _, _, text in ragged], dtype=pl.String)
        widths = pl.Series([width for _, width, _ in ragged], dtype=pl.Int64)
        report.ragged(file, pl.Series(lines[bad - first]), texts, widths)
    places = pl.Series(lines[good - first], dtype=pl.Int64)
    return Table(frame, file, first, places, untyped=True)


def drop_blank_lines(table: Table) -> Table:
    """The table without rows of empty cells only, which are blank lines."""
    if not table.frame.width:
        return table
    last = table.frame.columns[-1]  # a blank line is rare: look at one column first
    if not (table.frame[last] == "").any():
        return table
    return table.keep(~table.frame.select(pl.all_horizontal(pl.all() == "")).to_series())
