"""The door of the service: what is refused and how, who may ask, and what nobody is told."""

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from metarec.contracts import Dataset
from metarec.contracts.wording import shell_words
from metarec.serving.api import limits
from metarec.serving.api.shapes import CLOCK
from metarec.serving.store.keys import add_key, revoke_key

from .services import Serve, after_a_second
from .test_api import EVENTS, LISTS, NDJSON, answered

GOOD = {"user_id": "ann", "item_id": "i"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "item_id: Field required; user_id: Field required"),
        (GOOD | {"colour": 1}, "colour: there is no such field"),
        (GOOD | {"value": "much"}, "value: Input should be a valid number"),
        (GOOD | {"user_id": ""}, "user_id: String should have at least 1 character"),
        (GOOD | {"user_id": "x" * 257}, "user_id: String should have at most 256"),
        (GOOD | {"item_id": 7}, "item_id: Input should be a valid string"),
        (GOOD | {"item_id": "a\x00b"}, "item_id: it holds the sign NUL"),
        (GOOD | {"timestamp": 1.7e12}, "timestamp: 1700000000000 would be milliseconds"),
        (GOOD | {"timestamp": 9e10}, "timestamp: it lies in the future"),
        (GOOD | {"timestamp": -1e300}, "timestamp: -1e+300 lies before 1970"),
        (GOOD | {"value": 1e39}, "value: Input should be less than or equal to 1000000000000"),
        (GOOD | {"value": True}, "value: Input should be a valid number"),
        *(
            (GOOD | {"timestamp": told}, f"timestamp: expected {CLOCK}")
            for told in ("yesterday", "28.11.2026", "2026-11-28", "2026-11-28T09:30", "5", True)
        ),
        (GOOD | {"timestamp": 10**400}, "timestamp: "),
        (GOOD | {"context": {"a": [1]}}, "context.a."),
        (GOOD | {"context": {"a": "x" * 10_001}}, "context: a context may have 10,000"),
        (GOOD | {"text": "x" * 10_001}, "text: String should have at most 10000"),
        ([], "the body: "),
    ],
)
def test_a_body_that_is_wrong_is_told_with_its_place(
    door: TestClient, body: Any, said: str
) -> None:
    found = door.post(EVENTS, json=body)
    problem = answered(found, 422)
    assert said in problem["detail"]
    assert found.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == found.headers["x-request-id"]


def numbers_in(schema: dict[str, Any], every: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Where a body reads numbers and nothing that a boolean is, as paths into it."""
    kinds = [
        every[kind["$ref"].rpartition("/")[2]] if "$ref" in kind else kind
        for kind in (schema, *schema.get("anyOf", []))
    ]
    if any(kind.get("type") in ("number", "integer") for kind in kinds):
        if not any(kind.get("type") == "boolean" for kind in kinds):
            yield ()
        return
    for kind in kinds:
        for name, field in kind.get("properties", {}).items():
            yield from ((name, *rest) for rest in numbers_in(field, every))
        if "items" in kind:
            yield from ((0, *rest) for rest in numbers_in(kind["items"], every))
        if isinstance(more := kind.get("additionalProperties"), dict):
            yield from (("any", *rest) for rest in numbers_in(more, every))


def bodies_with(path: tuple[Any, ...], value: Any) -> Any:
    for part in reversed(path):
        value = [value] if part == 0 else {part: value}
    return value


def place_of(path: tuple[Any, ...]) -> str:
    return "".join(f"[{p}]" if p == 0 else f".{p}" for p in path).removeprefix(".")


@pytest.mark.parametrize("given", [True, "1"])
def test_a_boolean_and_a_text_are_no_numbers_in_any_body(door: TestClient, given: object) -> None:
    described = door.app.openapi()  # type: ignore[attr-defined]
    looked = set()
    for path, verbs in described["paths"].items():
        for verb, operation in verbs.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            for place in numbers_in(schema, described["components"]["schemas"]):
                found = door.request(verb, path, json=bodies_with(place, given))
                assert f"{place_of(place)}: " in answered(found, 422)["detail"], (path, place)
                looked.add((verb, path, place))
    fields = {place[-1] for _, _, place in looked}
    assert {"k", "cool_off_s", "available_from", "value", "timestamp", "seed", "any"} <= fields
    assert len(looked) > 30


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "name a user_id, or tell events"),
        ({"user_id": "a", "events": []}, "name a user_id, or tell events"),
        ({"user_id": "a", "profile": {"x": 1}}, "a profile goes with events"),
        ({"user_id": "a", "k": 0}, "k: Input should be greater than or equal to 1"),
        ({"user_id": "a", "k": 10**6}, "k: Input should be less than or equal to 1000"),
        ({"user_id": "a", "diversity": 1}, "diversity: Input should be less than 1"),
        ({"user_id": "a", "where": "price <"}, "where cannot be read"),
        ({"user_id": "a", "where": "nothing == 1"}, "nothing"),
        ({"user_id": "a", "boost": "nothing"}, "nothing"),
        ({"user_id": "a", "exclude_seen": ["nothing"]}, "exclude_seen"),
        ({"user_id": "a", "rank_by": "luck"}, "rank_by: Input should be"),
        ({"events": [{"item_id": "i", "value": -1.0}]}, "must be above 0, got -1"),
    ],
)
def test_a_question_that_is_wrong_is_told(
    door: TestClient, body: dict[str, Any], said: str
) -> None:
    assert said in answered(door.post(LISTS, json=body), 422)["detail"]


@pytest.mark.parametrize(("n", "more"), [(20, None), (21, "and 1 more"), (1_020, "and 1,000 more")])
def test_of_many_faults_twenty_are_told_and_the_rest_is_counted(
    door: TestClient, n: int, more: str | None
) -> None:
    said = answered(door.post(LISTS, json={"events": [{}] * n}), 422)["detail"].split("; ")
    twenty = [f"events[{i}].item_id: Field required" for i in range(20)]
    assert said == [*twenty, *([more] if more else [])]


def test_an_error_names_fields_of_the_request_wherever_the_service_was_started(
    serve: Serve, model: Path, rating_model: Path
) -> None:
    item = {"item_id": "no", "title": "x"}
    ids = {"user_id": "a", "item_ids": ["x", "x"]}
    asked = [
        (LISTS, {"user_id": "a", "where": "no < 3"}, "where names the column 'no'"),
        (LISTS, {"user_id": "a", "boost": "no"}, "boost must name a column"),
        (LISTS, {"user_id": "a", "at_most": {"no": 1}}, "at_most must name a column"),
        (LISTS, {"user_id": "a", "exclude_seen": ["no"]}, "use exclude_seen: true or false"),
        ("/v1/scores", ids, "item_ids must name each item once, got 'x'"),
        ("/v1/items", {"items": [item]}, "POST /v1/items adds"),
    ]
    with shell_words():
        client, ratings = serve(model), serve(rating_model)
        for path, body, said in asked:
            verb = "PATCH" if path == "/v1/items" else "POST"
            detail = answered(client.request(verb, path, json=body), 422)["detail"]
            assert "--" not in detail
            assert said in detail or "add it first" in detail
        notes = answered(client.post(LISTS, json={"user_id": "a", "exclude": ["no"]}))["notes"]
        assert "--" not in str(notes)
        needs = answered(ratings.post(EVENTS, json=GOOD), 422)["detail"]
        assert 'needs one: the field "value" with a value from 1 to 5' in needs


def test_what_is_no_json_or_half_a_sign_is_told(door: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    assert "no JSON" in answered(door.post(EVENTS, content="{", headers=headers), 422)["detail"]
    half = '{"user_id": "\\ud800", "item_id": "i"}'
    assert door.post(EVENTS, content=half, headers=headers).status_code == 422
    assert door.post(f"{EVENTS}/ndjson", content=half, headers=NDJSON).status_code == 422
    nan = '{"user_id": "a", "item_id": "i", "value": NaN}'
    assert door.post(EVENTS, content=nan, headers=headers).status_code == 422


def test_a_form_of_another_site_is_no_event(client: TestClient) -> None:
    found = client.post(EVENTS, content=json.dumps(GOOD), headers={"Content-Type": "text/plain"})
    assert found.status_code == 422
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        lines = {"content": json.dumps(GOOD), "headers": {"Content-Type": kind}}
        problem = answered(client.post(f"{EVENTS}/ndjson", **lines), 415)
        assert "application/x-ndjson" in problem["detail"]
    assert answered(client.get("/v1/users/ann/history"))["count"] == 0


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b" " * (limits.BODY_BYTES + 1)
    assert (
        answered(client.post(f"{EVENTS}/ndjson", content=large, headers=NDJSON), 413)["status"]
        == 413
    )

    def parts() -> Any:
        for _ in range(limits.BODY_BYTES // 2**20 + 1):
            yield b" " * 2**20

    for path in ("/ndjson", ""):
        assert client.post(EVENTS + path, content=parts(), headers=NDJSON).status_code == 413
    ok = client.post(f"{EVENTS}/ndjson", content=b" " * 1000, headers=NDJSON)
    assert answered(ok)["stored"] == 0


def test_too_many_events_at_once_are_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EVENTS", 2)
    lines = "\n".join(json.dumps(GOOD) for _ in range(3))
    found = answered(client.post(f"{EVENTS}/ndjson", content=lines, headers=NDJSON), 422)
    assert "at most 2 events at once, got 3" in found["detail"]


@pytest.mark.parametrize("path", [LISTS, f"{LISTS}/batch", "/v1/scores", "/v1/similar"])
@pytest.mark.parametrize("policy", [{}, {"policy": "ucb"}])
def test_a_context_of_a_request_is_refused_by_name(
    door: TestClient, path: str, policy: dict[str, str]
) -> None:
    body = {"user_id": "ann", "context": {"device": "phone"}, **policy}
    said = answered(door.post(path, json=body), 422)["detail"]
    assert "context: no policy of the service reads the context of a request" in said
    assert "LinUCB" in said


def test_contexts_of_a_stranger_s_events_are_not_ignored_in_silence(
    door: TestClient, shop: Dataset
) -> None:
    event = {"item_id": str(shop.catalogue.ids[0])}
    more = {"context": {"device": "phone"}, "text": "Fine."}
    for path, key in ((LISTS, {}), ("/v1/scores", {"item_ids": [event["item_id"]]})):
        said = answered(door.post(path, json={"events": [{**event, **more}], **key}))["notes"]
        assert said == [
            "no model reads the context or the text of events; told of a user they are kept"
        ]
        assert answered(door.post(path, json={"events": [event], **key}))["notes"] == []


def test_a_parameter_that_would_be_ignored_is_refused(door: TestClient) -> None:
    of_ann = "/v1/users/ann/recommendations"
    said = answered(door.get(of_ann, params={"k": 1, "wher": "x", "kk": 2}), 422)["detail"]
    assert said.startswith(
        "there is no parameter kk, wher of this path; there are: cursor, exclude_kinds"
    )
    said = answered(door.post(LISTS, params={"k": 1}, json={"events": []}), 422)["detail"]
    assert said == "there is no parameter k of this path; it has none"
    assert door.get(of_ann, params={"k": 1}).status_code == 200


def test_unknown_paths_and_verbs_are_problems(door: TestClient) -> None:
    assert answered(door.get("/v1/nothing"), 404)["type"] == "urn:metarec:not-found"
    assert answered(door.put("/v1/events"), 405)["title"] == "Method Not Allowed"


def test_answers_carry_an_id_and_are_not_kept_or_framed(door: TestClient) -> None:
    found = door.get("/v1/health", headers={"X-Request-ID": "mine-1"})
    assert found.headers["x-request-id"] == "mine-1"
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in found.headers["content-security-policy"]
    bad = door.get("/v1/health", headers={"X-Request-ID": "a b"})
    assert bad.headers["x-request-id"] != "a b"


def test_pages_of_other_sites_may_not_read_answers(door: TestClient) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for found in (
        door.options(EVENTS, headers=asked),
        door.get("/v1/health", headers={"Origin": "https://elsewhere.example"}),
    ):
        assert not [name for name in found.headers if name.startswith("access-control")]


def test_without_keys_only_local_names_are_answered(door: TestClient) -> None:
    for name in ("elsewhere.example", "localhost.elsewhere.example", "127.0.0.1:8000:1", ""):
        found = door.get("/v1/health", headers={"Host": name})
        assert "answers to localhost alone" in answered(found, 400)["detail"]
    for name in ("127.0.0.1:8000", "LOCALHOST", "[::1]:8000"):
        assert door.get("/v1/health", headers={"Host": name}).status_code == 200


def test_a_key_opens_what_its_scopes_say_and_nothing_after_it_is_revoked(
    serve: Serve, model: Path
) -> None:
    client = serve(model, keys=True)
    store = client.app.state.service.store  # type: ignore[attr-defined]
    keys = {scope: add_key(store.database, scope, [scope]) for scope in ("read", "write", "admin")}

    def status(scope: str | None, verb: str, path: str, body: Any = None) -> int:
        headers = {} if scope is None else {"Authorization": f"Bearer {keys[scope][1]}"}
        return int(client.request(verb, path, json=body, headers=headers).status_code)

    asked = [
        ("read", "POST", LISTS, {"user_id": "ann"}),
        ("read", "GET", "/v1/users/ann/history", None),
        ("read", "GET", "/v1/metrics", None),
        ("read", "GET", "/v1/model", None),
        ("write", "POST", EVENTS, GOOD),
        ("write", "POST", "/v1/users/ann/merge", {"session_id": "v"}),
        ("write", "PUT", "/v1/users/ann/profile", {"profile": {}}),
        ("admin", "DELETE", "/v1/users/ann", None),
        ("admin", "POST", "/v1/items/retire", {"item_ids": ["no"]}),
        ("admin", "POST", "/v1/model", {"folder": "no"}),
    ]
    for needed, verb, path, body in asked:
        assert status(None, verb, path, body) == 401, path
        for scope in keys:
            allowed = status(scope, verb, path, body) not in (401, 403)
            assert allowed == (scope == needed), (path, scope)
    for path in ("/v1/health", "/v1/ready"):
        assert status(None, "GET", path) == 200
    revoke_key(store.database, keys["read"][0].id)
    after_a_second(client)
    assert status("read", "POST", LISTS, {"user_id": "ann"}) == 401


def test_the_description_has_an_example_and_the_problems_of_every_endpoint(
    door: TestClient,
) -> None:
    described = answered(door.get("/v1/openapi.json"))
    schemas = described["components"]["schemas"]
    assert len(described["paths"]) >= 18
    for path, verbs in described["paths"].items():
        for verb, endpoint in verbs.items():
            assert endpoint["summary"], (verb, path)
            assert endpoint["description"], (verb, path)
            if path in ("/v1/health", "/v1/metrics"):
                continue
            content = endpoint["responses"]["422"]["content"]
            assert list(content) == ["application/problem+json"], (verb, path)
            for kind, body in endpoint.get("requestBody", {}).get("content", {}).items():
                name = body["schema"].get("$ref", "").rpartition("/")[2]
                fields = schemas.get(name, {}).get("properties", {})
                some = any("examples" in field for field in fields.values()) or "$ref" in str(
                    fields
                )
                assert some or "example" in body, (verb, path, kind)
    assert "HTTPValidationError" not in schemas


def test_metrics_count_by_route_and_hold_nobody(client: TestClient) -> None:
    client.post(LISTS, json={"user_id": "Zaphod-42"})
    client.get("/v1/users/Zaphod-42/history")
    found = client.get("/v1/metrics").text
    route = 'method="GET",route="/v1/users/{user_id}/history",status="200"'
    assert f"metarec_requests_total{{{route}}}" in found
    client.request("ZAPHOD", "/v1/health")
    assert 'method="none",route="/v1/health",status="405"' in client.get("/v1/metrics").text
    assert "zaphod" not in client.get("/v1/metrics").text.lower()


def test_the_log_tells_the_route_and_never_the_person(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    log = logging.getLogger("metarec.serving")
    formatter = log.handlers[0].formatter
    assert formatter is not None
    monkeypatch.setattr(log.handlers[0], "emit", lambda r: lines.append(formatter.format(r)))

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Zaphod-42 did it")

    people = client.app.state.service.people  # type: ignore[attr-defined]
    client.get("/v1/users/Zaphod-42/history", headers={"X-Request-ID": "seen"})
    client.post(EVENTS, json={"user_id": "Zaphod-42", "item_id": "x", "colour": 1})
    monkeypatch.setattr(people, "of", broken)
    problem = answered(client.post(LISTS, json={"user_id": "Zaphod-42"}), 500)
    assert "Zaphod" not in json.dumps(problem) + "".join(lines)
    first, second, third = map(json.loads, lines)
    assert (first["route"], first["request_id"]) == ("/v1/users/{user_id}/history", "seen")
    assert (second["status"], second["level"]) == (422, "info")
    assert (third["status"], third["error"], third["level"]) == (500, "RuntimeError", "error")
    assert any("test_api_door.py" in place for place in third["at"])


def test_what_a_model_cannot_do_is_a_warning_in_the_log_and_no_error(
    serve: Serve, row: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, levels = serve(row), list[str]()
    handler = logging.getLogger("metarec.serving").handlers[0]
    monkeypatch.setattr(handler, "emit", lambda record: levels.append(record.levelname))
    answered(client.post("/v1/questions", json={"user_id": "ann"}), 501)
    answered(client.post(LISTS, json={"user_id": "ann", "policy": "thompson"}), 501)
    assert levels == ["WARNING", "WARNING"]


def test_a_store_that_cannot_answer_is_503(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = client.app.state.service.store  # type: ignore[attr-defined]
    with store.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE events RENAME TO elsewhere")
    found = client.post(LISTS, json={"user_id": "ann"})
    assert "says: no such table" in answered(found, 503)["detail"]
    assert found.headers["retry-after"] == "1"
    assert client.get("/v1/ready").status_code == 503
    assert client.get("/v1/health").status_code == 200


@pytest.mark.parametrize(
    ("most", "said", "parts", "status"),
    [(6, "", 2, 413), (17, "", 3, 413), (18, "", 3, 200), (17, "18", 0, 413), (18, "18", 3, 200)],
)
def test_a_body_is_read_as_far_as_it_may_go(most: int, said: str, parts: int, status: int) -> None:
    read: list[int] = []
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        read.append(len(read))
        return {"type": "http.request", "body": b"six on", "more_body": len(read) < 3}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200})

    headers = [(b"content-length", said.encode())] if said else []
    scope = {"type": "http", "headers": headers, "method": "POST", "path": "/v1/events"}
    asyncio.run(limits.Limits(application, most=most)(scope, receive, send))
    assert (len(read), sent[0]["status"]) == (parts, status)
