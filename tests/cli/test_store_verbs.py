"""Looking after the store of a service from the command line."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from metarec.data import load
from metarec.serving.store import Store
from metarec.serving.store.keys import key_of


@pytest.fixture
def store(shop: Path, run: Run) -> str:
    with Store("shop.db"):
        pass
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


def test_everybody_is_rebuilt_with_a_model(model: Path, store: str, run: Run) -> None:
    assert "rebuilt: sound" in run("store", "verify", store, "--model", model).out


def test_what_is_wrong_with_a_store_is_an_exit_code(store: str, run: Run) -> None:
    base = sqlite3.connect(store)
    base.execute("UPDATE events SET item_id = '' WHERE id = 1")
    base.commit()
    base.close()
    found = run("store", "verify", store)
    assert found.code == 1
    assert "event 1: an event's item" in found.err


def test_a_store_that_is_not_there_is_not_made(run: Run) -> None:
    for verb in (["verify", "none.db"], ["backup", "none.db", "b"], ["export", "none.db", "d"]):
        assert "there is no store none.db" in run("store", *verb).err
    assert not Path("none.db").exists()


def test_a_key_is_shown_once_listed_and_revoked(run: Run) -> None:
    made = run("keys", "add", "shop.db", "--name", "website", "--scopes", "read")
    secret = made.out.strip()
    listed = run("keys", "list", "shop.db").out
    assert "website  read  made " in listed
    assert secret not in listed
    with Store("shop.db") as store:
        key = key_of(store.database, secret)
        assert key is not None
    assert run("keys", "revoke", "shop.db", key.id).out == f"revoked {key.id}\n"
    assert "revoked" in run("keys", "list", "shop.db").out
    assert run("keys", "add", "shop.db", "--name", "x", "--scopes", "all").code == 1
