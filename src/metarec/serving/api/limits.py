"""How much a request may be, and by which names a service without keys may be called."""

import re
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metarec.serving.api.problems import problem
from metarec.serving.keyring import Keyring
from metarec.serving.store import StoreError

BODY_BYTES = 10 * 2**20
SNAPSHOT = ("PUT", "/v1/items")
SNAPSHOT_BYTES = 100 * 2**20
SNAPSHOT_ITEMS = 200_000
EVENTS = 10_000
ITEMS = 1_000
IDS = 10_000
LONGEST_LIST = 1_000
USERS = 1_000
PLACES = 50_000
"""Of all lists of one request together."""
ID_LENGTH = 256
LARGEST = 1e12
"""Of a rating, a weight or a reward, up and down."""
TEXT_LENGTH = 10_000
CONTEXT_FIELDS = 50
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""A page elsewhere may let its own name lead here, but cannot be called by one of these."""


class TooLarge(Exception):
    """A body that goes on beyond what is read."""


class Limits:
    """Refuses bodies that are too large, also those that do not say how large they are."""

    def __init__(self, app: ASGIApp, most: int = BODY_BYTES) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = SNAPSHOT_BYTES if (scope["method"], scope["path"]) == SNAPSHOT else self.most
        said = Headers(scope=scope).get("content-length", "0")
        if said.isdecimal() and int(said) > most:
            await self._refuse(scope, receive, send, most)
            return
        read, over, begun = 0, False, False

        async def counted() -> Message:
            nonlocal read, over
            message = await receive()
            read += len(message.get("body", b""))
            over = over or read > most
            if over:
                raise TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            if not over:  # else it is what the application makes of a body that broke off
                begun = True
                await send(message)

        try:
            await self.app(scope, counted, noted)
        except Exception:
            if not over:
                raise
        if over and not begun:
            await self._refuse(scope, receive, send, most)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        detail = f"a body may have {most:,} bytes; send it in parts"
        await problem(Request(scope), 413, detail)(scope, receive, send)


class LocalNames:
    """Refuses requests that call this machine by a name that others could give it, for as long as
    no keys are asked for."""

    def __init__(self, app: ASGIApp, keys: Keyring) -> None:
        self.app, self.keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and not self.keys.asked:
            host = re.sub(r":\d+$", "", Headers(scope=scope).get("host", ""))
            if host.lower() not in LOCAL_NAMES and not await self._asked_now():
                detail = "a service without keys answers to localhost alone; make a key for others"
                await problem(Request(scope), 400, detail)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _asked_now(self) -> bool:
        """Whether the first key was made since the last look."""
        with suppress(StoreError):
            await run_in_threadpool(self.keys.look)
        return self.keys.asked
