"""A nightly snapshot of the items over HTTP: looked at first, then all of it or nothing."""

import json
from typing import Any

import polars as pl
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

import metarec as mr
from metarec.contracts import Dataset
from metarec.serving.api import limits
from metarec.serving.store import Store
from metarec.serving.store.changes import append_changes, changes_between

from .services import Serve
from .test_api import NDJSON, answered, ids, listed, told

ITEMS = "/v1/items"


@pytest.fixture
def snapshot(shop: Dataset) -> list[dict[str, Any]]:
    """The shop's items: one retired, one with another price, one new, all with a new column."""
    rows = [dict(row) for row in shop.catalogue.table.to_dicts()]
    rows[1]["price"] = 123.5
    for number, row in enumerate(rows):
        row["stock"] = number
    gone = rows.pop(5)
    return [*rows, {**gone, "item_id": "new-1", "title": "Green tea"}]


def versions(client: TestClient) -> str:
    return str(answered(client.get("/v1/model"))["version"])


def test_a_snapshot_is_looked_at_first_and_changes_nothing(
    client: TestClient, shop: Dataset, snapshot: list[dict[str, Any]]
) -> None:
    before, lists = versions(client), listed(client, "ann", k=40)
    found = answered(client.put(ITEMS, params={"dry_run": True}, json={"items": snapshot}))
    assert found["on_offer"] == 40
    assert found["dry_run"] is True
    assert found["added"] == {"count": 1, "item_ids": ["new-1"]}
    assert found["retired"] == {"count": 1, "item_ids": ids(shop, 5)}
    assert (found["changed"]["count"], found["restored"]["count"]) == (39, 0)
    assert found["columns"] == {"price": 1, "stock": 39}
    assert found["new_columns"] == ["stock"]
    assert (versions(client), listed(client, "ann", k=40)) == (before, lists)


def test_a_dry_run_tells_how_many_will_be_on_offer(
    client: TestClient, shop: Dataset, snapshot: list[dict[str, Any]]
) -> None:
    answered(client.post(f"{ITEMS}/retire", json={"item_ids": ids(shop, 3)}))  # comes back
    snapshot[0]["available_until"] = 1.0  # is over
    snapshot[-1]["available_from"] = 4e9  # is to come
    snapshot.pop(7)
    looked, done = (
        answered(client.put(ITEMS, params={"dry_run": dry}, json={"items": snapshot}))
        for dry in (True, False)
    )
    assert looked["on_offer"] == done["on_offer"] == 37
    assert answered(client.get("/v1/model"))["on_offer"] == 37


def test_a_snapshot_leaves_the_items_as_the_model_does_in_process(
    serve: Serve, model: Any, shop: Dataset, snapshot: list[dict[str, Any]]
) -> None:
    client, other = serve(model), serve()
    told(client, "ann", *ids(shop, 1, 2))
    found = answered(client.put(ITEMS, json={"items": snapshot}))
    assert found["dry_run"] is False
    assert found["model"] == versions(client) == versions(other)  # which need not be told again
    assert found["on_offer"] == 40
    where = "stock > 3 or stock is None"
    with pytest.warns(UserWarning, match="'stock'] are not used"):
        synced = mr.load_model(model).sync_items(pl.DataFrame(snapshot))
    with pytest.warns(UserWarning, match="'stock'] are not used"):
        last = serve()  # which begins with the store as it is
    expected = synced.adapt(ids(shop, 1, 2)).recommend(41, where=where).ids.tolist()
    for one in (client, other, last):
        assert listed(one, "ann", k=41, where=where) == expected
    content = answered(other.get(f"{ITEMS}/{ids(shop, 1)[0]}"))["content"]
    assert (content["price"], content["stock"]) == (123.5, 1)
    again = answered(client.put(ITEMS, json={"items": snapshot}))
    assert {again[sort]["count"] for sort in ("added", "changed", "retired", "restored")} == {0}
    assert (again["unchanged"], again["model"]) == (40, found["model"])


def test_what_was_retired_is_restored_and_lines_say_the_same_as_json(
    serve: Serve, model: Any, shop: Dataset, snapshot: list[dict[str, Any]]
) -> None:
    client = serve(model)
    (gone,) = ids(shop, 3)
    answered(client.post(f"{ITEMS}/retire", json={"item_ids": [gone]}))
    lines = "\n".join(json.dumps(row) for row in snapshot)
    looked = [
        answered(client.put(ITEMS, params={"dry_run": True}, **sent))
        for sent in ({"json": {"items": snapshot}}, {"content": lines, "headers": NDJSON})
    ]
    assert looked[0] == looked[1]
    done = answered(client.put(ITEMS, content=lines, headers=NDJSON))
    assert done["restored"] == {"count": 1, "item_ids": [gone]}
    assert gone in listed(client, "ann", k=41)
    off = [{**row, "offered": row["item_id"] != gone} for row in snapshot]
    assert answered(client.put(ITEMS, json={"items": off}))["retired"]["item_ids"] == [gone]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"json": {"items": []}}, "the snapshot has no items, so all would be retired"),
        ({"json": {"items": [{"item_id": "x"}]}}, "none of the 1 items of the snapshot is known"),
        ({"json": {"items": [{"title": "x"}]}}, "items[0].item_id: Field required"),
        ({"json": []}, "the body: "),
        ({"content": b"{}", "headers": NDJSON}, "line 1.item_id: Field required"),
        ({"content": b"no", "headers": NDJSON}, "line 1: no JSON"),
        (
            {"content": b'{"item_id": "x", "a": "' + b"x" * 100_001 + b'"}', "headers": NDJSON},
            "item 1: an item may have 100,000 characters",
        ),
    ],
)
def test_a_snapshot_that_cannot_be_meant_changes_nothing(
    door: TestClient, sent: dict[str, Any], said: str
) -> None:
    assert said in answered(door.put(ITEMS, **sent), 422)["detail"]
    assert versions(door).endswith("+0")


def test_a_snapshot_that_was_cut_off_is_refused_and_one_that_is_meant_is_not(
    client: TestClient, snapshot: list[dict[str, Any]]
) -> None:
    before = versions(client)
    cut = {"json": {"items": snapshot[:1]}}
    said = answered(client.put(ITEMS, **cut), 409)["detail"]
    assert said == (
        "39 of the 40 items on offer would leave the lists; look whether the snapshot is whole, "
        "and send it with retire_most=true where this is meant"
    )
    line = {"content": json.dumps(snapshot[0]), "headers": NDJSON}
    assert answered(client.put(ITEMS, **line), 409)["detail"] == said
    looked = answered(client.put(ITEMS, params={"dry_run": True}, **cut))
    assert (looked["retired"]["count"], looked["notes"][0]) == (39, said)
    assert versions(client) == before
    meant = {"retire_most": True}
    looked = answered(client.put(ITEMS, params={"dry_run": True, **meant}, **cut))
    assert said not in looked["notes"]
    done = answered(client.put(ITEMS, params=meant, **cut))
    assert (done["retired"]["count"], done["on_offer"]) == (39, 1)
    assert answered(client.put(ITEMS, json={"items": snapshot}))["on_offer"] == 40


def test_half_of_the_items_may_leave_and_items_leave_by_their_window_too(
    client: TestClient, shop: Dataset
) -> None:
    rows = [dict(row) for row in shop.catalogue.table.to_dicts()]
    over = [*rows[:30], *({**row, "available_until": 1.0} for row in rows[30:])]
    new = [{**rows[0], "item_id": f"new-{number}"} for number in range(30)]
    said = answered(client.put(ITEMS, json={"items": [*over[11:], *new]}), 409)["detail"]
    assert said.startswith("21 of the 40 items on offer would leave")
    assert answered(client.put(ITEMS, json={"items": [*over[10:], *new]}))["on_offer"] == 50


@pytest.mark.parametrize("verb", ["POST", "PATCH", "PUT"])
def test_true_is_no_number_of_an_item(client: TestClient, shop: Dataset, verb: str) -> None:
    rows = [dict(row) for row in shop.catalogue.table.to_dicts()]
    if verb == "POST":
        rows = [{**row, "item_id": f"new-{row['item_id']}"} for row in rows]
    rows[3]["price"] = True
    said = answered(client.request(verb, ITEMS, json={"items": rows}), 422)["detail"]
    item = rows[3]["item_id"]
    assert said == f"item {item!r}: price must be a number, or null where none is known; got true"
    assert versions(client).endswith("+0")


def test_a_snapshot_of_which_one_row_is_wrong_changes_nothing(
    client: TestClient, snapshot: list[dict[str, Any]]
) -> None:
    before = versions(client)
    wrong = [*snapshot[:-1], {**snapshot[-1], "price": "much"}]
    said = answered(client.put(ITEMS, json={"items": wrong}), 422)["detail"]
    assert "column price: found 'much'" in said
    twice = answered(client.put(ITEMS, json={"items": [*snapshot, snapshot[0]]}), 422)
    assert "is named twice" in twice["detail"]
    other = {"content": b"item_id,title", "headers": {"Content-Type": "text/csv"}}
    assert answered(client.put(ITEMS, **other), 415)
    assert versions(client) == before


def test_a_snapshot_may_be_larger_than_other_bodies(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b" " * (limits.BODY_BYTES + 1)
    found = answered(client.put(ITEMS, content=large, headers=NDJSON), 422)
    assert "the snapshot has no items" in found["detail"]
    monkeypatch.setattr(limits, "SNAPSHOT_BYTES", limits.BODY_BYTES)
    assert client.put(ITEMS, content=large, headers=NDJSON).status_code == 413
    monkeypatch.setattr(limits, "SNAPSHOT_ITEMS", 1)
    two = b'{"item_id": "a"}\n{"item_id": "b"}'
    found = answered(client.put(ITEMS, content=two, headers=NDJSON), 422)
    assert "at most 1 items at once, got 2" in found["detail"]


def test_a_row_whose_items_stay_is_not_synced(serve: Serve, row: Any) -> None:
    found = serve(row).put(ITEMS, json={"items": [{"item_id": "x"}]})
    assert "knows the items of its fit alone" in answered(found, 501)["detail"]


def test_steps_of_one_change_are_written_together_or_not_at_all(store: Store) -> None:
    steps: Any = [("add", [{"item_id": "a"}]), ("retire", [{"item_id": "a"}])]
    with store.database.writing() as connection:
        assert append_changes(connection, steps, after=0) == 2
        assert append_changes(connection, steps, after=1) is None
        assert append_changes(connection, [("restore", [{"item_id": "a"}])], after=2) == 3
    with store.database.reading() as connection:
        assert [c.verb for c in changes_between(connection, 0, 9)] == ["add", "retire", "restore"]
