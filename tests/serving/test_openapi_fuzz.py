"""Whatever is sent to the service, what comes back is as its description says, and never a bug."""

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")
pytest.importorskip("schemathesis", reason="needs metarec[dev]")

import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from metarec.contracts import Dataset

from .services import Serve
from .test_api import ids, told

EXAMPLES = 6
LOCAL = {"Host": "localhost"}
HELD = [status_code_conformance, content_type_conformance, response_schema_conformance]
CALM = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@schemathesis.serializer("application/x-ndjson")
def lines(_: object, value: Any) -> bytes:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "surrogatepass")


@pytest.fixture
def client(serve: Serve, model: Path, shop: Dataset) -> TestClient:
    """A service in which something has happened."""
    client = serve(model)
    told(client, "ann", *ids(shop, 1, 2, 3))
    return client


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("mode", GenerationMode)
def test_every_operation_answers_as_it_is_described(
    client: TestClient, mode: GenerationMode
) -> None:
    load_all_checks()
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", client.app, headers=LOCAL)
    looked = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        looked.add(operation.label)

        @CALM
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers(case: Case) -> None:
            response = case.call(headers=LOCAL)
            assert response.status_code != 500, (case.as_curl_command(), response.text)
            case.validate_response(response, checks=HELD)

        with suppress(Unsatisfiable):  # of what takes nothing, nothing is wrong
            answers()
    paths = client.app.openapi()["paths"]  # type: ignore[attr-defined]
    assert len(looked) == sum(map(len, paths.values()))


def examples(client: TestClient) -> dict[tuple[str, str], Any]:
    """A body for each operation that takes one, made of the examples of its description."""
    described = client.app.openapi()  # type: ignore[attr-defined]
    schemas, found = described["components"]["schemas"], {}
    for path, verbs in described["paths"].items():
        for verb, operation in verbs.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                fields = schemas.get(name, {}).get("properties", {})
                body = {n: f["examples"][0] for n, f in fields.items() if f.get("examples")}
                found[verb.upper(), path.replace("{", "").replace("}", "")] = body
    return found


ODD: list[Any] = [
    *(None, True, -1, 0, 2**63, 10**400, 1e308, "", "x", "\x00", "\ud800", "9" * 5000, "\u202e<b>"),
    *([], {}, [[]], [None], {"": {}}, {"a": [1, {"b": []}]}, [{}] * 50),
]


def damaged(body: dict[str, Any], rng: random.Random) -> bytes:
    """The body with a fault: of its values, its fields, or its bytes."""
    told = dict(body)
    for _ in range(rng.randint(0, 3)):
        name = rng.choice([*told, "no such field", "user_id", "k"])
        told[name] = rng.choice(ODD)
    raw = json.dumps(told).encode()
    way = rng.randrange(6)
    if way == 0:
        return raw[: rng.randrange(len(raw))]
    if way == 1:
        place = rng.randrange(len(raw))
        return raw[:place] + bytes([rng.randrange(256)]) + raw[place + 1 :]
    if way == 2:
        return b"[" * rng.choice([1, 10, 100_000]) + raw
    if way == 3:
        return raw.replace(b"1", b"NaN").replace(b"0", b"-Infinity")
    return raw


@pytest.mark.slow
def test_500_bodies_with_a_fault_are_answered_and_none_is_a_bug(client: TestClient) -> None:
    rng, asked = random.Random(0), examples(client)
    assert len(asked) > 12
    statuses: set[int] = set()
    for number in range(500):
        (verb, path), body = rng.choice(list(asked.items()))
        kind = rng.choice(["application/json"] * 4 + ["application/x-ndjson", "text/plain"])
        raw = damaged(body, rng)
        found = client.request(verb, path, content=raw, headers={"Content-Type": kind})
        assert found.status_code < 500 or found.status_code == 501, (number, verb, path, raw[:300])
        if found.is_error:
            assert found.headers["content-type"] == "application/problem+json"
            assert found.json()["detail"]
        statuses.add(found.status_code)
    assert {200, 422} <= statuses
    assert client.get("/v1/ready").status_code == 200
