"""Delimited text as a table of strings, with every ragged or ill-encoded row placed by its line."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from metarec.data.readers.dialect import Dialect, dialect_of
from metarec.data.readers.header import (
    header_of,
    without_headers,
    without_marks,
    without_nameless,
    without_rule,
)
from metarec.data.readers.quotes import broken_quote
from metarec.data.readers.text_encoding import (
    LOOKED_AT,
    as_utf8,
    decodes,
    encoding_fix,
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
    if not columns:
        say_dialect(dialect, separator, file, report)
    names = list(columns or header_of(text, file, dialect, report))
    if not names:
        return None
    clean = decodes(text)
    fix = "" if clean else encoding_fix(text, report)
    if not clean:  # one character a byte, so that rows and columns can still be told
        text = text.decode("latin-1").encode()
    header_lines = 0 if columns else dialect.lines_before + 1
    quote = dialect.quote if quoted else None
    if len(text) < LOOKED_AT and text.count(b"\n") < header_lines:
        text += b"\n"
    try:
        frame, ragged = parse_csv(text, names, header_lines, dialect.separator, quote)
        if ends_in_separators(frame, ragged, len(names), dialect.separator):
            names.append(f"unnamed_{len(names) + 1}")
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
        table = without_headers(without_rule(without_nameless(table), report), report)
        table = without_marks(table, text, report)
    if dialect.separator == ";":  # which is written where commas are in numbers
        table = replace(table, decimal=",")
    return drop_blank_lines(table if clean else report_encoding(table, fix, report))


def say_dialect(dialect: Dialect, separator: str | None, file: str, report: Report) -> None:
    """Say what separates and quotes fields where that is not what was given or is usual."""
    if dialect.separator not in (",", separator) or dialect.quote != '"':
        report.say(f"{file}: {dialect}")
    if dialect.above:
        report.say(
            f"{file}: the header is in line {dialect.lines_before + 1}, below lines that are no "
            f"table, such as {dialect.above[:60]!r}"
        )


def ends_in_separators(frame: pl.DataFrame, ragged: Ragged, n_names: int, separator: str) -> bool:
    """True if every row ends in a separator that the header does not end in."""
    if len(frame) or not ragged:
        return False
    return all(width == n_names + 1 and text.endswith(separator) for _, width, text in ragged)


def report_quote(content: bytes, file: str, dialect: Dialect, report: Report) -> bool:
    """Name the line of a quote that does not close; False where every one does."""
    broken = broken_quote(content, dialect)
    if broken is not None:
        line, text = broken
        fix = "close it, and write a quote inside a quoted field twice"
        report.fail(file, f"{text} and no quote at its end", "a closed field", fix, row=line)
    return broken is not None


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
    odd = [(number, width, text) for number, width, text in ragged if text.strip()]
    if odd:  # a line of spaces is blank
        texts = pl.Series([text for _, _, text in odd], dtype=pl.String)
        widths = pl.Series([width for _, width, _ in odd], dtype=pl.Int64)
        rows = np.array([number for number, _, _ in odd], dtype=np.int64)
        report.ragged(file, pl.Series(lines[rows - first]), texts, widths)
    places = pl.Series(lines[good - first], dtype=pl.Int64)
    return Table(frame, file, first, places, untyped=True)


def drop_blank_lines(table: Table) -> Table:
    """The table without rows of nothing but spaces, which are blank lines."""
    if not table.frame.width:
        return table
    last = table.frame.to_series(-1).alias("last")  # blank lines are rare: one column first
    if not ((last == "") | last.str.starts_with(" ") | last.str.starts_with("\t")).any():
        return table
    blank = pl.all_horizontal(pl.all().str.strip_chars() == "")
    return table.keep(~table.frame.select(blank).to_series())
