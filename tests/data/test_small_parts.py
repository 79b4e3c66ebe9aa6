"""Borders of small parts of reading and splitting, each with what lies just beyond."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import DataError
from metarec.data.readers.settings import refuse_key
from metarec.data.splits.scenarios import newest_of
from metarec.data.validation.problems import Report
from metarec.data.validation.remedies import Remedies

YEARS = [1990.0, None, 2001.0, 2001.0, 1985.0, 2010.0, 2001.0]


@pytest.fixture(scope="module")
def dated_shop() -> mr.Dataset:
    ids = [f"i{row}" for row in range(len(YEARS))]
    events = pl.DataFrame({"user_id": ["u"] * len(ids), "item_id": ids})
    return mr.from_frames(events, pl.DataFrame({"item_id": ids, "year": YEARS, "kind": ids}))


@pytest.mark.parametrize(
    ("share", "held"),
    [(0.0, []), (0.2, [2]), (0.4, [2, 3]), (0.6, [2, 3, 6]), (0.8, [0, 2, 3, 6]), (1.0, None)],
)
def test_the_newest_of_some_items_are_held_out_the_earlier_of_equals_first(
    dated_shop, share, held
) -> None:
    among = np.arange(len(YEARS)) != 5  # the newest of all is not asked about
    among[4] = False
    found = np.flatnonzero(newest_of(dated_shop, "year", share, among)).tolist()
    assert found == ([0, 1, 2, 3, 6] if held is None else held)


@pytest.mark.parametrize("column", ["kind", "nothing"])
def test_what_is_newest_is_told_by_a_number(dated_shop, column: str) -> None:
    with pytest.raises(DataError, match=f"number column of the items, got '{column}'"):
        newest_of(dated_shop, column, 0.5, np.ones(len(YEARS), dtype=bool))


@pytest.mark.parametrize(
    ("key", "table", "place", "fix"),
    [
        ("scal", "", "scal", "write scale"),
        ("scal", "items", "items.scal", "write scale"),
        ("weather", "", "weather", "write it under [notes], or as a comment"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one(key, table, place, fix) -> None:
    report = Report()
    refuse_key(Path("shop/dataset.toml"), key, ["scale", "scales"], "the known", report, table)
    (problem,) = report.fatal
    assert (problem.file, problem.column, problem.fix) == ("dataset.toml", place, fix)
    assert (problem.found, problem.expected) == (f"an unknown key {key!r}", "one of the known")


def test_remedies_are_said_in_the_words_of_the_place() -> None:
    folder, file, frames = (Remedies(source) for source in ("folder", "file", "frames"))  # type: ignore[arg-type]
    assert folder.place == "dataset.toml" != file.place == frames.place
    assert folder.setting("scale", [1, 5]) == "set scale = [1, 5] in dataset.toml"
    assert file.setting("scale", [1, 5]) == frames.setting("scale", [1, 5])
    assert (folder.name("dates"), file.name("dates")) == ("dates", "dates")
    told = 'write text = ["é"] under [items] of dataset.toml'
    assert folder.role("text", ["é"]) == told
    assert file.role("text", ["é"]) == 'pass roles={"text": ["é"]}'
    assert folder.dates() == "write them as 2024-12-31"
    assert file.dates() == 'pass dates="day-first" or dates="month-first"'
    assert folder.no_column("value") == "give the column another name"
    assert file.no_column("value") == 'pass columns={"value": None}'
    assert folder.column("item_id", None) == "rename the column that holds it to item_id"
    assert folder.column("item_id", "sku") == (
        "rename the column that holds it to item_id, such as sku"
    )
    assert file.column("item_id", "sku", "items") == (
        'say which holds it, such as item_columns={"item_id": "sku"}'
    )
    assert file.column("user_id", None, "users") == (
        'say which holds it, such as user_columns={"user_id": "NAME"}'
    )
    for told in (file.column("item_id", "sku"), frames.column("item_id", "sku", "items")):
        assert told == 'say which holds it, such as columns={"item_id": "sku"}'
