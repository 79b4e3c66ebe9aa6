"""Keys that stand in a page: which routes they open, for whom, and to pages of which sites."""

import json
import re
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metarec.serving.keyring import Keyring
from metarec.serving.store import StoreError
from metarec.serving.store.keys import ApiKey

SESSION = re.compile(r"session:[A-Za-z0-9_-]{22,64}")
"""One browser: an id that it makes itself. 22 characters hold 128 bits, which nobody guesses."""
OPEN = frozenset(
    {
        ("POST", "/v1/events"),
        ("POST", "/v1/recommendations"),
        ("GET", "/v1/items/{item_id}/similar"),
        ("GET", "/v1/popular"),
        ("GET", "/v1/trending"),
        ("GET", "/v1/newest"),
    }
)
"""What a browser key may ask; what is posted is about the browser's own session."""
PATHS = [(verb, re.compile(re.sub(r"\{\w+\}", ".+", path))) for verb, path in sorted(OPEN)]
NEVER = ("explain", "record")
"""Fields of a list that would tell a session more than its items, or be kept."""
ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-Request-ID",
    "Access-Control-Max-Age": "600",
}
EXPOSED = "Retry-After, X-Request-ID"


async def check_browser(request: Request, key: ApiKey) -> None:
    """Refuse what a browser key may not ask."""
    if request.headers.get("origin", "") not in key.origins:
        raise HTTPException(403, "the key is for pages of other origins than this request's")
    if (request.method, request.scope["route"].path_format) not in OPEN:
        detail = "a browser key tells events and reads lists of its session alone; ask for this "
        raise HTTPException(403, detail + "from your own backend, with another key")
    if request.method == "POST":
        _check_session(await request.body())


def _check_session(body: bytes) -> None:
    try:
        told = json.loads(body, object_pairs_hook=_once)
    except ValueError:
        told = None
    user = told.get("user_id") if isinstance(told, dict) else None
    if not isinstance(user, str) or not SESSION.fullmatch(user):
        raise HTTPException(
            403,
            "a browser key is for sessions: send a user_id such as session:ID, the ID made by the "
            "browser, such as by crypto.randomUUID()",
        )
    if asked := [name for name in NEVER if told.get(name)]:
        raise HTTPException(403, f"a browser key cannot ask for {' and '.join(asked)}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which each name stands once: of two, readers would take different ones."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


class Pages:
    """Lets pages of the sites that have a browser key read answers, and pages of no other."""

    def __init__(self, app: ASGIApp, keys: Keyring) -> None:
        self.app, self.keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        origin = Headers(scope=scope).get("origin") if scope["type"] == "http" else None
        if origin is None or not await self._is_open(scope, origin):
            await self.app(scope, receive, send)
            return

        async def readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = origin
                headers["Access-Control-Expose-Headers"] = EXPOSED
                headers.add_vary_header("Origin")
            await send(message)

        asks_first = "access-control-request-method" in Headers(scope=scope)
        if scope["method"] == "OPTIONS" and asks_first:
            start = {"type": "http.response.start", "status": 204, "headers": []}
            for name, value in ALLOWED.items():
                MutableHeaders(scope=start)[name] = value
            await readable(start)
            await send({"type": "http.response.body", "body": b""})
            return
        await self.app(scope, receive, readable)

    async def _is_open(self, scope: Scope, origin: str) -> bool:
        """Whether pages of this origin may ask for what is asked for."""
        asked = Headers(scope=scope).get("access-control-request-method", scope["method"])
        if not any(verb == asked and path.fullmatch(scope["path"]) for verb, path in PATHS):
            return False
        try:
            if self.keys.is_stale:
                await run_in_threadpool(self.keys.look)
        except StoreError:
            return False
        return origin in self.keys.sites
