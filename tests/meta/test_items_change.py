"""Items come back, change, and follow a nightly snapshot, without another fit."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import AlikeItemWarning, DataError
from metarec.data.items import items_of

EVENTS = [("i0000001", 5.0), ("i0000002", 2.0)]


@pytest.fixture(scope="module")
def shop() -> mr.Dataset:
    return mr.generate(users=60, items=40, rng=3).dataset


@pytest.fixture(scope="module")
def model(shop: mr.Dataset) -> mr.MetaRecommender:
    config = mr.MetaConfig(d=4, steps=20, judge_every=10, start="random")
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
        ({"item_id": ["i0000001"], "price": ["dear"]}, "row 0, column price: found 'dear', expec"),
        ({"price": [1.0]}, "the frame items, column item_id: found the columns price"),
        ({"item_id": ["i0000001"], "price": [np.inf]}, "row 0, column price: found inf"),
        ({"item_id": ["i0000001"], "price": [np.nan]}, "row 0, column price: found NaN"),
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


def test_every_library_s_table_of_items_is_the_same_table(model: mr.MetaRecommender):
    snapshot = pl.concat(
        [table_of(model)[2:], table_of(model)[:1].with_columns(item_id=pl.lit("new"))]
    )
    expected = model.sync_items(snapshot)
    for frame in (snapshot.to_pandas(), snapshot.to_arrow(), snapshot.lazy()):
        after = model.sync_items(frame)
        assert after.catalogue.hash == expected.catalogue.hash
        np.testing.assert_array_equal(scores(after), scores(expected))
    added = model.add_items(snapshot[-1:].to_pandas())
    assert added.catalogue.hash == model.add_items(snapshot[-1:]).catalogue.hash
    priced = pl.DataFrame({"item_id": ["i0000005"], "price": [3.5]})
    for frame in (priced.to_pandas(), priced.to_arrow()):
        assert model.update_items(frame).catalogue.hash == model.update_items(priced).catalogue.hash


def test_numbers_as_people_write_them_are_numbers_in_a_snapshot_too(model: mr.MetaRecommender):
    price = pl.DataFrame({"sku": ["i0000005", "i0000006"], "price": ["12,99 €", "3,50 €"]})
    changes = model.item_changes(price)
    assert "read sku as item_id" in repr(changes)
    assert "column price is read as numbers: '12,99 €' is 12.99" in repr(changes)
    after = model.update_items(price)
    assert after.catalogue.frame["price"][5:7].to_list() == [12.99, 3.5]
    plain = model.update_items(pl.DataFrame({"item_id": ["i0000005"], "price": ["7.5"]}))
    assert plain.catalogue.frame["price"][5] == 7.5


def test_a_column_of_text_stays_text_where_a_snapshot_has_numbers_in_it_alone(shop: mr.Dataset):
    items = mr.Catalogue.of(pl.DataFrame({"item_id": ["007", "b"], "size": ["38", "M"]}))
    snapshot = pl.DataFrame({"item_id": ["7", "c"], "size": ["39", "1,5"], "gone": [None, None]})
    read = items_of(snapshot, items)
    assert read.frame.to_dict(as_series=False) == {
        "item_id": ["007", "c"], "size": ["39", "1,5"], "gone": [None, None]
    }  # fmt: skip
    assert "'7' is '007'" in read.notes[0]
    with pytest.warns(AlikeItemWarning, match="'7' is unknown, and the catalogue has '007'"):
        assert items_of(snapshot, items, new=True).frame["item_id"].to_list() == ["7", "c"]


def test_a_snapshot_of_which_no_item_is_known_retires_nothing(model: mr.MetaRecommender):
    strange = table_of(model).with_columns(item_id="X" + pl.col("item_id"))
    told = "none of the 40 items of the snapshot is known, .* look like 'Xi0000000', .* 'i0000000'"
    with pytest.raises(DataError, match=told):
        model.sync_items(strange)
