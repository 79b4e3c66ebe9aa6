"""Looking after the store of a service from the command line."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from metarec.contracts import Event
from metarec.data import load
from metarec.serving.following import Following
from metarec.serving.keyring import Keyring
from metarec.serving.store import Store, Told
from metarec.serving.swapping import put_in_service


@pytest.fixture
def store(shop: Path, run: Run) -> str:
    assert run("store", "import", shop, "shop.db").code == 0
    return "shop.db"


def test_a_shop_goes_in_once_and_comes_out_the_same(
    shop: Path, model: Path, store: str, run: Run
) -> None:
    assert run("store", "import", shop, store).out == "0 new events in the store\n"
    assert run("store", "export", store, "back", "--model", model).code == 0
    given, back = load(shop), load("back")
    users = set(map(str, back.user_ids))
    assert users == {str(u) for u in given.user_ids if given.history(str(u))}
    user = min(users)
    assert [e.item for e in back.history(user)] == [e.item for e in given.history(user)]


def test_a_store_is_backed_up_and_restored(store: str, run: Run) -> None:
    assert "keep it safe" in run("store", "backup", store, "monday.backup").out
    assert run("store", "restore", "monday.backup", "again.db").code == 0
    said = [run("store", "verify", place).out for place in (store, "again.db")]
    assert said[0] == said[1]
    assert said[0].endswith(": sound\n")
    assert run("store", "restore", "monday.backup", store).code == 1


def test_a_backup_that_is_there_is_replaced_only_by_force(store: str, run: Run) -> None:
    Path("monday.backup").write_text("precious")
    refused = run("store", "backup", store, "monday.backup")
    assert (refused.code, Path("monday.backup").read_text()) == (1, "precious")
    assert "--force replaces it" in refused.err
    assert run("store", "backup", store, "monday.backup", "--force").code == 0
    assert run("store", "restore", "monday.backup", "again.db").code == 0


@pytest.mark.parametrize("fault", ["none", "cut", "gone"])
def test_a_restore_that_fails_leaves_nothing(store: str, run: Run, fault: str) -> None:
    run("store", "backup", store, "b")
    whole = Path("b").read_bytes()
    {
        "none": lambda: Path("b").write_text("not a backup"),
        "cut": lambda: Path("b").write_bytes(whole[: len(whole) // 2]),
        "gone": lambda: Path("b").unlink(),
    }[fault]()
    before = sorted(Path().rglob("*"))
    assert run("store", "restore", "b", "new/again.db").code == 1
    assert sorted(Path().rglob("*")) == before


def test_everybody_is_rebuilt_with_a_model(model: Path, store: str, run: Run) -> None:
    assert "rebuilt: sound" in run("store", "verify", store, "--model", model).out


def test_items_that_the_service_was_told_of_are_verified_and_exported(
    model: Path, store: str, run: Run
) -> None:
    told = Told("ann", Event("new-1", 4.0), "k"), Told("ann", Event("never", 4.0), "l")
    with Store(store) as opened:
        put_in_service(opened, model)
        Following(opened).change_items("add", [{"item_id": "new-1", "title": "Green tea"}])
        opened.tell(told)
    found = run("store", "verify", store, "--model", model)
    assert "rebuilt without 1 event on items that the model lacks: sound" in found.out
    assert "warning" not in found.err
    assert run("store", "export", store, "back", "--model", model).code == 0
    items = load("back").catalogue
    assert items.offered[items.index(["new-1", "never"])].tolist() == [True, False]


def test_what_is_wrong_with_a_store_is_an_exit_code(store: str, run: Run) -> None:
    base = sqlite3.connect(store)
    base.execute("UPDATE events SET item_id = '' WHERE id = 1")
    base.commit()
    base.close()
    found = run("store", "verify", store)
    assert found.code == 1
    assert "event 1: an event's item" in found.err


@pytest.mark.parametrize("place", ["none.db", "sqlite:///no/none.db", "empty.db", "other.db"])
def test_a_store_that_is_not_there_is_not_made(run: Run, place: str) -> None:
    Path("empty.db").touch()
    with closing(sqlite3.connect("other.db")) as other:
        other.execute("CREATE TABLE notes (id INTEGER)")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    for verb in (
        ["store", "verify", place],
        ["store", "backup", place, "b"],
        ["store", "export", place, "d"],
        ["keys", "add", place, "--name", "website"],
        ["keys", "list", place],
        ["keys", "revoke", place, "k"],
        ["data", "inspect", f"sqlite:///{place}" if "://" not in place else place],
    ):
        found = run(*verb)
        assert found.code == 1
        assert f"there is no store sqlite:///{place.removeprefix('sqlite:///')}" in found.err, verb
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_an_import_makes_the_store_that_it_fills_and_no_other(shop: Path, run: Run) -> None:
    assert run("store", "import", "nowhere", "new.db").code == 1
    assert not Path("new.db").exists()
    assert "new events in the store" in run("store", "import", shop, "new.db").out


def test_a_key_is_shown_once_listed_and_revoked(store: str, run: Run) -> None:
    made = run("keys", "add", "shop.db", "--name", "website", "--scopes", "read")
    secret = made.out.strip()
    listed = run("keys", "list", "shop.db").out
    assert "website  read  made " in listed
    assert secret not in listed
    with Store("shop.db") as store:
        key = Keyring(store, asked=True).of(secret)
        assert key is not None
    assert run("keys", "revoke", "shop.db", key.id).out == f"revoked {key.id}\n"
    assert "revoked" in run("keys", "list", "shop.db").out
    own = ["--scopes", "browser", "--origins", "https://shop.example", "--per-minute", 600]
    assert run("keys", "add", "shop.db", "--name", "page", *own).code == 0
    told = run("keys", "list", "shop.db").out.splitlines()[-1]
    assert "page  browser  made " in told
    assert told.endswith(", https://shop.example, 600 a minute")
    assert run("keys", "add", "shop.db", "--name", "x", "--scopes", "all").code == 1
