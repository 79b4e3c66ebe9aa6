"""Lists for everyone into one file."""

import inspect
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metarec.contracts import DataError, Histories, UnknownItemWarning
from metarec.jobs import recommend_to_file
from metarec.recommenders import Popularity
from metarec.testing import planted_shop


@pytest.fixture(scope="module")
def model() -> Popularity:
    return Popularity().fit(planted_shop().data, rng=0)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
@pytest.mark.parametrize("at_once", [1, 7, 60, 1000])
def test_where_a_batch_is_cut_changes_nothing(
    model: Popularity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, at_once: int
):
    monkeypatch.setattr("metarec.jobs.everyone.PEOPLE_AT_ONCE", at_once)
    people = planted_shop().data.histories
    exclude = [[f"item-{h % 36}", f"item-{h % 7}"] for h in range(len(people))]
    lowered = [{f"item-{h % 36}": 9.0, f"item-{h % 5}": 9.0} for h in range(len(people))]
    more: Any = {"exclude": exclude, "where": "price < 8", "lowered": lowered}
    out = tmp_path / f"lists{suffix}"
    written = recommend_to_file(model, people, out, 4, **more)
    read = {".parquet": pl.read_parquet, ".csv": pl.read_csv, ".jsonl": pl.read_ndjson}[suffix]
    expected = model.recommend(people, 4, **more).to_frame()
    assert read(out).drop("std").equals(expected.drop("history", "std"))
    assert read(out)["std"].null_count() == len(expected)  # not NaN: no model of stds
    assert (written.people, written.rows, written.short) == (60, 240, 0)


@pytest.mark.parametrize("at_once", [1, 2])
def test_short_lists_are_counted_and_people_without_a_name_have_their_place(
    model: Popularity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
):
    monkeypatch.setattr("metarec.jobs.everyone.PEOPLE_AT_ONCE", at_once)
    people = Histories.of([["item-3"], []])
    written = recommend_to_file(model, people, tmp_path / "a.csv", 2, candidates=["item-3"])
    told = "1 row for 2 people; 2 have short lists, the first: 0 of 2 places; of 36 items: "
    assert str(written).startswith(told)
    frame = pl.read_csv(tmp_path / "a.csv", schema_overrides={"user_id": pl.String})
    assert frame.rows()[0][:3] == ("1", 1, "item-3")
    recommend_to_file(model, Histories.of([]), tmp_path / "none.csv")
    assert pl.read_csv(tmp_path / "none.csv").columns == frame.columns


def test_nothing_is_told_on_the_way_unless_it_is_asked_for():
    assert inspect.signature(recommend_to_file).parameters["progress"].default is False


def test_what_fails_half_way_leaves_the_older_file(model: Popularity, tmp_path: Path):
    out = tmp_path / "lists.csv"
    out.write_text("mine")
    with pytest.raises(DataError, match="one for each of 60 people"):
        recommend_to_file(model, planted_shop().data.histories, out, exclude=[["item-1"]])
    assert out.read_text() == "mine"
    assert [file.name for file in tmp_path.iterdir()] == ["lists.csv"]
    for strange in (planted_shop().data, [["item-3"]]):
        with pytest.raises(DataError, match="histories must be Histories, such as"):
            recommend_to_file(model, strange, out)
    for name, told in (
        ("a.xlsx", "must end in one of .parquet, .csv, .jsonl"),
        ("b.csv", "folder"),
    ):
        (tmp_path / "b.csv").mkdir(exist_ok=True)
        with pytest.raises(DataError, match=told):
            recommend_to_file(model, Histories.of([[]]), tmp_path / name)


def test_unknown_ids_are_said_once_for_everyone(
    model: Popularity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("metarec.jobs.everyone.PEOPLE_AT_ONCE", 1)
    people = Histories.of([["item-3"], ["ITEM-4"], ["item-05"]])
    out = tmp_path / "lists.csv"
    with pytest.warns(UnknownItemWarning) as said:
        recommend_to_file(
            model, people, out, 4, candidates=["item-3", "x"], exclude=[["y"], ["z"], ["item-3"]]
        )
    assert [str(warning.message).split("; ")[0] for warning in said] == [
        "2 events about 2 items outside the catalogue were left out (such as ITEM-4, item-05)",
        "1 of 2 candidates are not in the catalogue and were left out, the first is 'x'",
        "2 of 3 excluded items are not in the catalogue and were left out, the first is 'y'",
    ]
    assert "'ITEM-4' is unknown, and the catalogue has 'item-4'" in str(said[0].message)
    assert len(pl.read_csv(out)) == 1


def test_a_file_for_everyone_is_refused_where_no_event_is_known(model: Popularity, tmp_path: Path):
    told = "none of the 2 events .* 'ITEM-4' is unknown, and the catalogue has 'item-4'"
    with pytest.raises(DataError, match=told):
        recommend_to_file(model, Histories.of([["ITEM-4", "x"]]), tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())
