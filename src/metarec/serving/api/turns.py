"""Endpoints that take one turn of a thread: each hand-over costs a tenth of a millisecond."""

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool


class OneTurn(APIRoute):
    """A route that answers, and writes the answer as JSON, in one turn of one thread.

    FastAPI takes a second turn to check a plain function's answer against its own type, which mypy
    does, and writes it while all others wait.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        plain = not iscoroutinefunction(endpoint)
        status = settings.get("status_code")
        super().__init__(path, _in_one_turn(endpoint, status) if plain else endpoint, **settings)


def _in_one_turn(endpoint: Callable[..., Any], status: int | None) -> Callable[..., Any]:
    @wraps(endpoint)
    async def answer(**given: Any) -> Any:
        return await run_in_threadpool(_written, endpoint, status, given)

    return answer


def _written(endpoint: Callable[..., Any], status: int | None, given: Mapping[str, Any]) -> Any:
    """What the endpoint answers, as bytes; what it says of its `response` holds."""
    answer = endpoint(**given)
    if not isinstance(answer, BaseModel):
        return answer
    own: Response | None = given.get("response")
    said = own.status_code if own is not None else None
    body = answer.model_dump_json(by_alias=True).encode()
    response = Response(body, said or status or 200, media_type="application/json")
    if own is not None:
        response.raw_headers.extend(own.raw_headers)
    return response
