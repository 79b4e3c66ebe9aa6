"""Readers' own guesses and words, at their borders."""

import codecs

import pandas as pd
import polars as pl

from metarec.data.readers.csv_text import parse_csv
from metarec.data.readers.dialect import lines_above
from metarec.data.readers.frames import from_pandas
from metarec.data.readers.sql import joined
from metarec.data.readers.text_encoding import likely_readings, wide_encoding
from metarec.data.validation.problems import Report


def test_a_title_stands_above_only_what_is_a_table_to_its_last_line():
    assert lines_above("notes\n\na,b\n1,2", ",") == 2
    assert lines_above("notes\n\na,b\nmore", ",") == 0
    assert lines_above("# a\n# b\na,b\n1,2", ",") == 2


def test_where_nothing_quotes_a_quote_is_a_letter():
    content = b'"Up"\t1\n"Up\t2\n'
    frame, ragged = parse_csv(content, ["title", "n"], 0, "\t", None)
    assert frame.rows() == [('"Up"', "1"), ('"Up', "2")]
    assert ragged == []


def test_letters_that_mostly_stand_alone_are_no_chinese():
    text = "мы и они, я и ты в дом"
    assert likely_readings(text.encode("cp1251"))[0] == ("cp1251", "они")


def test_a_mark_tells_wide_letters_of_which_no_byte_is_zero():
    text = "мыиони"
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        assert wide_encoding(mark + text.encode(name)) == "utf-16"
        assert wide_encoding(text.encode(name)) is None


def told(report: Report) -> list[tuple[str | None, str]]:
    return [(problem.column, problem.found) for problem in report.fatal]


def test_a_column_that_pandas_holds_and_no_table_can_is_named_with_its_kind():
    report = Report()
    frame = pd.DataFrame({"a": [1, 2], "waves": [1 + 2j, 3j], "mix": ["x", 3]})
    table = from_pandas(frame, "the frame", report)
    assert table.frame.columns == ["a"]
    (waves, mix) = told(report)
    assert waves[0] == "waves"
    assert waves[1].startswith("complex128 that cannot be read (")
    assert mix == ("mix", "str in row 0 and int in row 1")


def test_a_column_that_changes_its_kind_between_parts_is_told_with_both():
    parts = [pl.DataFrame({"a": [1], "b": ["x"]}), pl.DataFrame({"a": [2], "b": [[3]]})]
    parts.append(pl.DataFrame({"a": [None], "b": [None]}))
    report = Report()
    assert joined(parts, "the query", report) is None
    assert told(report) == [("b", "List(Int64) and String")]
    assert report.fatal[0].expected == "values of one kind, such as String"
