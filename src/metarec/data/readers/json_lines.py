"""JSON Lines as a table, with every broken line placed."""

import io
import json
import re
from contextlib import suppress

import polars as pl

from metarec.data.readers.text_encoding import (
    LOOKED_AT,
    UTF8,
    UTF8_MARK,
    as_utf8,
    decodes,
    encoding_fix,
    from_latin,
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
        if len(frame) == n_lines and not repeats_keys(content, frame):
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
        rows = objects_of(content.decode())
    except ValueError:
        rows = []
    if rows:
        report.say(f"{file}: is one JSON array, whose objects are the rows")
        return read_json_carefully("\n".join(rows).encode(), file, report)
    first = content.strip().splitlines()[0][:60].decode("utf-8", "replace")
    fix = "write JSON Lines, or name the file .csv if it is delimited text"
    report.fail(file, f"no JSON ({first!r})", "one JSON object a line", fix)
    return None


def objects_of(text: str) -> list[str]:
    """The objects of a JSON array, each as it is written, on one line.

    Empty where the array has something else; raises ValueError where the text is no array.
    """
    items = json.loads(text)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return []
    decoder, objects, at = json.JSONDecoder(), [], text.index("[") + 1
    for _ in items:
        start = text.index("{", at)
        at = decoder.raw_decode(text, start)[1]
        objects.append(text[start:at].replace("\n", " ").replace("\r", " "))
    return objects


def repeats_keys(content: bytes, frame: pl.DataFrame) -> bool:
    """True if some object has a key twice.

    Only lines are looked at that have the letters of a key twice, and only where these stand in the
    text more often than in the rows.
    """
    rows = {name: frame[name].count() for name in frame.columns}
    keys = {name: quoted(name) for name in names_in(pl.Struct(frame.schema))}
    often = [k for name, k in keys.items() if content.count(k.encode()) > rows.get(name, 0)]
    if not often:
        return False
    lines = pl.DataFrame({"line": content.decode().split("\n")})
    several = [pl.col("line").str.count_matches(key, literal=True) > 1 for key in often]
    return any(map(key_twice, lines.filter(pl.any_horizontal(several))["line"]))


def names_in(kind: pl.DataType) -> set[str]:
    """The names of all fields of records, at every depth."""
    if isinstance(kind, pl.List | pl.Array):
        return names_in(kind.inner)  # type: ignore[arg-type]
    fields = kind.fields if isinstance(kind, pl.Struct) else []
    return {field.name for field in fields}.union(*(names_in(field.dtype) for field in fields))  # type: ignore[arg-type]


def quoted(name: str) -> str:
    """A key as JSON has it."""
    return json.dumps(name, ensure_ascii=False)


def without_repeats(lines: Table, report: Report) -> Table:
    """The lines without an object that has a key twice, of which one value would be lost."""
    keys = pl.Series([key_twice(line) for line in lines.frame["line"]], dtype=pl.String)
    fix = "write each key once in an object"
    checks = [
        Check("key twice", None, pl.lit((keys == key).fill_null(False)), f"{key!r} once", fix)
        for key in keys.drop_nulls().unique(maintain_order=True)
    ]
    return report.sift(lines, checks)


def key_twice(line: str) -> str | None:
    """The first key that an object of the line has twice; None where there is none."""
    found: list[str] = []

    def noted(pairs: list[tuple[str, object]]) -> None:
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            found.append(next(key for key in keys if keys.count(key) > 1))

    with suppress(ValueError):
        json.loads(line, object_pairs_hook=noted, strict=False)
    return found[0] if found else None


def read_json_carefully(content: bytes, file: str, report: Report) -> Table | None:
    """JSON Lines with each broken line reported and left out, and blank lines skipped."""
    lines = Table(pl.DataFrame({"line": content.decode("latin-1").split("\n")}), file)
    lines = lines.keep(lines.frame["line"].str.strip_chars() != "")
    is_text = pl.col("line").str.contains(UTF8)
    fix = "" if decodes(content) else encoding_fix(content, report)
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
    lines = without_repeats(lines, report)
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
