"""Several shops as one."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import DataError, Dataset
from metarec.contracts.wording import shell_words
from metarec.data import save


def shop(name: str, **more: object) -> Dataset:
    """Ann, who is in both shops, and an item that both call i0."""
    events = pl.DataFrame(
        {
            "user_id": ["ann", "ann", f"{name}-bob", f"{name}-bob"],
            "item_id": ["i0", f"{name}1", "i0", f"{name}1"],
            "value": [5.0, 1.0, 2.0, 4.0],
            "timestamp": [40, 30, 20, 10],
        }
    )
    items = pl.DataFrame(
        {"item_id": ["i0", f"{name}1"], "title": [f"first of {name}", f"second of {name}"]}
    )
    made = mr.from_frames(events, items, feedback="rating", scale=(1, 5), name=name, clock="unix")
    return replace(made, **more)  # type: ignore[arg-type]


def events_of(data: Dataset) -> list[tuple[str, str, float]]:
    """Whose each event is, on what, and its value, in the order of histories."""
    own = data.histories
    ids = data.user_ids[own.rows], data.catalogue.ids[own.items]
    return list(zip(ids[0].tolist(), ids[1].tolist(), own.values.tolist(), strict=True))


def test_people_and_items_keep_what_they_did_and_two_shops_never_meet():
    one, other = shop("a"), shop("b")
    both = mr.pool_shops([one, other])
    told = [
        (f"{own.name}/{user}", f"{own.name}/{item}", value)
        for own in (one, other)
        for user, item, value in events_of(own)
    ]
    assert sorted(events_of(both)) == sorted(told)
    for user in both.user_ids:
        own = [event for event in told if event[0] == user]
        assert [event for event in events_of(both) if event[0] == user] == own
    assert len(both.user_ids) == 4
    titles = dict(zip(both.catalogue.ids, both.catalogue.titles, strict=True))  # type: ignore[arg-type]
    assert titles["a/i0"] == "first of a"
    assert titles["b/i0"] == "first of b"
    assert (both.name, both.scale, both.clock) == ("a + b", (1.0, 5.0), "unix")


def test_one_shop_alone_is_itself_under_other_ids():
    one = shop("a")
    alone = mr.pool_shops([one])
    assert [event[2] for event in events_of(alone)] == [event[2] for event in events_of(one)]
    assert alone.catalogue.frame.equals(one.catalogue.frame)


def test_what_only_one_shop_tells_is_nothing_in_the_other():
    one, other = shop("a"), shop("b")
    frame = other.catalogue.frame.with_columns(pl.Series("price", [1.5, 2.5]))
    other = replace(
        other,
        catalogue=replace(other.catalogue, frame=frame, offered=np.array([True, False])),
        users=pl.DataFrame({"age": [30, 40]}),
        edges=pl.DataFrame({"user_id": ["ann"], "other_id": ["b-bob"]}),
        triples=pl.DataFrame({"head": ["i0"], "relation": ["by"], "tail": ["someone"]}),
        roles={"number": ("price",)},
        dropped={"no user": 2},
        notes=("read as it is",),
        licence="free",
    )
    both = mr.pool_shops([one, other])
    assert both.catalogue.frame["price"].to_list() == [None, None, 1.5, 2.5]
    assert both.catalogue.offered.tolist() == [True, True, True, False]
    assert both.users is not None
    assert both.users["age"].to_list() == [None, None, 30, 40]
    assert both.edges is not None
    assert both.edges.rows() == [("b/ann", "b/b-bob")]
    assert both.triples is not None
    assert both.triples.rows() == [("b/i0", "by", "b/someone")]
    assert both.roles == {"number": ("price",)}
    assert (both.dropped, both.notes, both.licence) == (
        {"no user": 2},
        ("b: read as it is",),
        "free",
    )


def test_a_shop_without_content_stands_beside_one_with():
    one, other = shop("a"), shop("b")
    bare = replace(one, catalogue=replace(one.catalogue, frame=pl.DataFrame()))
    both = mr.pool_shops([bare, other])
    assert both.catalogue.frame.columns == ["title"]
    assert both.catalogue.frame["title"].to_list() == [None, None, "first of b", "second of b"]


def test_without_a_clock_the_order_of_events_stays():
    """One shop has times that are no clock, the other none at all."""
    one = replace(shop("a"), clock=None)
    other = shop("b")
    other = replace(other, clock=None, interactions=other.interactions.drop("timestamp"))
    both = mr.pool_shops([one, other])
    own = [event[2] for event in events_of(both) if event[0] == "a/ann"]
    assert own == [value for user, _, value in events_of(one) if user == "ann"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"name": "a"}, "2 are called 'a'"),
        ({"name": ""}, "1 are called ''"),
        ({"name": "a/b"}, "of 'a' and 'a/b' could meet"),
        ({"clock": "order"}, "the same clock"),
        ({"clock": None}, "None at the least"),
        ({"declared_scale": (1, 10)}, "the same scale of ratings"),
        ({"repeats": "last"}, "the same rule of repeats"),
    ],
)
def test_shops_in_which_an_event_means_something_else_are_refused(change: dict, named: str):
    with pytest.raises(DataError, match=named):
        mr.pool_shops([shop("a"), replace(shop("b"), **change)])


def test_ratings_and_events_are_refused_with_the_remedy():
    with pytest.raises(DataError, match="as_events"):
        mr.pool_shops([shop("a"), shop("b").as_events()])


def test_kinds_that_are_targets_in_one_shop_alone_are_refused():
    kinds = pl.Series("event", ["buy", "view", "buy", "view"])
    one = shop("a").as_events()
    one = replace(one, interactions=one.interactions.with_columns(kinds), target_kinds=("buy",))
    with pytest.raises(DataError, match=r"target_kinds.*'buy'"):
        mr.pool_shops([one, shop("b").as_events()])


def test_a_column_that_holds_something_else_is_refused_by_name():
    other = shop("b")
    frame = other.catalogue.frame.with_columns(pl.Series("title", [1, 2]))
    other = replace(other, catalogue=replace(other.catalogue, frame=frame))
    with pytest.raises(DataError, match=r"items, column title: String in 'a' and Int64 in 'b'"):
        mr.pool_shops([shop("a"), other])
    one = replace(shop("a"), roles={"category": ("title",)})
    with pytest.raises(DataError, match="said to be category in 'a' and text in 'b'"):
        mr.pool_shops([one, replace(shop("b"), roles={"text": ("title",)})])


@pytest.mark.parametrize("given", [[], "a", None, [1]])
def test_what_is_no_list_of_shops_is_refused(given: object):
    with pytest.raises(DataError, match=r"list of shops|must be a Dataset"):
        mr.pool_shops(given)  # type: ignore[arg-type]


def test_a_shop_itself_is_no_list():
    with pytest.raises(DataError, match="list of shops"):
        mr.pool_shops(shop("a"))  # type: ignore[arg-type]


def test_a_saved_pool_is_the_same_shop(tmp_path):
    both = mr.pool_shops([shop("a"), shop("b")])
    save(both, tmp_path / "both")
    assert mr.load(tmp_path / "both").hash == both.hash


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "a"}, "name = ... in dataset.toml"),
        ({"clock": "order"}, "clock = ... in dataset.toml says what they share"),
        ({"declared_scale": (1, 10)}, r"scale = \[1, 5\] in dataset.toml"),
    ],
)
def test_the_command_line_says_what_to_write_where(change: dict, said: str):
    with shell_words(), pytest.raises(DataError, match=said):
        mr.pool_shops([shop("a"), replace(shop("b"), **change)])
    with shell_words(), pytest.raises(DataError, match='feedback = "implicit" in'):
        mr.pool_shops([shop("a"), shop("b").as_events()])


def test_an_id_without_its_shop_is_known_by_its_end():
    both = mr.pool_shops([shop("a"), shop("b")])
    assert both.catalogue.vocabulary.another_form("b1") == "b/b1"
    assert both.catalogue.vocabulary.another_form("i0") == "a/i0"
    assert both.catalogue.vocabulary.another_form("none") is None


def test_a_shop_in_which_nobody_has_been_yet_adds_its_items():
    events = pl.DataFrame({"user": [], "item": [], "value": [], "timestamp": []}).cast(
        {"user": pl.Int64, "item": pl.Int64, "value": pl.Float32, "timestamp": pl.Int64}
    )
    empty = replace(shop("b"), user_ids=shop("b").user_ids[:0], interactions=events)
    one = replace(shop("a"), users=pl.DataFrame({"age": [30, 40]}))
    both = mr.pool_shops([one, empty])
    assert both.users is not None
    assert both.users["age"].to_list() == [30, 40]
    assert both.catalogue.ids.tolist() == ["a/i0", "a/a1", "b/i0", "b/b1"]
