"""Around every request: an id, a log line, a count, headers; and no word of whom it was about.

Written as plain ASGI, so that nothing of it buffers a body or costs a task.
"""

import json
import logging
import re
import sys
import time
import traceback
from secrets import token_hex
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metarec.contracts.wording import request_words
from metarec.serving.api.problems import problem
from metarec.serving.metrics import REQUESTS, SECONDS

LOG = logging.getLogger("metarec.serving")
GIVEN_ID = re.compile(r"[\w.-]{1,64}")
UNKNOWN = "none"
UNSUPPORTED = 501
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Others count as one: a caller could make a metric of every word."""
SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Watching:
    """Ids, log lines, metrics and headers of all answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if GIVEN_ID.fullmatch(given) else token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)  # the page has its own
            await send(message)

        error: Exception | None = None
        try:
            with request_words():  # the service may have been started by a shell
                await self.app(scope, receive, answer)
        except Exception as raised:
            error = raised
            detail = "a bug of the service, which its log tells under the request's id"
            await problem(Request(scope), 500, detail)(scope, receive, answer)
        _tell(scope, request_id, status, time.perf_counter() - started, error)


def _tell(
    scope: Scope, request_id: str, status: int, seconds: float, error: Exception | None
) -> None:
    """Count the request and write its line: the route as it is declared, never the path."""
    route = getattr(scope.get("route"), "path_format", UNKNOWN)
    method = scope["method"] if scope["method"] in METHODS else UNKNOWN
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)
    more: dict[str, Any] = {}
    if error is not None:  # its text may hold what people did; its place does not
        frames = traceback.extract_tb(error.__traceback__)[-5:]
        places = [f"{frame.filename}:{frame.lineno}" for frame in frames]
        more = {"error": type(error).__name__, "at": places}
    line = {
        "request_id": request_id,
        "method": method,
        "route": route,
        "status": status,
        "ms": round(1000 * seconds, 2),
    }
    LOG.log(_level_of(status), "request", extra={"told": line | more})


def _level_of(status: int) -> int:
    """How loud an answer is: what a model cannot do is a caller's to mend, and wakes nobody."""
    if status == UNSUPPORTED:
        return logging.WARNING
    return logging.ERROR if status >= 500 else logging.INFO


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The time, the level and what is told."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        return json.dumps(line | getattr(record, "told", {}), ensure_ascii=False)


def log_to_stderr() -> None:
    """Write the service's log, a line a request, to the standard error."""
    if not LOG.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
