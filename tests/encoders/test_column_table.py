"""What is said of each column, and of what a reader makes of the texts."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.encoders import (
    ColumnTable,
    ContentFeatures,
    HashEncoder,
    Reading,
    TextEncoder,
    content_told,
)
from metarec.encoders.content import texts_of

EVENTS = pl.DataFrame(
    {
        "user_id": ["ann", "ben", "ben"],
        "item_id": ["0", "1", "0"],
        "value": [2.0, 4.0, 5.0],
        "timestamp": [1_600_000_000, 1_650_000_000, 1_700_000_000],
        "event": ["buy", "view", "buy"],
        "device": ["phone", None, None],
    }
)
ITEMS = pl.DataFrame(
    {
        "item_id": ["0", "1", "2", "3"],
        "title": ["quiet garden tools", "red bicycle", "red bicycle", None],
        "imdb_id": [7, 8, 9, 10],
        "price": [1.5, 2.0, None, 3.0],
    }
)
USERS = pl.DataFrame({"user_id": ["ann", "ben"], "about": ["likes tea", "likes cups"]})


def test_each_column_of_each_table_has_its_use_its_reason_and_samples():
    data = mr.from_frames(EVENTS, ITEMS, USERS, roles={"ignore": ["price"]})
    table = ColumnTable.of(data, HashEncoder())
    told = {(use.table, use.column): (use.used_as, use.why) for use in table.columns}
    assert told == {
        ("interactions", "user_id"): ("user", ""),
        ("interactions", "item_id"): ("item", ""),
        ("interactions", "value"): ("rating", "from 2 to 5, on a scale of 1 to 5"),
        ("interactions", "timestamp"): ("clock", "from 2020-09-13 to 2023-11-14"),
        ("interactions", "event"): ("kind", "the kind of the event"),
        ("interactions", "device"): (
            "not used",
            "the events' context: no model reads it yet",
        ),
        ("items", "title"): ("text, category", "text with 2 values"),
        ("items", "imdb_id"): ("not used", "a key, as its name says: nearly every row has its own"),
        ("items", "price"): ("not used", "the shop says so"),
        ("users", "about"): ("category", "text with 2 values"),
    }
    samples = {use.column: use.samples for use in table.columns}
    assert samples["title"] == ("quiet garden tools", "red bicycle")
    assert samples["price"] == ("1.5", "2", "3")
    assert (samples["user_id"], samples["item_id"]) == (("ann", "ben"), ("0", "1", "2"))
    assert samples["device"] == ("phone",)
    missing = {use.column: use.missing for use in table.columns if use.missing}
    assert missing == pytest.approx({"device": 2 / 3, "title": 0.25, "price": 0.25})
    lines = str(table).splitlines()
    assert "25.0% without text, 50.0% same text as another item" in lines[-1]
    assert "25.0% missing" in next(line for line in lines if "items.title" in line)
    assert json.loads(json.dumps(table.to_dict()))["reading"]["identical"] == 0.5


def test_moments_with_fractions_are_shown_apart():
    data = mr.from_frames(EVENTS.with_columns(timestamp=1.7e9 + 0.5 * pl.int_range(3)))
    (use,) = (u for u in ColumnTable.of(data, HashEncoder()).columns if u.column == "timestamp")
    assert use.samples == ("1700000000", "1700000000.5", "1700000001")


def test_the_table_is_told_before_the_items_are_encoded_by_it():
    data, told = mr.from_frames(EVENTS, ITEMS, USERS), []
    content = content_told(HashEncoder(8), data, told.append)
    assert told == [str(ColumnTable.of(data, HashEncoder(8)))]
    plain = ContentFeatures.fit(HashEncoder(8), data.catalogue.frame)
    items = data.catalogue.frame
    np.testing.assert_array_equal(content.encode(items), plain.encode(items))


def test_weights_and_places_are_called_so():
    weighed = EVENTS.with_columns(timestamp=pl.Series([1, 2, 3]))
    data = mr.from_frames(weighed, ITEMS, feedback="implicit")
    told = {use.column: use for use in ColumnTable.of(data, HashEncoder()).columns}
    assert told["value"].used_as == "weight"
    assert told["timestamp"].used_as == "order"
    bare = mr.from_frames(EVENTS.select("user_id", "item_id"), ITEMS)
    columns = [u.column for u in ColumnTable.of(bare, HashEncoder()).columns]
    assert "value" not in columns


def test_a_reader_counts_what_it_does_not_know_and_what_it_cuts(tiny_bert: Path):
    counts = TextEncoder(str(tiny_bert)).count(["red cake", "👟 red", "", "red " * 20])
    assert counts.tokens.tolist() == [2, 2, 0, 20]
    assert counts.unknown.tolist() == [0, 1, 0, 0]
    assert counts.cut.tolist() == [False, False, False, True]  # 16 places, two of them special
    reading = Reading.of(TextEncoder(str(tiny_bert)), ["red cake", "👟 红", "", "red cake"])
    assert (reading.empty, reading.identical, reading.unknown) == (0.25, 0.5, 2 / 6)
    assert reading.unread == 1 / 3


def test_a_tokenizer_of_another_file_counts_alike(tiny_llama: Path, tmp_path: Path):
    counts = TextEncoder(str(tiny_llama)).count(["red cake", "unheard red words"])
    assert counts.tokens.tolist() == [2, 3]
    assert counts.unknown.tolist() == [0, 2]


def test_texts_that_the_reader_cannot_read_are_told_apart_all_the_same(tiny_bert: Path):
    frame = pl.DataFrame({"title": ["👟", "🎸", "跑步鞋", "木吉他", "red"]})
    content = ContentFeatures.fit(TextEncoder(str(tiny_bert)), frame)
    vectors = content.encode(frame)
    assert list(content.blocks) == ["text", "hashed text", "table"]
    assert len(np.unique(vectors[:, :9].round(5), axis=0)) == 3  # to the reader 👟 is 🎸
    assert len(np.unique(vectors, axis=0)) == 5
    again = ContentFeatures.from_description(json.loads(json.dumps(content.describe())))
    np.testing.assert_array_equal(again.encode(frame[1:2]), vectors[1:2])
    assert again.reading == content.reading
    data = mr.from_frames(
        pl.DataFrame({"user_id": ["a"], "item_id": ["0"]}), frame.with_row_index("item_id")
    )
    assert "a hashed reader reads all texts beside it" in str(ColumnTable.of(data, content.encoder))


def test_texts_that_the_reader_reads_have_no_second_reader(tiny_bert: Path):
    frame = pl.DataFrame({"title": ["red cake", "red 👟", "quiet garden"]})
    content = ContentFeatures.fit(TextEncoder(str(tiny_bert)), frame)
    assert list(content.blocks) == ["text", "table"]


def test_a_model_saved_without_roles_is_refused():
    described = ContentFeatures.fit(HashEncoder(8), ITEMS).describe()
    with pytest.raises(mr.DataError, match=r"what it reads each column of the items as.*fit the"):
        ContentFeatures.from_description({k: v for k, v in described.items() if k != "roles"})


def test_the_texts_of_a_shop_are_what_the_encoder_reads_of_each_item():
    data = mr.from_frames(EVENTS, ITEMS, USERS)
    texts = texts_of(HashEncoder(8), data)
    assert [("garden" in text, "bicycle" in text) for text in texts] == [
        (True, False), (False, True), (False, True), (False, False)
    ]  # fmt: skip
    assert texts_of(HashEncoder(8), mr.from_frames(EVENTS)) == [""] * 2
