"""Reading one file of a shop as a table: Parquet, CSV or JSON Lines, plain or gzipped."""

import gzip
import io
import zlib
from pathlib import Path

import polars as pl

from metarec.data.readers.csv_text import read_csv
from metarec.data.readers.file_kinds import PARQUET, foreign
from metarec.data.readers.json_lines import is_json, read_json_lines
from metarec.data.validation.problems import Report
from metarec.data.validation.table import Table

SETTLED = {"metarec.columns": "settled"}
"""In the metadata of a Parquet file that we wrote: a context called `date` is none of ours."""
GZIPPED = b"\x1f\x8b"


def read_table(
    path: Path, report: Report, separator: str | None = None, encoding: str | None = None
) -> Table | None:
    """The file as a table by its suffix; None, with a problem reported, if it cannot be read.

    What calls itself text and is Parquet or JSON is read as that, which is said.
    """
    if path.suffix == ".parquet":
        return read_parquet(path, path.name, report)
    content = read_bytes(path, report)
    if content is None:
        return None
    if content.startswith(PARQUET):
        report.say(f"{path.name}: is Parquet, whatever its name")
        return read_parquet(io.BytesIO(content), path.name, report)
    if {".jsonl", ".json"} & set(path.suffixes):
        return read_json_lines(content, path.name, report)
    if is_json(content):
        report.say(f"{path.name}: is JSON, whatever its name")
        return read_json_lines(content, path.name, report)
    return read_csv(content, path.name, report, separator=separator, encoding=encoding)


def read_bytes(path: Path, report: Report) -> bytes | None:
    """The content of a file, unpacked where it is gzipped, whatever its name."""
    try:
        content = path.read_bytes()
        if path.suffix == ".gz" or content[:2] == GZIPPED:
            content = gzip.decompress(content)
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
    if known := foreign(content):
        report.fail(path.name, known[0], "delimited text, JSON Lines or Parquet", known[1])
        return None
    return content


def read_parquet(source: Path | io.BytesIO, file: str, report: Report) -> Table | None:
    """A Parquet file with its own column types."""
    try:
        if isinstance(source, Path) and source.stat().st_size == 0:
            report.fail(file, "an empty file", "rows of data", "write the file again")
            return None
        frame = pl.read_parquet(source, glob=False, hive_partitioning=False)
        settled = SETTLED.items() <= pl.read_parquet_metadata(source).items()
        return Table(frame, file, settled=settled)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        report.fail(file, f"no Parquet ({reason})", "a Parquet file", "write the file again")
        return None
