"""Shops into a store and back, and all of a store in one file."""

import gzip
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

import metarec as mr
from metarec.contracts import DataError, Dataset, Event
from metarec.serving.store import Store, Told
from metarec.serving.store.backups import backup, restore
from metarec.serving.store.shops import dataset_of, import_shop

from .services import New

ITEMS = pl.DataFrame({"item_id": ["a", "b", "c"], "title": ["Alpha", "Beta", "Gamma"]})


def shop(**more: object) -> Dataset:
    events = {
        "user_id": ["ann", "ben", "ann", "ann"],
        "item_id": ["a", "b", "c", "a"],
        "event": ["view", "buy", "buy", "view"],
        "timestamp": [1.7e9, 1.7e9 + 5, 1.7e9 + 9, 1.7e9],
        "place": ["home", "work", None, "home"],
    }
    users = pl.DataFrame({"user_id": ["ann", "ben"], "age": [30, 40]})
    frame = pl.DataFrame(events | more)
    return mr.from_frames(frame, ITEMS, users, target_kinds=["buy"], clock="unix")


def test_a_shop_comes_out_of_a_store_as_it_went_in(store: Store) -> None:
    given = shop()
    assert import_shop(store, given) == 4
    back = dataset_of(store, given.catalogue)
    for user in ("ann", "ben"):
        assert back.history(user) == given.history(user)
    assert (back.target_kinds, back.clock, back.feedback) == (("buy",), "unix", "implicit")
    assert back.users is not None
    assert back.users["age"].to_list() == [30, 40]
    assert back.catalogue.hash == given.catalogue.hash


def test_a_shop_that_is_imported_twice_is_there_once_and_more_of_it_is_added(store: Store) -> None:
    assert import_shop(store, shop()) == 4
    assert import_shop(store, shop()) == 0
    more = shop(event=["view", "buy", "buy", "buy"])
    assert import_shop(store, more) == 1
    assert len(store.history("ann")) == 4


def test_who_was_forgotten_is_not_imported_again(store: Store) -> None:
    import_shop(store, shop())
    store.forget("ann")
    assert import_shop(store, shop()) == 0
    assert store.history("ann") == []


def test_a_shop_without_a_clock_keeps_its_order(store: Store) -> None:
    events = pl.DataFrame({"user_id": ["u"] * 3, "item_id": ["c", "a", "b"]})
    given = mr.from_frames(events, ITEMS)
    import_shop(store, given)
    store.tell([Told("u", Event("a"), "later")])
    back = dataset_of(store, given.catalogue)
    assert back.clock is None
    assert [event.item for event in back.history("u")] == ["c", "a", "b", "a"]


def test_ratings_keep_their_values_and_their_scale(store: Store) -> None:
    events = pl.DataFrame({"user_id": ["u", "v"], "item_id": ["a", "b"], "value": [4.5, 2.0]})
    given = mr.from_frames(events, ITEMS, feedback="rating", scale=[0.5, 5])
    import_shop(store, given)
    back = dataset_of(store, given.catalogue)
    assert back.scale == (0.5, 5.0)
    assert [back.history(user)[0].value for user in "uv"] == [4.5, 2.0]


def test_items_that_only_events_name_are_kept_and_not_on_offer(store: Store) -> None:
    given = shop()
    import_shop(store, given)
    store.tell([Told("ann", Event("new"), "k")])
    back = dataset_of(store, given.catalogue)
    assert back.catalogue.offered.tolist() == [True, True, True, False]
    assert "1 item of events that the model does not know" in back.notes[0]
    assert dataset_of(store).catalogue.offered.all()


def test_sessions_are_their_users(store: Store) -> None:
    store.tell([Told("guest", Event("a"), "1"), Told("ann", Event("b"), "2")])
    store.merge("guest", "ann")
    assert list(dataset_of(store).user_ids) == ["ann"]


def test_an_empty_store_is_no_shop(store: Store) -> None:
    with pytest.raises(DataError, match="holds no event yet"):
        dataset_of(store)


def test_a_context_of_several_kinds_is_named(store: Store) -> None:
    for n, value in enumerate(["x", 1]):
        store.tell([Told("ann", Event("a", context={"slot": value}), str(n))])
    with pytest.raises(DataError, match="context 'slot'"):
        dataset_of(store)


def test_a_backup_is_restored_whole(new_place: New, tmp_path: Path) -> None:
    file = tmp_path / "store.backup"
    with Store(new_place()) as store:
        import_shop(store, shop())
        store.merge("guest", "ann")
        store.forget("ben")
        rows = backup(store, file)
        expected = [store.history("ann"), store.profile("ann"), store.secret]
    place = new_place()
    assert restore(file, place) == rows
    with Store(place) as back:
        assert [back.history("ann"), back.profile("ann"), back.secret] == expected
        assert import_shop(back, shop()) == 0  # what was erased is known there too
        back.tell([Told("ann", Event("a"), "new")])
        assert back.history("ann")[-1].number > back.history("ann")[-2].number


def test_a_restore_takes_nothing_that_is_there(store: Store, tmp_path: Path) -> None:
    store.tell([Told("ann", Event("a"), "k")])
    backup(store, tmp_path / "b")
    place = store.database.url.render_as_string(hide_password=False)
    with pytest.raises(DataError, match="holds events already"):
        restore(tmp_path / "b", place)
    assert len(store.history("ann")) == 1


def test_a_backup_that_was_cut_or_is_none_is_refused(tmp_path: Path) -> None:
    with Store(str(tmp_path / "one.db")) as store:
        store.tell([Told("ann", Event("a"), "k")])
        backup(store, tmp_path / "b")
    lines = gzip.decompress((tmp_path / "b").read_bytes()).splitlines(keepends=True)
    (tmp_path / "cut").write_bytes(gzip.compress(b"".join(lines[:-1])))
    (tmp_path / "half").write_bytes((tmp_path / "b").read_bytes()[:-12])
    (tmp_path / "none").write_bytes(gzip.compress(b"{}\n"))
    (tmp_path / "text").write_text("hello")
    for name, said in {"cut": "was cut", "half": "was cut", "none": "no backup"}.items():
        with pytest.raises(DataError, match=said):
            restore(tmp_path / name, str(tmp_path / "two.db"))
    with pytest.raises(DataError, match="no backup"):
        restore(tmp_path / "text", str(tmp_path / "two.db"))
    with Store(str(tmp_path / "two.db")) as store:
        assert store.history("ann") == []


def test_a_column_that_a_shop_says_and_its_items_lack_is_left_out(store: Store) -> None:
    given = replace(shop(), roles={"ignore": ("title",)})
    import_shop(store, given)
    assert dataset_of(store, given.catalogue).roles == {"ignore": ("title",)}
    assert dataset_of(store).roles == {}
