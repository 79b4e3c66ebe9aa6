"""What stands between fields and around them is found in the file, and said."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from metarec.data import convert, load, load_csv
from metarec.data.readers.dialect import Dialect, agreement, dialect_of

PLAIN = "user_id,item_id,value\nu,a,4\nu,b,3\nv,a,5\n"


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_the_separator_is_found_and_said(read, mark: str, name: str) -> None:
    data = read(PLAIN.replace(",", mark))
    assert data.hash == read(PLAIN).hash
    assert data.notes == (f"events.csv: fields between {name}",)
    assert read(PLAIN).notes == ()


def test_a_separator_inside_texts_does_not_mislead() -> None:
    text = "item_id,title,note\n" + "".join(f'{n},"a; b; c; d",x|y\n' for n in range(50))
    assert dialect_of(text.encode()) == Dialect(",")
    assert dialect_of(b"item_id\na;b\nc;d\n") == Dialect(",")
    assert dialect_of(b"a;b,c\n1;2,5\n3;4,5\n").separator in ";,"


def test_a_separator_is_judged_by_the_share_of_rows_as_wide_as_the_header() -> None:
    text = "a;b\n\n1;2\n3\n4;5\n"
    assert [agreement(text, mark) for mark in ";,"] == [0.75, 0]
    assert agreement('a;b\n1;"' + "x" * 200_000 + '"\n', ";") == 1  # what is read until csv fails
    assert agreement("a;b\n" * 100_000 + "1\n", ";") == 1


def test_only_the_beginning_of_a_file_is_looked_at() -> None:
    assert dialect_of(b"a;b\n" + b"1;2\n" * 20_000 + b"1,2,3,4\n" * 90_000).separator == ";"


def test_single_quotes_are_found_and_the_line_by_which_excel_states_a_separator(read) -> None:
    data = read("sep=;\r\nuser_id;item_id;note\r\nu;a;'x; y'\r\nv;a;'z'\r\n")
    assert data.interactions["note"].to_list() == ["x; y", "z"]
    assert data.notes == ("events.csv: fields between semicolons, quoted by '",)


def test_rows_are_counted_as_an_editor_does_below_a_stated_separator(refused) -> None:
    told = refused("sep=;\nuser_id;item_id;value\nu;a;4\nu;b;four\n")
    assert told[0].startswith("events.csv, row 4, column value: found 'four'")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_may_end_as_on_other_systems(read, end: str) -> None:
    assert read(PLAIN.replace("\n", end)).hash == read(PLAIN).hash


def test_a_gzipped_file_is_read_whatever_its_name(read, tmp_path: Path) -> None:
    packed = gzip.compress(PLAIN.encode())
    assert read(packed).hash == read(PLAIN).hash
    (tmp_path / "events.tsv.gz").write_bytes(gzip.compress(PLAIN.replace(",", "\t").encode()))
    assert load_csv(tmp_path / "events.tsv.gz").hash == read(PLAIN).hash


def test_a_quote_that_never_closes_is_named_with_its_line(refused) -> None:
    items = 'item_id,title,price\na,"Apple, red",1\nb,"Bread,2\nc,"Cheese, old",3\nd,Dill,4\n'
    assert refused("user_id,item_id\nu,a\n", items) == [
        'items.csv, row 3: found "Bread,2 and no quote at its end, expected a closed field; '
        "close it, and write a quote inside a quoted field twice"
    ]
    end = 'item_id,title\na,"Apple\n'
    assert "row 2" in refused("user_id,item_id\nu,a\n", end)[0]


def test_quotes_inside_plain_and_quoted_fields_are_no_fault(read) -> None:
    items = 'item_id,title\na,5" disk\nb,"6"" disk\nand a second line"\n'
    titles = read("user_id,item_id\nu,a\n", items).catalogue.frame["title"]
    assert titles.to_list() == ['5" disk', '6" disk\nand a second line']


def test_a_header_in_the_middle_is_no_data_and_is_said(read) -> None:
    twice = PLAIN + "\ufeff" + PLAIN.replace("u,", "w,").replace("v,", "x,")
    data = read(twice)
    assert len(data.interactions) == 6
    assert data.notes == ("events.csv: the header is repeated in row 5, which is no data",)


def test_a_column_without_name_and_content_is_none(read) -> None:
    assert read("user_id;item_id;\nu;a;\nv;b;\n").interactions.columns == ["user", "item", "value"]
    assert "unnamed_1" in read(",user_id,item_id\n0,u,a\n1,v,b\n").interactions.columns


def test_a_folder_of_semicolons_needs_no_option(tmp_path: Path) -> None:
    (tmp_path / "interactions.csv").write_text(PLAIN.replace(",", ";").replace("4", "4,5"))
    (tmp_path / "items.csv").write_text("item_id;price\na;1,5\nb;2,25\n")
    data = load(tmp_path)
    assert data.interactions["value"].to_list() == [4.5, 3.0, 5.0]
    assert data.catalogue.frame["price"].to_list() == [1.5, 2.25]


@pytest.mark.parametrize("content", ["\ufeff", "sep=;\n"])
def test_a_file_without_a_header_is_named(refused, content: str) -> None:
    (told,) = refused(content)
    assert told.startswith("events.csv: found no header, expected a line of names")


def test_blank_lines_above_the_header_only_shift_the_rows(read, refused) -> None:
    assert read("\n\r\n" + PLAIN).hash == read(PLAIN).hash
    assert "row 4, column value" in refused("\n\nuser_id,item_id,value\nu,a,four\n")[0]


def test_a_name_that_is_a_pattern_is_refused(refused) -> None:
    (told,) = refused("user_id,item_id,^x.*$\nu,a,1\n")
    assert told.startswith("events.csv, column ^x.*$: found a column ^x.*$, expected names that")


def test_json_lines_and_parquet_of_any_names_become_a_shop_as_csv_does(tmp_path: Path) -> None:
    log = pl.DataFrame({"customer": ["u", "v"], "sku": ["a", "b"], "stars": [4, 5]})
    log.write_csv(tmp_path / "log.csv")
    log.write_ndjson(tmp_path / "log.jsonl")
    log.write_parquet(tmp_path / "log.parquet")
    made = {
        convert(tmp_path / f"log.{end}", tmp_path / end).hash for end in ("csv", "jsonl", "parquet")
    }
    assert len(made) == 1
