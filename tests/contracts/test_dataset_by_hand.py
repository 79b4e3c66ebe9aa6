"""A dataset made by hand: what its hash sees, its histories, and changes of its catalogue."""

from dataclasses import fields, replace

import numpy as np
import polars as pl
import pytest

from metarec.contracts import (
    Catalogue,
    DataError,
    Dataset,
    Recommendations,
    Vocabulary,
    vocabulary_of,
)

ITEMS = pl.DataFrame({"item_id": ["a", "b", "c"], "title": ["A", "B", None], "year": [1, 2, None]})
EVENTS = pl.DataFrame(
    {
        "user": [1, 0, 1, 1],
        "item": [2, 1, 0, 2],
        "value": [1.0, 2.0, 3.0, 4.0],
        "timestamp": [30, 5, 10, 10],
        "event": ["view", None, "buy", "hide"],
        "text": ["x", None, "y", "z"],
        "shelf": [1, 2, 3, 4],
    }
)


def shop(**changed: object) -> Dataset:
    given = {
        "name": "x",
        "feedback": "implicit",
        "clock": "unix",
        "catalogue": Catalogue.of(ITEMS),
        "user_ids": vocabulary_of(["u", "v", "w"]),
        "interactions": EVENTS,
    }
    return Dataset(**{**given, **changed})  # type: ignore[arg-type]


CHANGES: dict[str, object] = {
    "clock": "order",
    "catalogue": Catalogue.of(ITEMS).retire(["a"]),
    "user_ids": vocabulary_of(["u", "v", "z"]),
    "interactions": EVENTS.with_columns(shelf=pl.lit(7)),
    "users": pl.DataFrame({"age": [1, 2, 3]}),
    "triples": pl.DataFrame({"head": ["a"], "relation": ["r"], "tail": ["b"]}),
    "edges": pl.DataFrame({"user_id": ["u"], "other_id": ["v"]}),
    "repeats": "sum",
    "target_kinds": ("buy",),
    "negative_kinds": ("hide",),
    "roles": {"category": ("title",)},
}


def test_the_hash_sees_all_that_a_model_could_learn_from_and_nothing_else():
    hashes = {name: shop(**{name: value}).hash for name, value in CHANGES.items()}
    rated = EVENTS.with_columns(value=pl.Series([1.0, 2.0, 3.0, 4.0]))
    hashes["feedback"] = shop(feedback="rating", interactions=rated).hash
    scaled = shop(feedback="rating", interactions=rated, declared_scale=(1, 9))
    hashes["declared_scale"] = scaled.hash
    assert len({*hashes.values(), shop().hash}) == len(hashes) + 1
    silent = {"name": "y", "licence": "MIT", "dropped": {"bad": 1}, "notes": ("n",)}
    for name, value in silent.items():
        assert shop(**{name: value}).hash == shop().hash
    assert hashes.keys() | silent.keys() == {field.name for field in fields(Dataset)}
    assert shop(roles={"category": ()}).hash == shop().hash
    assert scaled.declared_scale == (1.0, 9.0)


def test_histories_are_in_order_of_time_and_of_rows_where_times_are_equal():
    found = shop().histories
    assert found.items.tolist() == [1, 0, 2, 2]
    assert found.values.tolist() == [2, 3, 4, 1]
    assert found.times.tolist() == [5, 10, 10, 30]
    assert found.offsets.tolist() == [0, 1, 4, 4]
    assert found.kind_names == ("buy", "hide", "view")
    assert found.kinds.tolist() == [-1, 0, 1, 2]
    assert found.details is not None
    assert found.details.to_dict(as_series=False) == {
        "text": [None, "y", "z", "x"],
        "shelf": [2, 3, 4, 1],
    }
    ordered = shop(clock="order").histories
    assert ordered.items.tolist() == [1, 0, 2, 2]
    assert np.isnan(ordered.times).all()
    rows = shop(clock=None, interactions=EVENTS.drop("timestamp", "event", "text", "shelf"))
    assert rows.histories.items.tolist() == [1, 2, 0, 2]
    assert rows.histories.details is None
    assert rows.histories.kinds.tolist() == [-1] * 4
    assert rows.kind_names == ()


def test_what_is_refused_is_not_learned_from_and_items_are_counted():
    data = shop(negative_kinds=("hide",))
    left = data.without_negative()
    assert left.interactions["value"].to_list() == [1.0, 2.0, 3.0]
    assert data.item_counts.tolist() == [1, 1, 2]
    assert left.item_counts.tolist() == [1, 1, 1]
    assert data.touched.tolist() == [True] * 3
    assert left.where(left.interactions["item"] != 2).touched.tolist() == [True, True, False]
    assert shop().without_negative() is not None
    untold = shop(negative_kinds=("return",))
    assert untold.without_negative() is untold


def test_a_scale_is_declared_or_recognised_and_stays_with_fewer_ratings():
    events = EVENTS.with_columns(value=pl.Series([0.5, 2.0, 3.0, 4.0]))
    rated = shop(feedback="rating", interactions=events)
    assert rated.scale == (0.5, 5.0)
    assert rated.where(events["value"] >= 2).scale == (0.5, 5.0)
    assert shop(feedback="rating", interactions=events, declared_scale=(0, 7)).scale == (0.0, 7.0)
    assert shop().scale == (1.0, 4.0)
    assert shop(interactions=EVENTS.clear(), clock=None).scale == (0.0, 1.0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"feedback": "stars"}, "feedback must be one of 'rating', 'implicit', got 'stars'"),
        ({"clock": "sun"}, "clock must be one of"),
        ({"repeats": "first"}, "repeats must be one of"),
        ({"feedback": "rating", "repeats": "sum"}, "ratings cannot be summed"),
        ({"target_kinds": ("order",)}, "no event of the kinds order"),
        ({"negative_kinds": "hide"}, "negative_kinds must be a list of kinds"),
        ({"target_kinds": ("buy", "buy")}, "target_kinds must name each kind once"),
        ({"target_kinds": ("",)}, "target_kinds must be a list of kinds"),
        ({"roles": ["title"]}, "roles must map a role to columns"),
        ({"roles": {"colour": ["title"]}}, "a role of columns must be one of"),
        ({"roles": {"text": "title"}}, "role text must list columns"),
        ({"roles": {"text": ["brand"]}}, "items have no column 'brand'"),
        (
            {"roles": {"text": ["title"], "ignore": ["title"]}},
            "column 'title' of items is said to be text and ignore",
        ),
        ({"feedback": "rating", "declared_scale": (1, 3)}, "a rating from 1 to 3"),
        ({"triples": pl.DataFrame({"head": ["a"]})}, "triples need a column 'relation'"),
        ({"edges": pl.DataFrame({"user_id": ["a"]})}, "edges need a column 'other_id'"),
        (
            {"triples": pl.DataFrame({"head": [1], "relation": ["r"], "tail": ["b"]})},
            "triples: column 'head' must hold strings, got Int64",
        ),
        (
            {"triples": pl.DataFrame({"head": "a", "relation": "r", "tail": ["b", None]})},
            "triples, row 1: found None in 'tail', expected a string that is not empty",
        ),
        (
            {"edges": pl.DataFrame({"user_id": ["", "u"], "other_id": "v"})},
            "edges, row 0: found '' in 'user_id'",
        ),
    ],
)
def test_what_a_dataset_declares_is_checked(changed: dict[str, object], told: str):
    with pytest.raises(DataError, match=told):
        shop(**changed)


def test_an_update_keeps_the_kind_of_a_column():
    known = Catalogue.of(ITEMS.with_columns(note=pl.lit(None)))
    patched = known.patch(pl.DataFrame({"item_id": ["c", "a"], "year": [2.5, None]}))
    assert patched.frame["year"].to_list() == [None, 2.0, 2.5]
    assert patched.frame["title"].to_list() == ["A", "B", None]
    for note in ("n", 3, True):
        told = known.patch(pl.DataFrame({"item_id": ["b"], "note": [note]}))
        assert told.frame["note"].to_list() == [None, note, None]
    for name, value in (("year", "old"), ("title", [1]), ("year", [1])):
        with pytest.raises(DataError, match=f"column {name} of the items holds .*, the update has"):
            known.patch(pl.DataFrame({"item_id": ["a"], name: [value]}))
    with pytest.raises(DataError, match=r"no column 'size'; they have \['note', 'title', 'year'\]"):
        known.patch(pl.DataFrame({"item_id": ["a"], "size": [1]}))
    wide = known.patch(pl.DataFrame({"item_id": ["b"], "size": [1]}), widen=True)
    assert wide.frame["size"].to_list() == [None, 1, None]
    assert wide.frame.columns == ["title", "year", "note", "size"]
    for ids, told in ((["zz"], "item 'zz' cannot be updated"), (["a", "y"], "item 'y' cannot be")):
        with pytest.raises(DataError, match=told):
            known.patch(pl.DataFrame({"item_id": ids, "year": [1] * len(ids)}))
    gone = known.patch(pl.DataFrame({"item_id": ["b", "c"], "offered": [False, True]}))
    assert gone.offered.tolist() == [True, False, True]
    assert known.offered.all()
    with pytest.raises(DataError, match="item 'q' cannot be retired"):
        known.retire(["a", "q"])
    back = known.retire(["a", "b"]).restore(["b"])
    assert back.offered.tolist() == [False, True, True]


def test_items_that_are_added_stand_behind_and_fit_the_columns():
    known = Catalogue.of(ITEMS)
    more = pl.DataFrame({"item_id": ["d"], "year": [2.5], "size": ["L"], "offered": [False]})
    wider = known.append(more)
    assert wider.ids.tolist() == ["a", "b", "c", "d"]
    assert wider.frame["year"].to_list() == [1.0, 2.0, None, 2.5]
    assert wider.frame["size"].to_list() == [None, None, None, "L"]
    assert wider.offered.tolist() == [True, True, True, False]
    with pytest.raises(DataError, match=r"1 of the added items are already .* such as 'b'"):
        known.append(pl.DataFrame({"item_id": ["d", "b"]}))
    for name, value, kind in (("year", "old", "numbers"), ("title", 3, "text"), ("title", [1], "")):
        with pytest.raises(
            DataError, match=f"column {name} of the added items .*write it as {kind}"
        ):
            known.append(pl.DataFrame({"item_id": ["d"], name: [value]}))
    nothing = known.append(pl.DataFrame({"item_id": ["d"], "title": [None]}))
    assert nothing.frame["title"].to_list() == ["A", "B", None, None]


def test_a_catalogue_is_made_of_ids_that_are_there_once():
    for frame, told in (
        (pl.DataFrame({"id": ["a"]}), "needs a column item_id"),
        (pl.DataFrame({"item_id": ["a", None]}), "a row without an item_id"),
        (pl.DataFrame({"item_id": ["a", ""]}), "a row without an item_id"),
        (
            pl.DataFrame({"item_id": list("dcbaabcd")}),
            "4 item ids occur more than once, .* a, b, c$",
        ),
    ):
        with pytest.raises(DataError, match=told):
            Catalogue.of(frame)
    numbers = Catalogue.of(pl.DataFrame({"item_id": [3, 1]}))
    assert numbers.ids.tolist() == ["3", "1"]
    assert numbers.index(["1", "2"]).tolist() == [1, -1]
    assert Catalogue.of(ITEMS).titles is not None
    assert Catalogue.of(ITEMS).titles.tolist() == ["A", "B", None]  # type: ignore[union-attr]
    named = ITEMS.rename({"title": "product_title"}).with_columns(name=pl.lit("n"))
    assert Catalogue.of(named).titles.tolist() == ["n"] * 3  # type: ignore[union-attr]
    assert Catalogue.of(ITEMS.drop("title").with_columns(title=pl.lit(1))).titles is None
    known = Catalogue.of(ITEMS)
    with pytest.raises(DataError, match="a catalogue of 3 ids has 2 rows"):
        replace(known, frame=known.frame.head(2))
    with pytest.raises(DataError, match="offered must be 3 booleans"):
        replace(known, offered=known.offered[:2])
    with pytest.raises(DataError, match="offered must be 3 booleans"):
        replace(known, offered=known.offered.astype(int))
    with pytest.raises(DataError, match="`offered` is no content but a mask"):
        replace(known, frame=known.frame.with_columns(offered=pl.lit(value=True)))


def test_a_list_as_a_table_has_the_title_of_each_item_and_nothing_for_empty_places():
    known = Catalogue.of(ITEMS)
    more = vocabulary_of(["c", "b", "z", "a"])
    items, nan = np.array([[1, 3, -1], [2, 0, 1]]), np.nan
    scores = np.array([[3.0, 2.0, nan], [3.0, 2.5, 1.0]])
    found = Recommendations(Vocabulary(more), items, scores, scores / 10, known, more[:2])
    assert found.to_frame().to_dict(as_series=False) == {
        "history": [0, 0, 1, 1, 1],
        "user_id": ["c", "c", "b", "b", "b"],
        "rank": [1, 2, 1, 2, 3],
        "item_id": ["b", "a", "z", "c", "b"],
        "title": ["B", "A", None, None, "B"],
        "score": [3.0, 2.0, 3.0, 2.5, 1.0],
        "std": pytest.approx([0.3, 0.2, 0.3, 0.25, 0.1]),
    }
    one = Recommendations(Vocabulary(more), items[0], scores[0], scores[0])
    assert one.to_frame().columns == ["rank", "item_id", "score", "std"]
