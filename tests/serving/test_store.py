"""The store: an event once, a person whole, and nothing left of who is forgotten."""

import math
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from metarec.contracts import DataError, Event
from metarec.serving.keyring import Keyring
from metarec.serving.store import KeyConflict, Store, StoreError, Told
from metarec.serving.store.changes import (
    activate,
    activation_of,
    append_changes,
    changes_between,
)
from metarec.serving.store.database import Database
from metarec.serving.store.impressions import Feedback, answered, recorded
from metarec.serving.store.keys import add_key, list_keys, revoke_key
from metarec.serving.store.migrating import config_of
from metarec.serving.store.tables import API_KEYS, IMPRESSIONS, METADATA
from metarec.serving.store.verifying import verify

from .services import New

NO_WAIT = "PRAGMA busy_timeout = 0"


def told(user: str, item: str, key: str, value: float | None = None) -> Told:
    return Told(user, Event(item, value), key)


def items(store: Store, user: str) -> list[str]:
    return [kept.event.item for kept in store.history(user)]


def test_an_event_comes_back_as_it_was_told(store: Store) -> None:
    whole = Event("a", 2.5, "buy", 17.0, {"place": "home", "n": [1]}, "fine, 'really' é")
    store.tell([Told("ann", whole, "k1"), Told("ann", Event("b"), "k2")])
    first, second = store.history("ann")
    assert first.event == whole
    assert (second.event.item, second.event.value) == ("b", None)
    assert second.event.t == second.received  # without a clock it happened when it came


def test_the_same_key_twice_is_one_event(store: Store) -> None:
    assert store.tell([told("ann", "a", "k"), told("ann", "a", "k")]) == ["stored", "duplicate"]
    assert store.tell([told("ann", "a", "k"), told("ann", "b", "l")]) == ["duplicate", "stored"]
    assert items(store, "ann") == ["a", "b"]


@pytest.mark.parametrize(
    "other",
    [
        Told("ann", Event("b", 1.0), "k"),
        Told("ben", Event("a", 1.0), "k"),
        Told("ann", Event("a", 2.0), "k"),
        Told("ann", Event("a", 1.0, "buy"), "k"),
        Told("ann", Event("a", 1.0, t=1.0), "k"),
        Told("ann", Event("a", 1.0, context={"x": 1}), "k"),
        Told("ann", Event("a", 1.0, text="x"), "k"),
    ],
)
def test_the_same_key_with_another_body_is_refused_and_nothing_is_written(
    store: Store, other: Told
) -> None:
    same = Told("ann", Event("a", 1.0), "k")
    with pytest.raises(KeyConflict, match="'k' stands for an event with another"):
        store.tell([same, other])
    store.tell([same])
    with pytest.raises(KeyConflict):
        store.tell([told("ann", "new", "n"), other])
    assert items(store, "ann") == ["a"]


def test_many_writers_lose_and_double_nothing(store: Store) -> None:
    def write(first: int) -> None:
        for n in range(first, first + 30):  # every key is sent by two writers
            store.tell([told(f"u{n % 3}", str(n), str(n))])

    threads = [threading.Thread(target=write, args=(15 * n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [item for user in ("u0", "u1", "u2") for item in items(store, user)]
    assert sorted(kept, key=int) == [str(n) for n in range(105)]


def test_one_callers_error_is_not_anothers(store: Store) -> None:
    store.tell([told("ann", "a", "k")])
    found: list[object] = []

    def write(event: Told) -> None:
        try:
            found.append(store.tell([event]))
        except KeyConflict:
            found.append("refused")

    gate = store.database.writing()
    gate.__enter__()  # so that the writers wait, and go into one commit
    threads = [threading.Thread(target=write, args=(told("ann", item, "k"),)) for item in "ab"]
    for thread in threads:
        thread.start()
    gate.__exit__(None, None, None)
    for thread in threads:
        thread.join()
    assert sorted(map(str, found)) == ["['duplicate']", "refused"]


def test_a_commit_that_fails_acknowledges_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = store.database.writing

    @contextmanager
    def full() -> Iterator[sa.Connection]:
        with writing() as connection:
            yield connection
            raise StoreError("the disk is full")

    monkeypatch.setattr(store.database, "writing", full)
    with pytest.raises(StoreError, match="full"):
        store.tell([told("ann", "a", "k")])
    monkeypatch.undo()
    assert store.tell([told("ann", "a", "k")]) == ["stored"]


def test_what_is_read_at_one_moment_lets_writers_go_on(store: Store) -> None:
    store.tell([told("ann", "a", "1")])
    count = "SELECT count(*) FROM events"
    with store.database.snapshot() as connection:
        assert connection.exec_driver_sql(count).scalar() == 1
        store.tell([told("ann", "b", "2")])
        assert connection.exec_driver_sql(count).scalar() == 1
    assert items(store, "ann") == ["a", "b"]


def test_two_stores_of_one_place_see_one_truth(new_place: New) -> None:
    place = new_place()
    with Store(place) as one, Store(place) as two:
        one.tell([told("ann", "a", "k")])
        assert items(two, "ann") == ["a"]
        assert two.tell([told("ann", "a", "k")]) == ["duplicate"]
        assert one.secret == two.secret


def test_what_was_acknowledged_is_there_after_the_store_is_opened_again(new_place: New) -> None:
    place = new_place()
    with Store(place) as store:
        store.tell([told("ann", "a", "k")])
    with Store(place) as store:
        assert items(store, "ann") == ["a"]


def test_a_moment_tells_whatever_changes_a_person(store: Store) -> None:
    moments = [store.moment("ann")]
    for change in (
        lambda: store.tell([told("ann", "a", "1")]),
        lambda: store.tell([told("guest", "b", "2")]) and store.merge("guest", "ann"),
        lambda: store.put_profiles({"ann": {"age": 3}}),
        lambda: store.put_profiles({"ann": {"age": 4}}),
        lambda: store.forget("ann"),
    ):
        change()
        moments.append(store.moment("ann"))
        assert moments[-1] != moments[-2]
    store.tell([told("ben", "a", "3")])
    assert store.moment("ann") == moments[-1]


def test_a_merged_session_is_the_users_before_and_after(store: Store) -> None:
    store.tell([told("ben", "x", "0"), told("guest", "a", "1"), told("ann", "b", "2")])
    assert store.merge("guest", "ann") == ("ann", True)
    assert store.merge("guest", "ann") == ("ann", False)
    store.tell([told("guest", "c", "3")])
    assert items(store, "ann") == items(store, "guest") == ["a", "b", "c"]
    assert (store.moment("ann").events, store.moment("ann").newest) == (3, 4)
    assert items(store, "ben") == ["x"]


def test_a_session_belongs_to_one_user(store: Store) -> None:
    store.merge("guest", "ann")
    with pytest.raises(DataError, match="into another user before"):
        store.merge("guest", "ben")
    with pytest.raises(DataError, match="into itself"):
        store.merge("ann", "ann")
    with pytest.raises(DataError, match="so it is a user"):
        store.merge("ann", "ben")
    assert store.merge("tablet", "guest") == ("ann", True)  # a session names its user


def forget_somebody(store: Store) -> None:
    for n in range(0, 200, 50):
        for user in ("Zaphod-42", "ben"):
            store.tell([told(user, f"item{m}", f"{user}/{m}") for m in range(n, n + 50)])
    store.tell([told("guest-of-Zaphod-42", "x", "Zaphod-42/session")])
    store.merge("guest-of-Zaphod-42", "Zaphod-42")
    store.show("Zaphod-42", ["a", "b"], "model")
    store.put_profiles({"Zaphod-42": {"heads": 2}})
    receipt = store.forget("Zaphod-42")
    assert (receipt.events, receipt.impressions) == (201, 1)


def test_who_is_forgotten_is_gone_and_nobody_else(store: Store) -> None:
    forget_somebody(store)
    assert store.history("Zaphod-42") == store.history("guest-of-Zaphod-42") == []
    assert store.profile("Zaphod-42") is None
    assert len(store.history("ben")) == 200


def test_an_old_message_does_not_bring_back_who_was_forgotten(store: Store) -> None:
    forget_somebody(store)
    again = [told("Zaphod-42", "item7", "Zaphod-42/7"), told("Zaphod-42", "new", "n")]
    assert store.tell(again) == ["forgotten", "stored"]
    assert items(store, "Zaphod-42") == ["new"]


def test_nothing_of_who_is_forgotten_is_left_in_the_files(tmp_path: Path) -> None:
    with Store(str(tmp_path / "shop.db")) as store:
        forget_somebody(store)
        assert not [f.name for f in tmp_path.iterdir() if b"Zaphod-42" in f.read_bytes()]
        with store.database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA freelist_count").scalar() == 0


def test_an_id_that_is_only_deleted_would_be_found_in_the_files(tmp_path: Path) -> None:
    with Store(str(tmp_path / "shop.db")) as store:
        store.tell([told("Zaphod-42", "a", "k")])
        with store.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM events")
        assert [f.name for f in tmp_path.iterdir() if b"Zaphod-42" in f.read_bytes()]


def test_a_reader_that_stays_in_the_log_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metarec.serving.store.forgetting.PATIENCE_S", 0.0)
    monkeypatch.setattr(
        "metarec.serving.store.database.DURABLE",
        {"sqlite": ("PRAGMA journal_mode = WAL", "PRAGMA secure_delete = ON", NO_WAIT)},
    )
    with Store(str(tmp_path / "shop.db")) as store:
        store.tell([told("ann", "a", "k")])
        reader = sqlite3.connect(tmp_path / "shop.db")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM events").fetchone()
        with pytest.raises(StoreError, match="a reader keeps the log"):
            store.forget("ann")
        reader.close()
        store.finish_forgetting()
        assert not [f.name for f in tmp_path.iterdir() if b"ann" in f.read_bytes()]


def test_a_forget_that_was_killed_is_finished_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: object) -> None:
        raise KeyboardInterrupt

    place = str(tmp_path / "shop.db")
    with Store(place) as store, Store(place) as other:
        store.tell([told("Zaphod-42", "a", "k")])
        with monkeypatch.context() as patch:
            patch.setattr("metarec.serving.store.forgetting._scrub", killed)
            with pytest.raises(KeyboardInterrupt):
                store.forget("Zaphod-42")
        assert [f.name for f in tmp_path.iterdir() if b"Zaphod-42" in f.read_bytes()]
        other.finish_forgetting()
        assert not [f.name for f in tmp_path.iterdir() if b"Zaphod-42" in f.read_bytes()]
        monkeypatch.setattr("metarec.serving.store.forgetting._scrub", killed)
        other.finish_forgetting()  # nothing is left to do


def test_commits_wait_for_the_disk_and_what_is_deleted_is_overwritten(tmp_path: Path) -> None:
    with Store(str(tmp_path / "shop.db")) as store, store.database.writing() as connection:
        said = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    assert said == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def test_migrations_lead_to_the_tables_of_this_version(store: Store) -> None:
    with store.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_lists_that_an_older_version_kept_stay(new_place: New) -> None:
    place = new_place()
    database = Database(place)
    with database.writing() as connection:
        command.upgrade(config_of(connection), "0001")
        connection.exec_driver_sql(
            "INSERT INTO impressions (user_id, items, model, received) "
            "VALUES ('ann', '[\"a\"]', 'm', 1.0)"
        )
    database.close()
    with Store(place) as store:
        with store.database.reading() as connection:
            rows = connection.exec_driver_sql("SELECT user_id, token, policy FROM impressions")
            assert rows.all() == [("ann", None, None)]
        assert store.answered_by("ann", 0.0, math.inf, 10) == []
        token = store.show("ann", ["b"], "m")
        store.tell_feedback([Feedback(token, "shown", 1)])
        (found,) = store.answered_by("ann", 0.0, math.inf, 10)
        assert (found.items, found.chances, found.seen) == (["b"], None, 1)
        later = [store.show("ann", [item], "m") for item in "cde"]
        store.tell_feedback([Feedback(one, "click", 1) for one in later[:2]])
        newest = store.answered_by("ann", 0.0, math.inf, 2)
        assert [one.items for one in newest] == [["c"], ["d"]]
        with store.database.reading() as connection:
            assert answered(connection, 0.0, 2) == newest
            assert len(answered(connection, 0.0, 9)) == 3
            assert answered(connection, time.time(), 9) == []
            assert recorded(connection, 0.0) == 4
        assert store.forget("ann").impressions == 5
        assert store.answered_by("ann", 0.0, math.inf, 10) == []


def test_a_store_of_a_newer_version_is_refused(new_place: New) -> None:
    place = new_place()
    with Store(place) as store, store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        DataError, match=r"layout 9999, this version knows 0001, 0002, 0003; install"
    ):
        Store(place)


def test_a_database_of_somebody_else_is_left_alone(new_place: New) -> None:
    place = new_place()
    database = Database(place)
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE events (id INTEGER)")
    with pytest.raises(DataError, match="is no store of a service: it holds events; name another"):
        Store(place)
    with database.reading() as connection:
        assert sa.inspect(connection).get_table_names() == ["events"]
    database.close()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("", "named by text"),
        ("mysql://ann:s3cret@h/shop", "lies in SQLite or PostgreSQL, not in mysql"),
        ("nosuch://ann:s3cret@h/shop", "by a path or a URL"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
    ],
)
def test_a_place_that_is_none_is_refused_without_its_password(place: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as raised:
        Store(place)
    assert "s3cret" not in str(raised.value)


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg", reason="needs metarec[sql]")
    with pytest.raises(StoreError, match=r"//ann:\*\*\*@127.0.0.1:1/shop says: ") as raised:
        Store("postgresql://ann:s3cret@127.0.0.1:1/shop")
    assert "s3cret" not in str(raised.value)


def test_a_change_of_items_is_written_only_behind_the_one_it_was_made_of(store: Store) -> None:
    with store.database.writing() as connection:
        assert append_changes(connection, [("add", [{"item_id": "a"}])], after=0) == 1
        assert append_changes(connection, [("retire", [{"item_id": "b"}])], after=0) is None
        assert append_changes(connection, [("retire", [{"item_id": "a"}])], after=1) == 2
    with store.database.reading() as connection:
        (change,) = changes_between(connection, 1, 2)
        assert (change.verb, change.rows) == ("retire", [{"item_id": "a"}])


def test_the_newest_model_is_the_one_that_answers(store: Store) -> None:
    with store.database.writing() as connection:
        assert activation_of(connection) is None
        first = activate(connection, "old", "1", 0)
        activate(connection, "new", "2", 4)
    with store.database.reading() as connection:
        assert [
            a.folder for a in (activation_of(connection), activation_of(connection, first))
        ] == [
            "new",
            "old",
        ]


def test_lists_of_many_people_are_those_of_each_alone(store: Store) -> None:
    for user, items in (("ann", "ab"), ("visit", "c"), ("ben", "d"), ("ann", "e"), ("cem", "f")):
        token = store.show(user, list(items), "m")
        if user != "cem":
            store.tell_feedback([Feedback(token, "shown", 1)])
    store.merge("visit", "ann")
    users = ["ann", "visit", "ben", "cem", "nobody"]
    for most in (2, 10):
        each = store.answered_by_each(users, 0.0, math.inf, most)
        assert sorted(each) == ["ann", "ben", "visit"]
        for user in users:
            assert each.get(user, []) == store.answered_by(user, 0.0, math.inf, most)
    assert [one.items for one in each["ann"]] == [["a", "b"], ["c"], ["e"]]
    now = time.time() + 1
    store.tell_feedback([Feedback(token_of(store, "cem"), "shown", 1)])
    assert len(store.answered_by("cem", 0.0, now, 10)) == 1
    assert store.answered_by("cem", 0.0, now - 3600, 10) == []
    assert store.answered_by_each(["cem"], 0.0, now - 3600, 10) == {}


def test_a_list_under_a_name_of_before_is_kept_once(store: Store) -> None:
    for _ in range(2):
        assert store.show("ann", ["a"], "m", token="t") == "t"
    with store.database.reading() as connection:
        assert recorded(connection, 0.0) == 1


def token_of(store: Store, user: str) -> str:
    with store.database.reading() as connection:
        asked = sa.select(IMPRESSIONS.c.token).where(IMPRESSIONS.c.user_id == user)
        return str(connection.execute(asked).scalar_one())


def test_a_key_opens_until_it_is_revoked_and_only_its_hash_is_kept(store: Store) -> None:
    key, secret = add_key(store.database, "shop", ["read", "write"])
    found = Keyring(store, asked=True).of(secret)
    assert found == key
    assert found is not None
    assert found.scopes == {"read", "write"}
    assert Keyring(store, asked=True).of(secret + "x") is None
    with store.database.reading() as connection:
        rows = connection.execute(sa.select(API_KEYS)).all()
    assert secret not in str(rows)
    revoke_key(store.database, key.id)
    assert Keyring(store, asked=True).of(secret) is None
    assert [k.revoked is None for k in list_keys(store.database)] == [False]
    with pytest.raises(DataError, match="no key"):
        revoke_key(store.database, key.id)
    with pytest.raises(DataError, match="scopes read, write, admin, browser"):
        add_key(store.database, "shop", ["all"])


def test_a_sound_store_is_verified_and_everybody_is_rebuilt(store: Store) -> None:
    forget_somebody(store)
    store.tell([told("visit", "b", "v")])
    store.merge("visit", "ben")
    seen: list[int] = []

    def rebuild(events: list[Event]) -> int:
        seen.append(len(events))
        return 2

    found = verify(store, rebuild)
    assert (found.people, found.events, found.rebuilt, found.problems) == (1, 201, 1, ())
    assert seen == [201]
    rebuilt = "1 rebuilt without 2 events on items that the model lacks"
    assert str(found) == f"201 events of 1 person, {rebuilt}: sound"


def test_what_is_wrong_with_a_store_is_told(store: Store) -> None:
    store.tell([told("ann", "a", "k"), told("ben", "b", "l")])
    store.forget("ann")
    with store.database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO events (user_id, item_id, key, received) VALUES ('ann', '', 'k', 1)"
        )

    def rebuild(events: list[Event]) -> int:
        raise DataError("no such item")

    found = verify(store, rebuild)
    assert "1 erased event came back" in found.problems[0]
    assert "item must be a non-empty string" in " ".join(found.problems)
    assert "cannot be rebuilt: no such item" in " ".join(found.problems)
