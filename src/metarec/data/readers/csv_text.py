"""Delimited text as a table of strings, with every ragged or ill-encoded row placed by its line."""

import csv
import io
from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from metarec.data.readers.text_encoding import ENCODING_FIX, is_utf8, report_encoding
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

Ragged = list[tuple[int, int, str]]
"""Record number (from 1, header lines counted), number of fields, text."""


def read_csv(
    content: bytes,
    file: str,
    report: Report,
    *,
    separator: str = ",",
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8",
    quoted: bool = True,
) -> Table | None:
    """Delimited text, every column as String; `columns` names them where there is no header."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if encoding != "utf-8":
        try:
            content = content.decode(encoding).encode().removeprefix(b"\xef\xbb\xbf")
        except UnicodeError as error:
            found = f"bytes that are not {encoding} ({error})"
            report.fail(file, found, f"text in {encoding}", "name the encoding that it has")
            return None
    names, header_lines = (list(columns), 0) if columns else ([], 1)
    if not columns:
        try:
            first = content.split(b"\n", 1)[0].decode()
        except UnicodeDecodeError:
            report.fail(file, "a header that is not UTF-8", "UTF-8 text", ENCODING_FIX)
            return None
        names = next(csv.reader([first.rstrip("\r")], delimiter=separator))
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        report.fail(file, f"column {repeated[0]!r} twice", "distinct names", "rename one")
        return None
    clean = is_utf8(content)
    if not clean:  # one character a byte, so that rows and columns can still be told
        content = content.decode("latin-1").encode()
    try:
        frame, ragged = parse_csv(content, names, header_lines, separator, quoted)
    except pa.ArrowInvalid as error:
        report.fail(file, f"broken text ({error})", "delimited text", "check the quotes")
        return None
    table = place_rows(frame, file, content, header_lines, ragged, report)
    return drop_blank_lines(table if clean else report_encoding(table, report))


def parse_csv(
    content: bytes, names: Sequence[str], header_lines: int, separator: str, quoted: bool
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
            quote_char='"' if quoted else False,
            newlines_in_values=quoted,
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
