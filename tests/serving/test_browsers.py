"""Keys that stand in a page, and how often a key may ask."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from metarec.contracts import DataError, Dataset
from metarec.serving import rates
from metarec.serving.keyring import Keyring
from metarec.serving.store import Store
from metarec.serving.store.keys import add_key, list_keys, revoke_key

from .services import Serve, after_a_second
from .test_api import EVENTS, LISTS, answered, ids

SITE = "https://shop.example"
SESSION = "session:3f2c1d9a-7b54-4e0f-9a61-0c8d2f7e5b13"


@pytest.fixture
def client(serve: Serve, model: Path) -> TestClient:
    return serve(model, keys=True)


def store_of(client: TestClient) -> Store:
    store: Store = client.app.state.service.store  # type: ignore[attr-defined]
    return store


@pytest.fixture
def page(client: TestClient) -> dict[str, str]:
    """The headers of a page's requests."""
    secret = add_key(store_of(client).database, "page", ["browser"], [SITE])[1]
    after_a_second(client)
    return {"Authorization": f"Bearer {secret}", "Origin": SITE}


def test_a_page_tells_events_and_reads_lists_of_its_session(
    client: TestClient, page: dict[str, str], shop: Dataset
) -> None:
    item = ids(shop, 3)[0]
    body = {"user_id": SESSION, "item_id": item, "key": "k"}
    found = client.post(EVENTS, json=body, headers=page)
    assert answered(found, 201)["outcome"] == "stored"
    assert found.headers["access-control-allow-origin"] == SITE
    assert found.headers["vary"] == "Origin"
    lists = answered(client.post(LISTS, json={"user_id": SESSION, "k": 40}, headers=page))
    assert item not in [one["item_id"] for one in lists["items"]]
    for path in (f"/v1/items/{item}/similar", "/v1/popular", "/v1/trending", "/v1/newest"):
        assert client.get(path, headers=page).status_code == 200


@pytest.mark.parametrize(
    "user",
    ["ann", "42", "session:1", "session:" + "x" * 21, "session:" + "x" * 65, "session:a b" * 9, ""],
)
def test_a_page_cannot_name_a_user_or_a_session_that_can_be_guessed(
    client: TestClient, page: dict[str, str], user: str
) -> None:
    for path, body in ((EVENTS, {"item_id": "i"}), (LISTS, {})):
        found = client.post(path, json={"user_id": user, **body}, headers=page)
        assert found.status_code in (403, 422), found.text
    assert answered(client.post(LISTS, json={"events": []}, headers=page), 403)
    twice = f'{{"user_id": "{SESSION}", "item_id": "i", "user_id": "ann"}}'
    headers = {**page, "Content-Type": "application/json"}
    assert answered(client.post(EVENTS, content=twice, headers=headers), 403)
    first = f'{{"user_id": "ann", "item_id": "i", "user_id": "{SESSION}"}}'
    assert answered(client.post(EVENTS, content=first, headers=headers), 403)
    assert store_of(client).history("ann") == []


def test_a_page_sees_no_reasons_no_history_and_no_other_route(
    client: TestClient, page: dict[str, str]
) -> None:
    for more in ({"explain": True}, {"record": True}):
        found = client.post(LISTS, json={"user_id": SESSION, **more}, headers=page)
        assert "cannot ask for" in answered(found, 403)["detail"]
    asked = [
        ("GET", f"/v1/users/{SESSION}/recommendations", None),
        ("GET", f"/v1/users/{SESSION}/history", None),
        ("POST", f"{EVENTS}/batch", {"events": []}),
        ("POST", "/v1/scores", {"user_id": SESSION, "item_ids": ["i"]}),
        ("POST", "/v1/recommendations/batch", {"user_ids": [SESSION]}),
        ("POST", f"/v1/users/{SESSION}/merge", {"session_id": "a"}),
        ("DELETE", f"/v1/users/{SESSION}", None),
        ("GET", "/v1/model", None),
    ]
    for verb, path, body in asked:
        found = client.request(verb, path, json=body, headers=page)
        assert "from your own backend" in answered(found, 403)["detail"], path
        assert "access-control-allow-origin" not in found.headers, path


def test_a_page_of_another_site_is_refused_and_cannot_read_the_answer(
    client: TestClient, page: dict[str, str]
) -> None:
    body = {"user_id": SESSION, "k": 1}
    for origin in ("https://evil.example", "https://shop.example.evil.example", "null", None):
        headers = {name: value for name, value in page.items() if name != "Origin"}
        if origin is not None:
            headers["Origin"] = origin
        found = client.post(LISTS, json=body, headers=headers)
        assert "pages of other origins" in answered(found, 403)["detail"]
        assert "access-control-allow-origin" not in found.headers


def preflight(client: TestClient, origin: str, verb: str, path: str) -> Any:
    asked = {"Origin": origin, "Access-Control-Request-Method": verb}
    return client.options(path, headers=asked)


def test_pages_are_told_before_whether_they_may_ask(
    client: TestClient, page: dict[str, str]
) -> None:
    for verb, path in (("POST", EVENTS), ("POST", LISTS), ("GET", "/v1/items/a/b/similar")):
        found = preflight(client, SITE, verb, path)
        assert found.status_code == 204
        assert found.headers["access-control-allow-origin"] == SITE
        assert "authorization" in found.headers["access-control-allow-headers"].lower()
        assert "access-control-allow-credentials" not in found.headers
    refused = [
        ("https://evil.example", "POST", EVENTS),
        (SITE, "DELETE", f"/v1/users/{SESSION}"),
        (SITE, "GET", f"/v1/users/{SESSION}/history"),
        (SITE, "POST", f"{EVENTS}/batch"),
        (SITE, "GET", LISTS),
    ]
    for origin, verb, path in refused:
        found = preflight(client, origin, verb, path)
        assert not [name for name in found.headers if name.startswith("access-control")], path
    key = next(key for key in list_keys(store_of(client).database) if key.origins)
    revoke_key(store_of(client).database, key.id)
    after_a_second(client)
    assert preflight(client, SITE, "POST", EVENTS).status_code == 405
    found = client.post(LISTS, json={"user_id": SESSION}, headers=page)
    assert found.status_code == 401
    assert "access-control-allow-origin" not in found.headers


def test_an_error_can_be_read_by_the_page_it_is_for(
    client: TestClient, page: dict[str, str]
) -> None:
    found = client.post(LISTS, json={"user_id": SESSION, "k": 0}, headers=page)
    assert found.status_code == 422
    assert found.headers["access-control-allow-origin"] == SITE


def test_a_session_that_became_a_user_is_read_on_and_keeps_the_users_events_to_itself(
    client: TestClient, page: dict[str, str], shop: Dataset
) -> None:
    secret = add_key(store_of(client).database, "backend", ["read", "write"])[1]
    backend = {"Authorization": f"Bearer {secret}"}
    merged = client.post("/v1/users/ann/merge", json={"session_id": SESSION}, headers=backend)
    answered(merged)
    item = ids(shop, 3)[0]
    told = {"user_id": SESSION, "item_id": item}
    answered(client.post(EVENTS, json=told, headers=page), 201)
    history = answered(client.get("/v1/users/ann/history", headers=backend))
    assert [event["item_id"] for event in history["events"]] == [item]


@pytest.mark.parametrize(
    ("scopes", "more", "said"),
    [
        (["browser"], {}, "needs the origins of its pages"),
        (["browser", "read"], {"origins": [SITE]}, "has no other scope"),
        (["read"], {"origins": [SITE]}, "origins belong to a key of the scope browser"),
        (["browser"], {"origins": ["*"]}, r"got \*"),
        (["browser"], {"origins": ["https://shop.example/path"]}, "without a path"),
        (["browser"], {"origins": ["shop.example"]}, "such as https://shop.example"),
        (["browser"], {"origins": ["null"]}, "got null"),
        (["read"], {"per_minute": 0}, "per_minute must be at least 1, got 0"),
    ],
)
def test_a_key_that_would_open_too_much_is_refused(
    store: Store, scopes: list[str], more: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        add_key(store.database, "page", scopes, **more)
    assert list_keys(store.database) == []


def test_what_a_key_may_is_kept(store: Store) -> None:
    asked = [f"{SITE}/", "HTTP://localhost:5173"]
    key, secret = add_key(store.database, "page", ["browser"], asked, 600)
    keys = Keyring(store, asked=True)
    assert key.origins == {SITE, "http://localhost:5173"} == keys.sites
    assert keys.of(secret) == key
    assert key.per_minute == 600
    revoke_key(store.database, key.id)
    assert Keyring(store, asked=True).sites == set()


def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(rates.time, "monotonic", lambda: now[0])
    database = store_of(client).database
    slow, free = (
        add_key(database, n, ["read"], (), most)[1] for n, most in (("a", 3), ("b", None))
    )

    def ask(secret: str) -> Any:
        return client.get("/v1/model", headers={"Authorization": f"Bearer {secret}"})

    assert [ask(slow).status_code for _ in range(4)] == [200, 200, 200, 429]
    found = ask(slow)
    assert found.headers["retry-after"] == "20"
    assert "3 times a minute; ask again in 20 s" in answered(found, 429)["detail"]
    assert ask(free).status_code == 200
    now[0] += 19.9
    assert ask(slow).status_code == 429
    now[0] += 0.2
    assert [ask(slow).status_code for _ in range(2)] == [200, 429]
    now[0] += 3600
    assert [ask(slow).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_buckets_of_keys_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "KEYS", 2)
    own = rates.Rates()
    assert all(own.wait(key, 1) == 0 for key in "abc")
    assert len(own._left) == 2
