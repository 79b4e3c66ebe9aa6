"""A file that is not what its name says is read as what it is, or named with what to do."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile

import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.data import InvalidData, load, load_csv

EVENTS = "user_id,item_id\nu,a\nv,b\n"
ROWS = [{"user_id": "u", "item_id": "a"}, {"user_id": "v", "item_id": "b"}]


def packed(name: str) -> bytes:
    """A zip archive with one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, EVENTS)
    return buffer.getvalue()


def tape() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("log.csv"))
    return gzip.compress(buffer.getvalue(), mtime=0)  # the same in every process that collects it


def database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE events (user_id, item_id)")
    return connection.serialize()


def arrow() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(ROWS).write_ipc(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "fix"),
    [
        (packed("xl/workbook.xml"), "an Excel workbook (xlsx)", "save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (xls)", "save the sheet as CSV"),
        (packed("log.csv"), "a zip archive", "unpack it"),
        (tape(), "a tar archive", "unpack it"),
        (bz2.compress(EVENTS.encode()), "a file packed by bzip2", "unpack it"),
        (lzma.compress(EVENTS.encode()), "a file packed by xz", "unpack it"),
        (database(), "a SQLite database", "read it by load_sql"),
        (arrow(), "an Arrow file", "write it as Parquet"),
        (pickle.dumps(ROWS), "a Python pickle", "write it as Parquet"),
        (b"%PDF-1.7\n", "a PDF", "export the table"),
        (b"\n<!DOCTYPE html><html>Log in</html>", "a web page or XML", "download the data itself"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_text_is_named_with_what_to_do(refused, content, kind, fix) -> None:
    (told,) = refused(content)
    assert told.startswith(
        f"events.csv: found {kind}, expected delimited text, JSON Lines or Parquet; {fix}"
    )


def test_parquet_and_json_under_the_name_of_text_are_read_and_said(read, tmp_path) -> None:
    pl.DataFrame(ROWS).write_parquet(tmp_path / "x")
    lines = "\n".join(map(json.dumps, ROWS))
    plain = read(EVENTS)
    for content, kind in (((tmp_path / "x").read_bytes(), "Parquet"), (lines, "JSON")):
        data = read(content)
        assert (data.hash, data.notes) == (
            plain.hash,
            (f"events.csv: is {kind}, whatever its name",),
        )


@pytest.mark.parametrize("indent", [None, 1])
def test_one_json_array_is_its_objects(read, tmp_path, indent) -> None:
    (tmp_path / "log.json").write_text(json.dumps(ROWS, indent=indent))
    data = load_csv(tmp_path / "log.json")
    assert data.hash == read(EVENTS).hash
    assert data.notes == ("log.json: is one JSON array, whose objects are the rows",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (EVENTS, "found no JSON ('user_id,item_id'), expected one JSON object a line; write JSON"),
        ("[1, 2]", "found no JSON ('[1, 2]')"),
        (json.dumps(ROWS[0], indent=1), "found no line that is a JSON object"),
        ('{"user_id": NaN}\n', "with null for a missing value (NaN is no JSON)"),
        ('{"user_id": {"$oid": "1"}, "item_id": "a"}\n', 'columns={"user_id": "user_id.$oid"}'),
    ],
)  # fmt: skip
def test_what_is_no_json_lines_is_told_once(tmp_path, content, told) -> None:
    (tmp_path / "log.jsonl").write_text(content)
    with pytest.raises(InvalidData) as caught:
        load_csv(tmp_path / "log.jsonl")
    (problem,) = caught.value.problems
    assert told in str(problem)


TWICE = '{"user_id": "u", "item_id": "a", "rating": 3, "rating": 5}'
ONCE = '{"user_id": "v", "item_id": "a", "rating": 4}'
INSIDE = '{"user_id": "v", "item_id": "a", "at": {"page": 1, "page": 2}}'


@pytest.mark.parametrize(
    ("content", "row", "key"),
    [
        (f"{ONCE}\n{TWICE}\n", 2, "rating"),
        (f'{ONCE}\n{{"user_id": "v", "item_id": "b"}}\n{TWICE}\n', 3, "rating"),
        (f"{INSIDE}\n", 1, "page"),
        (f"[{ONCE},\n\n{TWICE}]", 2, "rating"),
    ],
)
def test_a_key_that_an_object_has_twice_is_named_with_its_row(tmp_path, content, row, key) -> None:
    (tmp_path / "log.jsonl").write_text(content)
    with pytest.raises(InvalidData) as caught:
        load_csv(tmp_path / "log.jsonl")
    told = [(problem.row, problem.expected) for problem in caught.value.problems]
    assert (row, f"{key!r} once") in told


def test_a_key_that_is_a_value_too_or_that_two_records_have_is_no_key_twice(read) -> None:
    event = {"user_id": "u", "item_id": "item_id", "a": {"id": 1}, "b": [{"id": 1}, {"id": 2}]}
    assert len(read(json.dumps(event)).interactions) == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("log.csv.gz", EVENTS.encode(), "a broken gzip file"),
        ("log.csv", gzip.compress(EVENTS.encode() * 99, mtime=0)[:-20], "a broken gzip file"),
        ("log.parquet", EVENTS.encode(), "no Parquet"),
        ("log.csv", b"user_id,item_id\nu,\xed\xa0\x80\n", "expected UTF-8 text"),
    ],
)
def test_broken_files_are_named(tmp_path, name, content, told) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidData, match=told):
        load_csv(tmp_path / name)


def test_a_folder_of_almost_our_names_is_told_the_command_that_reads_it(tmp_path) -> None:
    (tmp_path / "Interactions.CSV").write_text(EVENTS)
    (tmp_path / "Items.csv").write_text("item_id,title\na,Apple, the red one\n")
    (tmp_path / "users.txt").write_text("user_id\nu\n")
    with pytest.raises(InvalidData) as caught:
        load(tmp_path)
    place = tmp_path.resolve()
    assert (
        f"metarec data convert {place}/Interactions.CSV {place.name}-shop --items "
        f"{place}/Items.csv --users {place}/users.txt"
    ) in str(caught.value)


def test_two_files_of_one_table_are_one_too_many(tmp_path) -> None:
    for name in ("interactions.csv", "interactions.csv.gz", "items.csv"):
        (tmp_path / name).write_text(EVENTS)
    with pytest.raises(DataError, match=r"interactions.csv and interactions.csv.gz, expected one"):
        load(tmp_path)
