"""Problems are collected, counted and listed; a table keeps its lines whatever becomes of it."""

from pathlib import Path

import polars as pl
import pytest

from metarec.data import DroppedRowsWarning, InvalidData, Problem
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table

TABLE = Table(pl.DataFrame({"a": [1, 2, None, 4], "b": ["x", "", None, "y" * 70]}), "t.csv", 2)


def sifted(report: Report, *bad: pl.Expr, column: str | None = "a") -> Table:
    checks = [Check(f"reason {n}", column, b, "good", "mend it") for n, b in enumerate(bad)]
    return report.sift(TABLE, checks)


def test_rows_that_pass_all_checks_stay_with_their_lines() -> None:
    report = Report()
    kept = sifted(report, pl.col("a") == 2, pl.col("a").is_null())
    assert kept.frame["a"].to_list() == [1, 4]
    assert kept.lines.to_list() == [2, 5]
    assert report.counts() == {"reason 0": 1, "reason 1": 1}
    assert [(p.row, p.found) for p in report.problems] == [(3, "2"), (4, "nothing")]
    again = report.sift(kept, [Check("reason 0", "b", pl.col("b") == "x", "good", "mend it")])
    assert again.lines.to_list() == [5]
    assert report.counts() == {"reason 0": 2, "reason 1": 1}


def test_where_nothing_is_wrong_the_table_is_the_same() -> None:
    report = Report()
    assert sifted(report) is TABLE
    assert sifted(report, pl.col("a") == 9, pl.lit(None)) is TABLE
    assert (report.problems, report.counts()) == ([], {})
    empty = Table(TABLE.frame.clear(), "t.csv")
    assert report.sift(empty, [Check("r", "a", pl.col("a") == 1, "good", "mend it")]) is empty


def test_a_whole_row_is_blamed_by_its_first_cell_and_long_text_is_cut() -> None:
    report = Report()
    sifted(report, pl.col("b").is_not_null(), column=None)
    sifted(report, pl.col("b").str.len_chars() > 60, column="b")
    assert [(p.row, p.column, p.found) for p in report.problems] == [
        (2, None, "1"),
        (3, None, "2"),
        (5, None, "4"),
        (5, "b", "'" + "y" * 60 + "'"),
    ]


def test_notes_add_up_and_none_is_no_note() -> None:
    report = Report()
    for reason, count in (("refused", 2), ("refused", 3), ("else", 0)):
        report.note(reason, count)
    report.ragged("t.csv", pl.Series([7]), pl.Series(["x,y"]), pl.Series([2]))
    report.ragged("u.csv", pl.Series([8]), pl.Series(["x"]), pl.Series([1]))
    with pytest.warns(DroppedRowsWarning, match=r"2 x ragged row, 5 x refused \(pass rejects"):
        assert report.settle(lenient=True, rejects=None) == {"ragged row": 2, "refused": 5}


def test_notes_alone_are_told_without_a_word_on_rejects(tmp_path: Path) -> None:
    report = Report()
    report.note("refused", 1)
    with pytest.warns(DroppedRowsWarning, match="^rows left out: 1 x refused$"):
        report.settle(lenient=False, rejects=tmp_path / "none.csv")
    assert pl.read_csv(tmp_path / "none.csv").is_empty()


def test_a_problem_of_a_whole_file_comes_first_and_is_raised_at_once() -> None:
    report = Report()
    report.raise_if_fatal()
    sifted(report, pl.col("a") == 2)
    report.fail("u.csv", "nothing", "something", "write it", "c")
    for raising in (report.raise_if_fatal, lambda: report.settle(lenient=True, rejects=None)):
        with pytest.raises(InvalidData) as caught:
            raising()
        assert caught.value.counts == {"problem of a whole file": 1, "reason 0": 1}
        assert caught.value.problems[0] == Problem(
            "u.csv", None, "c", "nothing", "something", "write it"
        )
    assert str(caught.value).splitlines() == [
        "2 problems found",
        "  u.csv, column c: found nothing, expected something; write it",
        "  t.csv, row 3, column a: found 2, expected good; mend it",
        "in all:",
        "  1 x problem of a whole file",
        "  1 x reason 0",
    ]


@pytest.mark.parametrize(("total", "more"), [(1, []), (20, []), (21, ["  ... and 1 more"])])
def test_twenty_problems_are_shown_and_a_single_one_is_not_summed_up(total: int, more) -> None:
    problem = Problem("t.csv", 1, None, "x", "y", "z")
    told = str(InvalidData([problem] * total, {"r": total})).splitlines()
    plural = "s" if total > 1 else ""
    summed = ["in all:", f"  {total} x r"] if total > 1 else []
    shown = ["  t.csv, row 1: found x, expected y; z"] * min(total, 20)
    assert told == [f"{total} problem{plural} found", *shown, *more, *summed]


def test_rejected_ids_are_of_the_file_and_column_asked_for() -> None:
    report = Report()
    sifted(report, pl.col("a") >= 2)
    assert report.rejected_ids("t.csv", "a").to_list() == ["2", "4"]
    assert report.rejected_ids("t.csv", "none").to_list() == []
    assert report.rejected_ids("u.csv", "a").to_list() == []


def test_a_table_takes_our_names_and_remembers_those_of_the_file() -> None:
    table = TABLE.renamed({"item_id": "a", "value": "gone"})
    assert table.frame.columns == ["item_id", "b"]
    assert dict(table.names) == {"item_id": "a", "value": "gone"}
    assert table.renamed({"key": "item_id"}).names["key"] == "a"
    assert TABLE.renamed({"b": "a"}).frame["b"].to_list() == [1, 2, None, 4]
    assert TABLE.renamed({"a": "a"}).frame.columns == ["a", "b"]
    turned = TABLE.gather(pl.Series([3, 0]))
    assert (turned.frame["a"].to_list(), turned.lines.to_list()) == ([4, 1], [5, 2])
    assert TABLE.with_frame(TABLE.frame, untyped=True).untyped
    assert not TABLE.with_frame(TABLE.frame).untyped
    assert Table(TABLE.frame, "t").lines.to_list() == [1, 2, 3, 4]
