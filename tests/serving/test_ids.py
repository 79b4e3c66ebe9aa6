"""One id is one person or item, with whatever spaces around it a source of events writes it."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from metarec import data as shops
from metarec.contracts import Dataset
from metarec.serving.store.shops import dataset_of

from .test_api import EVENTS, LISTS, NDJSON, answered, ids, listed, told

PADDED = "\t ann \u00a0\u200b"


def padded(*items: str) -> list[dict[str, Any]]:
    return [{"user_id": PADDED, "item_id": f" {i}\n", "key": f" {i} "} for i in items]


def tell_all(client: TestClient, *events: dict[str, Any]) -> None:
    """Tells one event alone, one in a batch and one as a line."""
    one, two, three = events
    answered(client.post(EVENTS, json=one), 201)
    answered(client.post(f"{EVENTS}/batch", json={"events": [two]}))
    answered(client.post(f"{EVENTS}/ndjson", content=json.dumps(three), headers=NDJSON))


def test_an_event_with_spaces_around_its_ids_is_of_the_same_person_and_item(
    client: TestClient, shop: Dataset
) -> None:
    items = ids(shop, 1, 2, 3)
    tell_all(client, *padded(*items))
    found = answered(client.get("/v1/users/ann/history"))
    assert sorted(e["item_id"] for e in found["events"]) == sorted(items)
    assert {e["user_id"] for e in found["events"]} == {"ann"}
    again = answered(
        client.post(EVENTS, json={"user_id": "ann", "item_id": items[0], "key": items[0]})
    )
    assert (again["outcome"], again["known_item"]) == ("duplicate", True)
    told(client, "bob", *items)
    assert listed(client, PADDED) == listed(client, "bob")


def test_what_was_told_with_spaces_is_exported_as_a_shop_that_loads(
    client: TestClient, shop: Dataset, tmp_path: Path
) -> None:
    items = ids(shop, 1, 2, 3)
    tell_all(client, *padded(*items))
    told(client, "bob", items[0])
    service: Any = client.app.state.service  # type: ignore[attr-defined]
    catalogue = service.following.served.model.catalogue
    shops.save(dataset_of(service.store, catalogue), tmp_path / "shop")
    there = shops.load(tmp_path / "shop")
    assert sorted(there.user_ids) == ["ann", "bob"]
    assert list(there.catalogue.ids) == list(shop.catalogue.ids)


def test_a_person_is_forgotten_under_each_form_of_their_id(
    client: TestClient, shop: Dataset
) -> None:
    tell_all(client, *padded(*ids(shop, 1, 2, 3)))
    assert answered(client.delete("/v1/users/ann"))["events"] == 3
    told(client, "bob", *ids(shop, 1))
    assert answered(client.delete("/v1/users/%20bob%20"))["events"] == 1


def test_ids_are_read_alike_in_paths_queries_and_bodies(client: TestClient, shop: Dataset) -> None:
    (item,) = ids(shop, 1)
    assert answered(client.get(f"/v1/items/%20{item}%20"))["item_id"] == item
    found = answered(client.get("/v1/items", params={"item_id": [f" {item} "]}))
    assert [one["item_id"] for one in found["items"]] == [item]
    assert item not in listed(client, "ann", k=40, exclude=[f"{item} "])
    assert listed(client, "ann", candidates=[f" {item}"]) == [item]
    twice = client.post(f"{LISTS}/batch", json={"user_ids": ["ann", "ann "]})
    assert "user 'ann' is named twice" in answered(twice, 422)["detail"]
    answered(client.put("/v1/users/ann%20/profile", json={"profile": {}}))
    answered(client.post("/v1/users/ann/merge", json={"session_id": " visit-1 "}))
    told(client, "visit-1", item)
    assert answered(client.get("/v1/users/ann/history"))["count"] == 1


def test_an_id_of_spaces_is_none_and_spaces_do_not_make_it_long(door: TestClient) -> None:
    body = {"user_id": " \t", "item_id": "i"}
    said = answered(door.post(EVENTS, json=body), 422)["detail"]
    assert said == "user_id: String should have at least 1 character"
    assert door.get("/v1/users/%20/history").status_code == 422
    found = answered(door.get(f"/v1/users/{'%20' * 300}{'x' * 256}/history"))
    assert found["user_id"] == "x" * 256
