"""What the disk refuses is one error that names the place and the way out."""

from pathlib import Path

import polars as pl
import pytest

from metarec.contracts import DataError
from metarec.files.disk import read_parquet, reading, reason, writing

TABLE = pl.DataFrame({"a": [1], "b": [2]})


def test_the_error_names_the_file_that_it_is_about_or_else_the_place() -> None:
    told = r"^inner cannot be read: gone; check the path"
    with pytest.raises(DataError, match=told), reading("outer"):
        raise FileNotFoundError(2, "gone", "inner")
    with pytest.raises(DataError, match=r"^outer cannot be read: odd;"), reading("outer"):
        raise OSError("odd")


def test_what_cannot_be_written_names_the_target() -> None:
    for error in (OSError(28, "full", "scrap"), pl.exceptions.ComputeError("full")):
        told = r"^target cannot be written: full; make room"
        with pytest.raises(DataError, match=told), writing("target"):
            raise error
    with pytest.raises(ValueError, match=r"^mine$"), writing("target"):
        raise ValueError("mine")


def test_a_reason_is_one_line() -> None:
    assert reason(ValueError("first\nsecond")) == "first"
    assert reason(ValueError()) == "ValueError"
    assert reason(OSError(28, "no room")) == "no room"
    assert reason(OSError()) == "OSError"


def test_a_table_needs_its_columns_and_may_have_others(tmp_path: Path) -> None:
    path = tmp_path / "[a]*.parquet"  # no pattern, but a name
    TABLE.write_parquet(path)
    for needed in ({"a"}, {"a", "b"}):
        assert read_parquet(path, needed).equals(TABLE)
    with pytest.raises(DataError, match=r"must have the columns \['a', 'c'\], got \['a', 'b'\]"):
        read_parquet(path, {"c", "a"})
    with pytest.raises(DataError, match="gone cannot be read: No such file"):
        read_parquet(tmp_path / "gone", set())
    path.write_bytes(b"none")
    with pytest.raises(DataError, match="is no Parquet file: "):
        read_parquet(path, set())
