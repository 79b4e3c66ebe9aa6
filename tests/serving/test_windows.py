"""When items are on offer, over HTTP: outside of their window they stand in no list."""

import json
import time
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from metarec.contracts import Dataset
from metarec.serving.api.shapes import CLOCK

from .test_api import LISTS, answered, ids, listed, told

DAY = 86_400.0


def lists_of(client: TestClient, other: str) -> dict[str, set[str]]:
    """The items of every kind of list that there is."""
    body = {"user_id": "ann", "k": 40, "exclude_seen": False}
    found = {
        "POST list": client.post(LISTS, json=body),
        "GET list": client.get("/v1/users/ann/recommendations?k=40&exclude_seen=false"),
        "candidates": client.post(LISTS, json=body | {"candidates": every(client)}),
        "similar": client.get(f"/v1/items/{other}/similar?k=40"),
        "basket": client.post("/v1/similar", json={"item_ids": [other], "k": 40}),
        "words": client.get("/v1/items?k=40"),
        "questions": client.post("/v1/questions", json={"user_id": "ann", "k": 40}),
    }
    return {name: {i["item_id"] for i in answered(one)["items"]} for name, one in found.items()}


def every(client: TestClient) -> list[str]:
    return [str(i) for i in client.app.state.service.following.served.model.catalogue.ids]  # type: ignore[attr-defined]


def test_an_item_outside_of_its_window_stands_in_no_list(client: TestClient, shop: Dataset) -> None:
    now, (item, other) = time.time(), ids(shop, 3, 5)
    told(client, "ann", other)
    windows = [
        ({"available_from": now + DAY}, False),
        ({"available_from": now - DAY, "available_until": now + DAY}, True),
        ({"available_from": None, "available_until": now - DAY}, False),
        ({"available_from": None, "available_until": "2100-01-01T00:00:00Z"}, True),
    ]
    for window, there in windows:
        rows = {"items": [{"item_id": item, **window}]}
        answered(client.patch("/v1/items", json=rows))
        assert {
            name: item in one for name, one in lists_of(client, other).items()
        } == dict.fromkeys(lists_of(client, other), there)
        assert answered(client.get(f"/v1/items/{item}"))["on_offer"] is there
        assert answered(client.get("/v1/model"))["on_offer"] == 39 + there
    scored = client.post("/v1/scores", json={"user_id": "ann", "item_ids": [item]})
    assert answered(scored)["items"][0]["score"] is not None


def test_a_window_opens_by_itself(
    client: TestClient, shop: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {**shop.catalogue.table.row(0, named=True), "item_id": "new", "available_from": 4e9}
    added = client.post("/v1/items", json={"items": [row]})
    assert answered(added, 201)["notes"] == []
    assert "new" not in listed(client, "ann", k=41)
    short = answered(client.post(LISTS, json={"user_id": "ann", "k": 41}))["short"]
    assert short["left_out"]["not_offered"] == 1
    for moment, there in ((4e9 - 1, False), (4e9, True)):
        monkeypatch.setattr("metarec.serving.api.asking.time.time", lambda now=moment: now)
        assert ("new" in listed(client, "ann", k=41)) is there


def test_one_end_of_a_window_is_held_against_the_other_that_an_item_has(
    client: TestClient, shop: Dataset
) -> None:
    (item,) = ids(shop, 3)

    def patched(status: int = 200, **window: object) -> dict[str, Any]:
        rows = {"items": [{"item_id": item, **window}]}
        return answered(client.patch("/v1/items", json=rows), status)

    patched(available_from=2000.0)
    for until in (1000, 2000):
        assert patched(422, available_until=until)["detail"] == (
            f"item '{item}': available_from 2000.0 (as it is) must be before available_until "
            f"{until}.0; send both, or null to open an end"
        )
    patched(available_until=3000)
    said = patched(422, available_from="1970-01-01T00:50:00Z")["detail"]
    assert "available_from 3000.0 must be before available_until 3000.0 (as it is)" in said
    row = {**shop.catalogue.table.row(3, named=True), "available_from": 4000}
    said = answered(client.put("/v1/items", json={"items": [row]}), 422)["detail"]
    assert "available_from 4000.0 must be before available_until 3000.0 (as it is)" in said
    patched(available_from=None)
    patched(available_until=1000)
    patched(available_from=5000, available_until=6000)
    window = answered(client.get(f"/v1/items/{item}"))["content"]
    assert (window["available_from"], window["available_until"]) == (5000.0, 6000.0)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"available_from": 1.8e12}, "available_from: 1800000000000 would be milliseconds"),
        *(
            ({name: told}, f"items[0].{name}: expected {CLOCK}")
            for name in ("available_from", "available_until")
            for told in ("soon", "2027-02-01", "2027-02-01T00:00:00", "28.11.2026", "5", True, [1])
        ),
        ({"available_from": 5, "available_until": 5}, "must be before available_until"),
    ],
)
def test_a_window_that_is_none_is_refused(door: TestClient, window: object, said: str) -> None:
    body = json.loads(json.dumps({"items": [{"item_id": "x", **window}]}))  # type: ignore[dict-item]
    assert said in answered(door.post("/v1/items", json=body), 422)["detail"]
