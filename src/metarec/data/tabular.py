"""Reading one file of a shop as a table: Parquet, CSV or JSON Lines, plain or gzipped."""

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from metarec.data.problems import Check, Report
from metarec.data.table import Table

# A string, read as Latin-1 (one character a byte), that is valid UTF-8.
UTF8 = (
    r"^(?:[\x00-\x7f]|[\u{c2}-\u{df}][\u{80}-\u{bf}]|[\u{e0}-\u{ef}][\u{80}-\u{bf}]{2}"
    r"|[\u{f0}-\u{f4}][\u{80}-\u{bf}]{3})*$"
)
ENCODING_FIX = "save the file as UTF-8"


def read_table(path: Path, report: Report) -> Table | None:
    """The file as a table by its suffix; None, with a problem reported, if it cannot be read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".parquet"]:
        return read_parquet(path, report)
    content = read_bytes(path, report)
    if content is None:
        return None
    if ".jsonl" in suffixes or ".json" in suffixes:
        return read_json_lines(content, path.name, report)
    return read_csv(content, path.name, report)


def read_bytes(path: Path, report: Report) -> bytes | None:
    """The content of a file, unpacked where its name ends in .gz."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        report.fail(path.name, f"a broken gzip file ({error})", "a whole one", "copy it again")
        return None
    except OSError as error:
        report.fail(path.name, str(error.strerror or error), "a readable file", "check the path")
        return None
    if not content[:4096].strip() and not content.strip():
        report.fail(
            path.name, "an empty file", "rows of data", "write the data, or remove the file"
        )
        return None
    return content


def read_parquet(path: Path, report: Report) -> Table | None:
    """A Parquet file with its own column types."""
    try:
        if path.stat().st_size == 0:
            report.fail(path.name, "an empty file", "rows of data", "write the file again")
            return None
        return Table(pl.read_parquet(path, glob=False, hive_partitioning=False), path.name)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        report.fail(path.name, f"no Parquet ({reason})", "a Parquet file", "write the file again")
        return None


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
        content = content.decode(encoding).encode()
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


def is_utf8(content: bytes) -> bool:
    """True if all of the content is valid UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


Ragged = list[tuple[int, int, str]]
"""Record number (from 1, header lines counted), number of fields, text."""


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
    breaks = frame.select(
        pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0))
    )
    extra = np.zeros(len(records) + 1, dtype=np.int64)  # line breaks inside earlier records
    extra[good - first + 1] = breaks.to_series().to_numpy()
    lines = records + np.cumsum(extra)[:-1]
    if ragged:
        texts = pl.Series([text for _, _, text in ragged], dtype=pl.String)
        widths = pl.Series([width for _, width, _ in ragged], dtype=pl.Int64)
        report.ragged(file, pl.Series(lines[bad - first]), texts, widths)
    places = pl.Series(lines[good - first], dtype=pl.Int64)
    return Table(frame, file, first, places, untyped=True)


def report_encoding(table: Table, report: Report) -> Table:
    """The rows that are UTF-8 throughout, back from one character a byte to text."""
    broken = table.frame.select(~pl.all().str.contains(UTF8))
    checks = [
        Check("wrong encoding", name, pl.lit(broken[name]), "UTF-8 text", ENCODING_FIX)
        for name in table.frame.columns
    ]
    kept = report.sift(table, checks)
    return kept.with_frame(from_latin(kept.frame))


def from_latin(frame: pl.DataFrame) -> pl.DataFrame:
    """Text that was read one character a byte, decoded as the UTF-8 that it is."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, quote_style="always")
    encoded = buffer.getvalue().decode().encode("latin-1")
    return pl.read_csv(encoded, infer_schema=False)


def drop_blank_lines(table: Table) -> Table:
    """The table without rows of empty cells only, which are blank lines."""
    if not table.frame.width:
        return table
    last = table.frame.columns[-1]  # a blank line is rare: look at one column first
    if not (table.frame[last] == "").any():
        return table
    return table.keep(~table.frame.select(pl.all_horizontal(pl.all() == "")).to_series())


def read_json_lines(content: bytes, file: str, report: Report) -> Table | None:
    """JSON Lines, one object a line, with the types found over all lines."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    n_lines = content.count(b"\n") + (not content.endswith(b"\n"))
    try:
        frame = pl.read_ndjson(io.BytesIO(content), infer_schema_length=None)
        if len(frame) == n_lines:
            return Table(frame, file)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        pass  # some line is broken; below each line is looked at
    return read_json_carefully(content, file, report)


def read_json_carefully(content: bytes, file: str, report: Report) -> Table | None:
    """JSON Lines with each broken line reported and left out, and blank lines skipped."""
    lines = Table(pl.DataFrame({"line": content.decode("latin-1").split("\n")}), file)
    lines = lines.keep(lines.frame["line"].str.strip_chars() != "")
    is_text = pl.col("line").str.contains(UTF8)
    check = Check("wrong encoding", None, ~is_text, "UTF-8 text", ENCODING_FIX)
    lines = report.sift(lines, [check])
    lines = lines.with_frame(from_latin(lines.frame))
    is_object = pl.col("line").str.starts_with("{") & (
        pl.col("line").str.json_path_match("$").is_not_null()
    )
    fix = "write one JSON object a line, with null for a missing value (NaN is no JSON)"
    check = Check("broken JSON", None, ~is_object, "a JSON object", fix)
    lines = report.sift(lines, [check])
    joined = "\n".join(lines.frame["line"]).encode()
    try:
        frame = pl.read_ndjson(io.BytesIO(joined), infer_schema_length=None) if joined else None
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        report.fail(
            file, f"values of mixed kinds ({reason})", "one kind a column", "make them alike"
        )
        return None
    return lines.with_frame(pl.DataFrame() if frame is None else frame)
