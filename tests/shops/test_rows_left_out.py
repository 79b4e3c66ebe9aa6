"""Rows are left out where that was asked for, and where the record of them goes is said before."""

import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.data import DroppedRowsWarning, from_frames, load, load_sql
from metarec.data.validation.remedies import shell_words

EVENTS = "user_id,item_id\nu,a\n,b\n"


def test_rejects_without_leniency_is_refused_everywhere(read, tmp_path) -> None:
    frame = pl.DataFrame({"user_id": ["u"], "item_id": ["a"]})
    for call in (
        lambda: read(EVENTS, rejects=tmp_path / "out.csv"),
        lambda: load(tmp_path, rejects=tmp_path / "out.csv"),
        lambda: from_frames(frame, rejects=tmp_path / "out.csv"),
        lambda: load_sql("SELECT 1", url="sqlite://", rejects=tmp_path / "out.csv"),
    ):
        with pytest.raises(DataError, match="say lenient=True beside it, or leave it away"):
            call()
    with shell_words(), pytest.raises(DataError, match="say --lenient beside it"):
        load(tmp_path, rejects="out.csv")


@pytest.mark.parametrize("name", ["out.txt", "out", "out.csv.gz", "out.xlsx"])
def test_a_record_of_a_kind_that_is_not_written_is_refused_before_reading(read, name) -> None:
    with pytest.raises(DataError, match=rf"ends in .jsonl, .csv or .parquet, got '{name}'"):
        read(EVENTS, lenient=True, rejects=name)


def test_the_record_holds_the_rows_with_their_reasons(read, tmp_path) -> None:
    with pytest.warns(DroppedRowsWarning, match="1 x empty id"):
        read(EVENTS, lenient=True, rejects=tmp_path / "out.parquet")
    (row,) = pl.read_parquet(tmp_path / "out.parquet").rows(named=True)
    assert (row["row"], row["column"], row["found"]) == (3, "user_id", "''")
