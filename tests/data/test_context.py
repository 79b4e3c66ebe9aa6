"""What a shop's file says of an event beyond its own columns is kept along the whole way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metarec.contracts import DataError, Dataset, Event, RepeatsRule
from metarec.data import (
    DroppedRowsWarning,
    InvalidData,
    inspect,
    load,
    save,
    split_k_fold,
    split_last_out,
)
from metarec.data.splits.cold_split import split_cold

EVENTS = pl.DataFrame(
    {
        "user_id": ["u", "u", "v", "u"],
        "item_id": ["a", "b", "a", "c"],
        "timestamp": [30, 20, 10, 40],
        "device": ["phone", None, "desk", "phone"],
        "hour": [7, 8, None, 9],
        "text": [None, "12", "fine, “really”", "no"],
    }
)
SECOND = Event("a", 1.0, None, 30.0, {"device": "phone", "hour": 7})
FIRST = Event("b", 1.0, None, 20.0, {"hour": 8}, "12")
OTHER = Event("a", 1.0, None, 10.0, {"device": "desk"}, "fine, “really”")


def shop(folder: Path, suffix: str, events: pl.DataFrame = EVENTS) -> Dataset:
    write = {"parquet": "write_parquet", "csv": "write_csv", "jsonl": "write_ndjson"}[suffix]
    folder.mkdir()
    getattr(events, write)(folder / f"interactions.{suffix}")
    (folder / "items.csv").write_text("item_id\na\nb\nc\n")
    (folder / "dataset.toml").write_text('timestamp = "unix"\n')
    return load(folder)


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return shop(tmp_path / "shop", "parquet")


def test_every_format_gives_the_same_context_in_the_order_of_events(tmp_path: Path) -> None:
    shops = [shop(tmp_path / suffix, suffix) for suffix in ("parquet", "csv", "jsonl")]
    assert len({data.hash for data in shops}) == 1
    for data in shops:
        assert data.details == ["device", "hour", "text"]
        assert data.histories.events(0)[:2] == [FIRST, SECOND]
        assert data.histories.events(1) == [OTHER]


def test_a_shop_without_such_columns_keeps_nothing(tmp_path: Path) -> None:
    data = shop(tmp_path / "shop", "csv", EVENTS.drop("device", "hour", "text"))
    assert data.details == []
    assert data.histories.details is None


def test_kinds_and_texts_stay_text_and_nothing_written_is_nothing(tmp_path: Path) -> None:
    odd = EVENTS.with_columns(event=pl.Series(["1", "", "2", "1"]), text=pl.lit("07"))
    data = shop(tmp_path / "shop", "csv", odd)
    assert data.interactions["event"].to_list() == ["1", None, "2", "1"]
    assert data.histories.kind_names == ("1", "2")
    assert data.histories.kinds.tolist() == [-1, 0, 0, 1]
    assert {event.text for event in data.histories.events(0)} == {"07"}


def test_text_of_labels_is_text(tmp_path: Path) -> None:
    labels = shop(
        tmp_path / "a", "parquet", EVENTS.with_columns(pl.col("text").cast(pl.Categorical))
    )
    assert labels.interactions.schema["text"] == pl.String
    silent = shop(tmp_path / "b", "jsonl", EVENTS.with_columns(text=None))
    assert silent.interactions.schema["text"] == pl.String


@pytest.mark.parametrize(
    ("column", "cells", "told"),
    [
        ("text", [1, 2, 3, 4], "column text: found type Int64, expected what the person wrote"),
    ],
)
def test_what_cannot_be_kept_is_named(tmp_path: Path, column: str, cells: list, told: str) -> None:
    with pytest.raises(InvalidData, match=rf"interactions.parquet, {told}"):
        shop(tmp_path / "shop", "parquet", EVENTS.with_columns(pl.Series(column, cells)))


def test_a_column_named_user_or_item_beside_the_ids_is_context(tmp_path: Path) -> None:
    named = EVENTS.with_columns(user=pl.lit("a name"), item=pl.lit("a title"))
    data = shop(tmp_path / "shop", "parquet", named)
    assert data.details[-2:] == ["context_user", "context_item"]
    assert data.histories.details is not None
    assert set(data.histories.details["context_item"]) == {"a title"}
    save(data, tmp_path / "saved")
    assert load(tmp_path / "saved").hash == data.hash
    with pytest.raises(InvalidData, match="columns user and context_user"):
        shop(tmp_path / "both", "parquet", named.with_columns(context_user=pl.lit("x")))


def test_columns_named_user_and_item_are_the_ids_where_there_are_no_others(tmp_path: Path) -> None:
    short = EVENTS.rename({"user_id": "user", "item_id": "item"})
    assert shop(tmp_path / "a", "csv", short).hash == shop(tmp_path / "b", "csv", EVENTS).hash


def test_a_context_named_pair_outlives_the_rule_of_repeats(tmp_path: Path) -> None:
    events = pl.concat([EVENTS, EVENTS.tail(1)]).with_columns(pair=pl.lit("shoes"))
    shop(tmp_path / "shop", "parquet", events)
    rules: dict[RepeatsRule, list[float]] = {"last": [1, 1, 1, 1], "sum": [1, 1, 1, 2]}
    for rule, values in rules.items():
        with pytest.warns(DroppedRowsWarning, match="1 x repeated interaction"):
            data = load(tmp_path / "shop", repeats=rule)
        assert data.interactions["pair"].to_list() == ["shoes"] * 4
        assert data.interactions["value"].to_list() == values


def test_the_hash_sees_context_and_text(data: Dataset) -> None:
    changed = [
        data.interactions.with_columns(pl.lit(value).alias(column))
        for column, value in (("device", "tv"), ("hour", 1), ("text", "x"))
    ]
    others = [
        replace(data, interactions=events) for events in (*changed, changed[0].drop("device"))
    ]
    assert len({data.hash, *(other.hash for other in others)}) == 5


def test_a_saved_shop_comes_back_with_both(data: Dataset, tmp_path: Path) -> None:
    save(data, tmp_path / "again")
    again = load(tmp_path / "again")
    assert again.hash == data.hash
    assert again.histories.events(0) == data.histories.events(0)


def test_splits_keep_them_in_step_with_their_events(data: Dataset) -> None:
    split = split_last_out(data, min_events=2)
    asked = next(iter(split.test.values()))
    assert asked.support.events(0) == [FIRST, SECOND]
    assert split.train.histories.events(1) == [OTHER]  # v has one event and is not judged
    known = {
        (event.item, event.t): event for user in (0, 1) for event in data.histories.events(user)
    }
    splits = [*split_k_fold(data, folds=2, valid=0.0), split_cold(data, users=0.5, items=0.4)]
    for part in splits:
        for episodes in (part.valid, *part.test.values()):
            for side in (episodes.support, episodes.query):
                for history in range(len(side)):
                    for event in side.events(history):
                        assert event == known[event.item, event.t]
        of_train = part.train.histories
        assert all(e == known[e.item, e.t] for user in (0, 1) for e in of_train.events(user))


def test_a_part_keeps_the_rows_that_it_keeps(data: Dataset) -> None:
    part = data.where(np.array([True, False, False, True]))
    assert [event.context for event in part.histories.events(0)] == [
        {"device": "phone", "hour": 7},
        {"device": "phone", "hour": 9},
    ]


def test_inspect_says_that_nothing_reads_them_yet(data: Dataset) -> None:
    assert inspect(data).not_used == {
        "device": "the events' context: no model reads it yet",
        "hour": "the events' context: no model reads it yet",
        "text": "what people wrote: no model reads it yet",
    }


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (pl.lit(3).alias("text"), "column text: found Int32, expected text"),
        (pl.lit("x").alias("user_id"), "may have no column 'user_id'"),
        (pl.lit("x").alias("item_id"), "may have no column 'item_id'"),
    ],
)
def test_a_dataset_by_hand_refuses_what_it_could_not_save(data, column: pl.Expr, told: str) -> None:
    with pytest.raises(DataError, match=told):
        replace(data, interactions=data.interactions.with_columns(column))
