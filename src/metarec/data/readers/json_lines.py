"""JSON Lines as a table, with every broken line placed."""

import io

import polars as pl

from metarec.data.readers.text_encoding import (
    UTF8,
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
    fix = "" if is_utf8(content) else encoding_fix(content, report)
    check = Check("wrong encoding", None, ~is_text, "UTF-8 text", fix)
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
