"""Errors as one clear answer each (RFC 9457), with no more in it than the caller may see."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException

from metarec.contracts import DataError, UnsupportedError
from metarec.serving.cursors import StaleCursor
from metarec.serving.store import KeyConflict, StoreError
from metarec.serving.syncing import MostLeave

Body = TypeVar("Body", bound=BaseModel)
MOST_TOLD = 20
"""Faults of one request that are told; the rest is counted."""
JSON = "application/problem+json"


class Problem(BaseModel):
    """What is wrong with a request."""

    type: str = Field(examples=["urn:metarec:invalid"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["k must be at least 1, got 0"])
    request_id: str = Field(examples=["7f3c2a9d1b4e4f0a"])


class NotFoundError(DataError):
    """What the path names is not there."""


TITLES = {
    400: ("bad-request", "Bad Request"),
    401: ("unauthorised", "Unauthorized"),
    403: ("forbidden", "Forbidden"),
    404: ("not-found", "Not Found"),
    405: ("method", "Method Not Allowed"),
    409: ("conflict", "Conflict"),
    410: ("gone", "Gone"),
    413: ("too-large", "Content Too Large"),
    415: ("media-type", "Unsupported Media Type"),
    422: ("invalid", "Unprocessable Content"),
    429: ("too-many", "Too Many Requests"),
    500: ("bug", "Internal Server Error"),
    501: ("unsupported", "Not Implemented"),
    503: ("unavailable", "Service Unavailable"),
}
NO_FIELD = {
    "context": "no policy of the service reads the context of a request, and it would be ignored; "
    "leave it out, or use LinUCB of metarec.policies in Python. Of an event it is kept for a fit"
}
"""What callers expect where there is no such field, and what there is instead."""
OFTEN = (400, 401, 403, 413, 422, 429, 503)
"""What every endpoint may answer besides."""


def told(*more: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an endpoint may answer, for its documentation."""
    return {
        status: {"description": TITLES[status][1], "model": Problem}
        for status in sorted({*OFTEN, *more})
    }


def as_problems(described: dict[str, Any]) -> dict[str, Any]:
    """The description of the endpoints, with the media type that problems have."""
    for endpoint in (e for verbs in described["paths"].values() for e in verbs.values()):
        for status, answer in endpoint["responses"].items():
            content = answer.get("content", {})
            if int(status) >= 400 and "application/json" in content:
                content[JSON] = content.pop("application/json")
    return described


def problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer that says what is wrong."""
    kind, title = TITLES.get(status, ("error", "Error"))
    request_id = request.scope.get("state", {}).get("request_id", "")
    body = Problem(
        type=f"urn:metarec:{kind}", title=title, status=status, detail=detail, request_id=request_id
    )
    return JSONResponse(body.model_dump(), status, dict(headers or {}), JSON)


def invalid(errors: Sequence[Any]) -> str:
    """What a request's body or parameters lack, each with its place."""
    lines = [f"{_place(error['loc'])}: {_said(error)}" for error in errors[:MOST_TOLD]]
    more = len(errors) - MOST_TOLD
    return "; ".join([*lines, *([f"and {more:,} more"] if more > 0 else [])])


def asked(kind: type[Body], **fields: Any) -> Body:
    """A body made of parameters; what it refuses is the caller's, as in a body that was sent."""
    try:
        return kind(**fields)
    except ValidationError as error:
        raise DataError(invalid(error.errors())) from error


def _place(loc: Sequence[Any]) -> str:
    """`events[3].value`: where in the body, or which parameter."""
    path = ""
    for part in loc[1:] if loc and loc[0] in ("body", "query", "path", "header") else loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "the body"


def _said(error: Mapping[str, Any]) -> str:
    message = str(error["msg"])
    if error["type"] == "extra_forbidden":
        return NO_FIELD.get(error["loc"][-1], "there is no such field")
    if error["type"] == "json_invalid":
        return f"no JSON: {error.get('ctx', {}).get('error', message)}"
    return message.removeprefix("Value error, ")


def add_problems(app: FastAPI) -> None:
    """Let every error of the application be a problem."""
    statuses: dict[type[Exception], int] = {
        KeyConflict: 409,
        MostLeave: 409,
        NotFoundError: 404,
        StaleCursor: 410,
        DataError: 422,
        UnsupportedError: 501,
    }
    for kind, status in statuses.items():
        app.add_exception_handler(kind, _handler(status))

    @app.exception_handler(StoreError)
    def unavailable(request: Request, error: StoreError) -> JSONResponse:
        return problem(request, 503, str(error), {"Retry-After": "1"})

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(request, 422, invalid(error.errors()))

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error.__cause__, UnicodeDecodeError):  # FastAPI tells 400, and no place
            return problem(request, 422, "the body: no JSON: it is not UTF-8")
        return problem(request, error.status_code, str(error.detail), error.headers)


def _handler(status: int) -> Any:
    def handler(request: Request, error: Exception) -> JSONResponse:
        return problem(request, status, str(error))

    return handler
