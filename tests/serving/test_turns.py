"""How often a request goes from the loop to a thread, and that its answer stays what it was."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Response
from fastapi.testclient import TestClient
from pydantic import BaseModel

from metarec.contracts import Dataset
from metarec.serving.api.turns import OneTurn


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was run in a thread."""
    ran: list[object] = []
    run: Callable[..., Any] = anyio.to_thread.run_sync

    async def counted(work: Callable[..., Any], *given: Any, **how: Any) -> Any:
        ran.append(work)
        return await run(work, *given, **how)

    monkeypatch.setattr(anyio.to_thread, "run_sync", counted)
    return ran


def test_a_question_and_an_event_take_one_turn_of_a_thread(
    client: TestClient, shop: Dataset, turns: list[object]
) -> None:
    item = str(shop.catalogue.ids[0])
    for path, body in (
        ("/v1/events", {"user_id": "ann", "item_id": item}),
        ("/v1/recommendations", {"user_id": "ann"}),
        ("/v1/recommendations/batch", {"user_ids": ["ann", "ben"]}),
    ):
        assert client.post(path, json=body).is_success  # what is read once has been read
        turns.clear()
        assert client.post(path, json=body).is_success
        assert len(turns) == 1, path


class Told(BaseModel):
    word: str
    number: float | None = None


@pytest.fixture
def answering() -> TestClient:
    router, app = APIRouter(route_class=OneTurn), FastAPI()

    @router.get("/plain")
    def plain() -> Told:
        return Told(word="grün")

    @router.get("/made", status_code=201)
    def made() -> Told:
        return Told(word="made", number=0.5)

    @router.get("/there", status_code=201)
    def there(response: Response) -> Told:
        response.status_code, response.headers["X-There"] = 200, "yes"
        return Told(word="there")

    @router.get("/words")
    def words() -> list[str]:
        return ["no", "body"]

    @router.get("/own")
    def own() -> Response:
        return Response(b"own", 202, media_type="text/plain")

    app.include_router(router)
    return TestClient(app)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("plain", 200, {"word": "grün", "number": None}),
        ("made", 201, {"word": "made", "number": 0.5}),
        ("there", 200, {"word": "there", "number": None}),
        ("words", 200, ["no", "body"]),
    ],
)
def test_an_answer_is_what_fastapi_would_make_of_it(
    answering: TestClient, path: str, status: int, body: object
) -> None:
    found = answering.get(f"/{path}")
    assert (found.status_code, found.json()) == (status, body)
    assert found.headers["content-type"] == "application/json"
    assert found.headers.get("x-there") == ("yes" if path == "there" else None)


def test_a_response_of_its_own_stays(answering: TestClient) -> None:
    found = answering.get("/own")
    assert (found.status_code, found.text) == (202, "own")


def test_an_answer_is_described_by_its_type(answering: TestClient) -> None:
    described = answering.get("/openapi.json").json()["paths"]["/made"]["get"]["responses"]
    schema = described["201"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Told"}
