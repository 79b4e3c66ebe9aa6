"""Bodies that are read as they came: lines of JSON, or JSON that may be large."""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from metarec.contracts import DataError
from metarec.serving.api.problems import invalid

LINES = ("application/x-ndjson", "application/jsonl", "application/json")
"""Kinds of bodies that a page of another site cannot send by itself."""


async def raw_body(request: Request) -> bytes:
    """The body as it came."""
    if (kind := _kind_of(request)) not in LINES:
        raise HTTPException(415, f"send lines as Content-Type: {LINES[0]}, got {kind or 'none'}")
    return await request.body()


def is_json(request: Request) -> bool:
    """True where the body says that it is one JSON value, and no lines."""
    return _kind_of(request) == "application/json"


def _kind_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


Line = TypeVar("Line", bound=BaseModel)


def parsed_lines(body: bytes, kind: type[Line]) -> list[Line]:
    """One value a line; a fault is told with its line."""
    found, faults = list[Line](), list[dict[str, Any]]()
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(kind.model_validate_json(line))
        except ValidationError as error:
            faults += [{**e, "loc": (f"line {number}", *e["loc"])} for e in error.errors()]
    if faults:
        raise DataError(invalid(faults))
    return found
