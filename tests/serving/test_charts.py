"""Lists that are the same for everybody, whom an item would suit, and many lists at once."""

import time
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

import metarec as mr
from metarec.contracts import Dataset, Event
from metarec.serving import charts
from metarec.serving.store import Store, Told
from metarec.serving.store.changes import append_changes
from metarec.serving.store.charts import added, first_taken, of_late, people_by_item, takers

from .services import Serve
from .test_api import LISTS, answered, ids, told

DAY = 86_400.0


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "FRESH_S", 0.0)


def tell(store: Store, *said: tuple[str, str, str | None, float]) -> None:
    store.tell(
        [
            Told(user, Event(item, None, kind, t), str(number))
            for number, (user, item, kind, t) in enumerate(said)
        ]
    )


def test_people_are_counted_once_an_item_by_what_counts(store: Store) -> None:
    tell(
        store,
        ("ann", "a", "view", 10.0),
        ("ann", "a", "view", 30.0),
        ("visit", "a", "view", 30.0),
        ("ben", "a", "buy", 20.0),
        ("ben", "b", "return", 40.0),
        ("cem", "b", None, 50.0),
    )
    store.merge("visit", "ann")
    with store.database.reading() as connection:
        assert people_by_item(connection, (), ()) == {"a": 2, "b": 2}
        assert people_by_item(connection, (), ("return",)) == {"a": 2, "b": 1}
        assert people_by_item(connection, ("buy",), ("return",)) == {"a": 1}
        assert people_by_item(connection, (), (), since=30.0) == {"a": 1, "b": 2}
        assert people_by_item(connection, (), (), since=50.5) == {}
        assert first_taken(connection) == {"a": 10.0, "b": 40.0}
        assert takers(connection, "a") == {"ann", "ben"}
        assert of_late(connection, 2) == ["cem", "ben"]
        assert of_late(connection, 9) == ["cem", "ben", "ann"]


def test_an_item_came_when_it_was_added_last(store: Store) -> None:
    with store.database.writing() as connection:
        append_changes(connection, [("add", [{"item_id": "x"}, {"item_id": "y"}])], after=0)
        append_changes(connection, [("update", [{"item_id": "z"}])], after=1)
    with store.database.reading() as connection:
        came = added(connection)
    assert set(came) == {"x", "y"}
    assert abs(came["x"] - time.time()) < 60


def chart(client: TestClient, name: str, **params: Any) -> dict[str, float]:
    found = answered(client.get(f"/v1/{name}", params=params))
    return {item["item_id"]: item["score"] for item in found["items"]}


def test_what_is_popular_trends_or_is_new(client: TestClient, shop: Dataset) -> None:
    a, b, c, d = ids(shop, 0, 1, 2, 3)
    now = time.time()
    old = {"timestamp": now - 30 * DAY}
    for user in ("ann", "ben", "cem"):
        told(client, user, a, **old)
    for user in ("ann", "ben"):
        told(client, user, b)
    told(client, "ann", c, timestamp=now - 8 * DAY)
    assert chart(client, "popular") == {a: 3, b: 2, c: 1}
    assert chart(client, "trending") == {b: 2}
    assert chart(client, "trending", days=10) == {b: 2, c: 1}
    assert chart(client, "popular", k=1) == {a: 3}
    row = {**shop.catalogue.table.row(3, named=True), "item_id": "new"}
    answered(client.post("/v1/items", json={"items": [row]}), 201)
    opened = {"items": [{"item_id": d, "available_from": now - 5}]}
    answered(client.patch("/v1/items", json=opened))
    assert list(chart(client, "newest")) == ["new", b, d, c, a]
    short = answered(client.get("/v1/popular"))["short"]
    assert short["left_out"] == {"unscorable": 38}


def test_charts_are_filtered_and_show_only_what_is_on_offer(
    client: TestClient, shop: Dataset
) -> None:
    category = shop.catalogue.frame["category"]
    a, b = ids(shop, 0, next(i for i in range(40) if category[i] != category[0]))
    told(client, "ann", a, b)
    where = f"category == '{category[0]}'"
    for name in ("popular", "trending", "newest"):
        assert list(chart(client, name, where=where)) == [a]
    answered(client.post("/v1/items/retire", json={"item_ids": [a]}))
    assert list(chart(client, "popular")) == [b]
    problem = answered(client.get("/v1/popular", params={"where": "no == 1"}), 422)
    assert "where names the column 'no'" in problem["detail"]


def test_counts_are_kept_for_a_minute_and_never_beyond_a_forgetting(
    client: TestClient, shop: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "FRESH_S", 60.0)
    a, b = ids(shop, 0, 1)
    told(client, "ann", a)
    assert chart(client, "popular") == {a: 1}
    told(client, "ben", b)
    assert chart(client, "popular") == {a: 1}
    answered(client.delete("/v1/users/ann"))
    assert chart(client, "popular") == {b: 1}


def test_an_item_suits_those_in_whose_order_it_stands_highest(
    client: TestClient, shop: Dataset
) -> None:
    item = ids(shop, 7)[0]
    others = [i for i in range(40) if i != 7]
    for number in range(6):
        told(client, f"u{number}", *ids(shop, *others[5 * number : 5 * number + 5]))
    told(client, "had", item)
    found = answered(client.get(f"/v1/items/{item}/people", params={"k": 4}))
    assert found["considered"] == 6
    expected = {}
    for number in range(6):
        body = {"user_id": f"u{number}", "item_ids": [item, *ids(shop, *others)]}
        scores = {
            i["item_id"]: i["score"]
            for i in answered(client.post("/v1/scores", json=body))["items"]
        }
        expected[f"u{number}"] = np.mean([scores[o] < scores[item] for o in ids(shop, *others)])
    best = sorted(expected.values(), reverse=True)[:4]
    assert [one["ahead_of"] for one in found["people"]] == pytest.approx(best)
    for one in found["people"]:
        assert one["ahead_of"] == pytest.approx(expected[one["user_id"]])
    assert answered(client.get("/v1/items/no/people"), 404)


def test_whom_an_item_suits_is_asked_of_a_bounded_number_of_people(
    client: TestClient, shop: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from metarec.serving import crowd

    for number in range(5):
        told(client, f"u{number}", *ids(shop, number))
    monkeypatch.setattr(crowd, "MOST_CONSIDERED", 3)
    found = answered(client.get(f"/v1/items/{ids(shop, 9)[0]}/people"))
    assert found["considered"] == 3
    assert {one["user_id"] for one in found["people"]} == {"u4", "u3", "u2"}
    monkeypatch.setattr(crowd, "SCORES", 40)
    assert answered(client.get(f"/v1/items/{ids(shop, 9)[0]}/people"))["considered"] == 1
    assert crowd.most_considered(10**9) == 1


@pytest.mark.parametrize("which", ["model", "rating_model", "row"])
def test_many_lists_are_those_of_one_by_one(
    serve: Serve, which: str, request: pytest.FixtureRequest, shop: Dataset
) -> None:
    client = serve(request.getfixturevalue(which))
    value = {"value": 4.0} if which == "rating_model" else {}
    told(client, "ann", *ids(shop, 1, 2), **value, timestamp=2e9 - 3e8)
    told(client, "ann", *ids(shop, 3), **value, timestamp=1e9)  # told late
    told(client, "visit", *ids(shop, 4), **value)
    answered(client.post("/v1/users/ben/merge", json={"session_id": "visit"}))
    told(client, "cem", "unknown", *ids(shop, 9), **value)
    store = client.app.state.service.store  # type: ignore[attr-defined]
    if which != "row":
        store.put_profiles({"ann": {"age": 30}, "cem": {"no such": 1}})
    users = ["cem", "visit", "nobody", "ann", "ben"]
    asked = {"k": 5, "where": "price > 1", "diversity": 0.2}
    many = answered(client.post(f"{LISTS}/batch", json={"user_ids": users, **asked}))
    assert [one["user_id"] for one in many["lists"]] == users
    for one in many["lists"]:
        alone = answered(client.post(LISTS, json={"user_id": one["user_id"], **asked}))
        assert [i["item_id"] for i in one["items"]] == [i["item_id"] for i in alone["items"]]
        for ours, theirs in zip(one["items"], alone["items"], strict=True):
            for name in ("score", "rating", "std"):
                same = theirs[name]
                assert ours[name] == (same and pytest.approx(same, rel=1e-6, abs=1e-9)), name
        assert set(one["notes"]) == set(alone["notes"])
        assert one["short"] == alone["short"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"user_ids": []}, "user_ids: "),
        ({"user_ids": ["a", "a"]}, "user 'a' is named twice"),
        ({"user_ids": [str(n) for n in range(1001)]}, "user_ids: List should have at most 1000"),
        ({"user_ids": [str(n) for n in range(1000)], "k": 51}, "may be 50,000 places, got 51,000"),
    ],
)
def test_a_batch_that_is_too_large_is_refused(door: TestClient, body: Any, said: str) -> None:
    assert said in answered(door.post(f"{LISTS}/batch", json=body), 422)["detail"]


def test_a_batch_that_asks_a_row_for_several_orders_is_refused(serve: Serve, row: Any) -> None:
    body = {"user_ids": ["a"], "rank_by": "both"}
    assert "one score" in answered(serve(row).post(f"{LISTS}/batch", json=body), 422)["detail"]


def test_the_model_in_process_says_the_same_of_many(
    client: TestClient, model: Any, shop: Dataset
) -> None:
    told(client, "ann", *ids(shop, 1, 2))
    many = answered(client.post(f"{LISTS}/batch", json={"user_ids": ["ann", "x"], "k": 3}))
    found = mr.load_model(model).recommend([ids(shop, 1, 2), []], 3)
    for row, one in enumerate(many["lists"]):
        assert [item["item_id"] for item in one["items"]] == found[row].ids.tolist()
