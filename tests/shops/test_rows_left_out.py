"""Rows are left out where that was asked for, and what was left out or reread stays known."""

import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.contracts.wording import shell_words
from metarec.data import (
    DroppedRowsWarning,
    convert,
    from_frames,
    load,
    load_sql,
    pseudonymise,
    save,
)

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


def test_what_was_understood_and_left_out_is_kept_in_the_folder_that_was_made(tmp_path) -> None:
    (tmp_path / "log.csv").write_text('customer;item_id;stars\n" u";a;4,5\nv;b;3\n;b;2\n')
    with pytest.warns(DroppedRowsWarning):
        made = convert(tmp_path / "log.csv", tmp_path / "shop", lenient=True)
    assert len(made.notes) == 4
    again = load(tmp_path / "shop")
    assert again.hash == made.hash
    assert again.notes == (*made.notes, "rows left out: 1 x empty id")
    save(again, tmp_path / "copy")
    assert load(tmp_path / "copy").notes == again.notes
    assert "as in ' u'" in (tmp_path / "copy" / "dataset.toml").read_text()
    save(pseudonymise(again, "a key of sixteen bytes or more"), tmp_path / "hidden")
    assert "[notes]" not in (tmp_path / "hidden" / "dataset.toml").read_text()
