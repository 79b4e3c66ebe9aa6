"""Items come back, change, and follow a nightly snapshot, without another fit."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import DataError

EVENTS = [("i0000001", 5.0), ("i0000002", 2.0)]


@pytest.fixture(scope="module")
def shop() -> mr.Dataset:
    return mr.generate(users=60, items=40, rng=3).dataset


@pytest.fixture(scope="module")
def model(shop: mr.Dataset) -> mr.MetaRecommender:
    config = mr.MetaConfig(d=4, steps=20, judge_every=10)
    return mr.MetaRecommender(mr.HashEncoder(16), config).fit(shop)


def table_of(model: mr.MetaRecommender) -> pl.DataFrame:
    return model.catalogue.table


def scores(model: mr.MetaRecommender) -> np.ndarray:
    told = model.adapt(EVENTS).predict([str(i) for i in model.catalogue.ids])
    return np.stack([told.scores, told.stds, told.predictive_stds])


def test_what_was_retired_can_be_offered_again(model: mr.MetaRecommender):
    best = [str(i) for i in model.adapt(EVENTS).recommend(3).ids]
    fewer = model.retire_items(best)
    assert not set(fewer.adapt(EVENTS).recommend(40).ids) & set(best)
    again = fewer.restore_items(best[:1]).restore_items(best)
    np.testing.assert_array_equal(again.adapt(EVENTS).recommend(3).ids, best)
    with pytest.raises(DataError, match="item 'x' cannot be restored: it is not in the catalogue"):
        model.restore_items(["x"])


def test_an_update_that_changes_nothing_changes_no_bit(model: mr.MetaRecommender):
    frame = table_of(model)[5:9]
    np.testing.assert_array_equal(scores(model.update_items(frame)), scores(model))
    np.testing.assert_array_equal(scores(model.update_items(frame.head(0))), scores(model))


def test_an_update_moves_the_named_items_and_columns_alone(model: mr.MetaRecommender):
    frame = table_of(model)
    changed = model.update_items(pl.DataFrame({"item_id": ["i0000005"], "price": [None]}))
    expected = frame.with_columns(
        price=pl.when(pl.col("item_id") != "i0000005").then(pl.col("price"))
    )
    assert table_of(changed).equals(expected)
    moved = (scores(changed) != scores(model)).any(axis=0)
    assert moved.tolist() == [str(i) == "i0000005" for i in frame["item_id"]]
    assert table_of(model).equals(frame)
    back = changed.update_items(frame.filter(pl.col("item_id") == "i0000005"))
    np.testing.assert_array_equal(scores(back), scores(model))


def test_an_added_item_that_is_updated_is_as_if_added_so(model: mr.MetaRecommender, tmp_path: Path):
    old, new = (table_of(model)[row].with_columns(item_id=pl.lit("new")) for row in (3, 8))
    updated = model.add_items(old).update_items(new)
    expected = scores(model.add_items(new))
    np.testing.assert_array_equal(scores(updated), expected)
    updated.save(tmp_path / "model")
    np.testing.assert_array_equal(scores(mr.load_model(tmp_path / "model")), expected)
    alike = updated.similar("new", 3)
    np.testing.assert_array_equal(alike.ids, model.add_items(new).similar("new", 3).ids)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"item_id": ["x"], "price": [1.0]}, "item 'x' cannot be updated: .*; add_items adds"),
        ({"item_id": ["i0000001"], "prize": [1.0]}, "no column 'prize'; they have .*'price'"),
        ({"item_id": ["i0000001"], "price": ["dear"]}, "price of the items holds Float"),
        ({"price": [1.0]}, "needs a column item_id"),
    ],
)
def test_an_update_that_does_not_fit_is_refused(model: mr.MetaRecommender, columns, told: str):
    with pytest.raises(DataError, match=told):
        model.update_items(pl.DataFrame(columns))


def test_a_snapshot_is_followed_and_its_difference_is_told_first(model: mr.MetaRecommender):
    before = model.retire_items(["i0000007"])
    frame = table_of(model)
    price = pl.when(pl.col("item_id") == "i0000004").then(99.0).otherwise(pl.col("price"))
    snapshot = pl.concat(
        [
            frame[2:].with_columns(price=price),
            frame[20].with_columns(item_id=pl.lit("new")),
        ]
    )
    changes = before.item_changes(snapshot)
    assert repr(changes) == (
        "ItemChanges(1 added: new; 1 updated (price 1): i0000004; 2 retired: i0000000, i0000001; "
        "1 restored: i0000007; 36 as they were)"
    )
    after = before.sync_items(snapshot)
    offered = after.catalogue.ids[after.catalogue.offered]
    assert sorted(offered) == sorted(snapshot["item_id"])
    kept = after.catalogue.table.filter(pl.Series(after.catalogue.offered))
    assert kept.sort("item_id").equals(snapshot.sort("item_id"))
    assert not after.item_changes(snapshot)
    assert repr(after.item_changes(snapshot)) == "ItemChanges(39 as they were)"
    by_hand = (
        before.update_items(pl.DataFrame({"item_id": ["i0000004"], "price": [99.0]}))
        .add_items(snapshot[-1])
        .restore_items(["i0000007"])
        .retire_items(["i0000000", "i0000001"])
    )
    np.testing.assert_array_equal(scores(after), scores(by_hand))


def test_a_snapshot_may_say_who_is_offered_and_lack_or_add_columns(model: mr.MetaRecommender):
    ids = [str(i) for i in model.catalogue.ids]
    offered = [i != "i0000003" for i in ids]
    snapshot = pl.DataFrame({"item_id": ids, "offered": offered, "stock": range(len(ids))})
    changes = model.item_changes(snapshot)
    assert changes.retired == ("i0000003",)
    assert changes.new_columns == ("stock",)
    after = model.sync_items(snapshot)
    assert after.catalogue.table.drop("stock").equals(table_of(model))
    assert after.catalogue.frame["stock"].to_list() == list(range(len(ids)))
    np.testing.assert_array_equal(scores(after), scores(model))
    assert set(after.adapt(EVENTS).recommend(40, where="stock < 5").ids) == {"i0000000", "i0000004"}
    with pytest.raises(DataError, match="the snapshot has no items, so all would be retired"):
        model.item_changes(snapshot.clear())


def test_a_person_gets_the_list_that_a_batch_gets(model: mr.MetaRecommender):
    events = [mr.Event("i0000001", 5.0, "buy"), mr.Event("i0000002", 2.0, "view")]
    events += [mr.Event("i0000009", 4.0)]
    for asked in (
        {"exclude_seen": ["view"]},
        {"exclude_seen": False, "exclude": ["i0000003"]},
        {"where": "price < 50", "diversity": 0.4, "boost": "price"},
        {"at_most": {"category": 1}},
    ):
        alone, many = (
            model.adapt(events).recommend(7, **asked),
            model.recommend([events], 7, **asked),
        )
        np.testing.assert_array_equal(alone.ids, many[0].ids)
        np.testing.assert_allclose(alone.scores, many[0].scores)
        assert alone.why_short == many[0].why_short
    ids = ["i0000004", "i0000001", "i0000011"]
    np.testing.assert_array_equal(
        model.adapt(events).rank(ids).ids, model.rank([events], ids).ids[0]
    )
    with pytest.raises(DataError, match="names the kind 'gift'; there are"):
        model.adapt(events).recommend(3, exclude_seen=["gift"])
