"""JSON Lines as a table, with every broken line placed."""

import io
import json
import re

import polars as pl

from metarec.data.readers.text_encoding import (
    LOOKED_AT,
    UTF8,
    UTF8_MARK,
    as_utf8,
    encoding_fix,
    from_latin,
    is_utf8,
    with_newlines,
)
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table


def read_json_lines(content: bytes, file: str, report: Report) -> Table | None:
    """JSON Lines, one object a line, with the types found over all lines."""
    text = as_utf8(content, file, report, None)
    if text is None:
        return None
    content = with_newlines(text)
    if not content.lstrip().startswith(b"{"):
        return read_json_array(content, file, report)
    n_lines = content.count(b"\n") + (not content.endswith(b"\n"))
    try:
        frame = pl.read_ndjson(io.BytesIO(content), infer_schema_length=None)
        if len(frame) == n_lines:
            return Table(frame, file)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        pass  # some line is broken; below each line is looked at
    return read_json_carefully(content, file, report)


def is_json(content: bytes) -> bool:
    """True if the first line is a JSON object, or a list of such begins."""
    if re.match(rb"\s*\[\s*\{\s*\"", content):
        return True
    line = content.removeprefix(UTF8_MARK).lstrip()[:LOOKED_AT].partition(b"\n")[0]
    try:
        return line.startswith(b"{") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


def read_json_array(content: bytes, file: str, report: Report) -> Table | None:
    """One JSON array of objects, which count from 1; anything else is reported."""
    try:
        rows = json.loads(content)
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
            report.say(f"{file}: is one JSON array, whose objects are the rows")
            lines = b"\n".join(json.dumps(row).encode() for row in rows)
            return read_json_carefully(lines, file, report)
    except ValueError:
        pass
    first = content.strip().splitlines()[0][:60].decode("utf-8", "replace")
    fix = "write JSON Lines, or name the file .csv if it is delimited text"
    report.fail(file, f"no JSON ({first!r})", "one JSON object a line", fix)
    return None


def read_json_carefully(content: bytes, file: str, report: Report) -> Table | None:
    """JSON Lines with each broken line reported and left out, and blank lines skipped."""
    lines = Table(pl.DataFrame({"line": content.decode("latin-1").split("\n")}), file)
    lines = lines.keep(lines.frame["line"].str.strip_chars() != "")
    is_text = pl.col("line").str.contains(UTF8)
    fix = "" if is_utf8(content) else encoding_fix(content, report)
    check = Check("wrong encoding", None, ~is_text, "UTF-8 text", fix)
    lines = report.sift(lines, [check])
    lines = lines.with_frame(from_latin(lines.frame))
    is_object = pl.col("line").str.starts_with("{") & (
        pl.col("line").str.json_path_match("$").is_not_null()
    )
    fix = "write one JSON object a line, with null for a missing value (NaN is no JSON)"
    if not lines.frame.select(is_object.any()).item():
        report.fail(file, "no line that is a JSON object", "one object a line", fix)
        return None
    check = Check("broken JSON", None, ~is_object, "a JSON object", fix)
    lines = report.sift(lines, [check])
    joined = "\n".join(lines.frame["line"]).encode()
    try:
        frame = pl.read_ndjson(io.BytesIO(joined), infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        report.fail(
            file, f"values of mixed kinds ({reason})", "one kind a column", "make them alike"
        )
        return None
    return lines.with_frame(frame)
