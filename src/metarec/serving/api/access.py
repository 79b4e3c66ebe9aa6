"""Who may ask: a key as a bearer token, with the scope that an endpoint needs."""

import math
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from metarec.contracts import DataError
from metarec.serving.api.browsers import check_browser
from metarec.serving.api.service import Here, Service
from metarec.serving.store.keys import BROWSER, ApiKey

BEARER = HTTPBearer(auto_error=False, description="A key of `metarec keys add`.")
Token = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


def allowed(scope: str) -> Callable[..., Awaitable[None]]:
    """Refuses who has no key with this scope, where the service asks for keys."""

    async def check(request: Request, service: Here, token: Token) -> None:
        keys = service.keys
        if keys.is_stale:
            await run_in_threadpool(keys.look)
        if not keys.asked:
            return
        headers = {"WWW-Authenticate": "Bearer"}
        if token is None:
            detail = "send a key: `Authorization: Bearer mr_...`; metarec keys add makes one"
            raise HTTPException(401, detail, headers)
        key = await run_in_threadpool(keys.of, token.credentials)
        if key is None:
            raise HTTPException(401, "the key is unknown or revoked", headers)
        _check_rate(service, key)
        if BROWSER in key.scopes:
            await check_browser(request, key)
        elif scope not in key.scopes:
            raise HTTPException(403, f"the key lacks the scope {scope}")

    return check


def _check_rate(service: Service, key: ApiKey) -> None:
    if key.per_minute is None:
        return
    wait = service.rates.wait(key.id, key.per_minute)
    if wait > 0:
        seconds = math.ceil(wait)
        detail = f"the key may ask {key.per_minute:,} times a minute; ask again in {seconds} s"
        raise HTTPException(429, detail, {"Retry-After": str(seconds)})


async def known_parameters(request: Request) -> None:
    """Refuse a parameter of the URL that an endpoint does not have: it would be ignored; async,
    since a thread would cost more than it does."""
    route = request.scope["route"]
    known = {param.alias for param in route.dependant.query_params}
    if unknown := sorted(set(request.query_params) - known):
        there = f"there are: {', '.join(sorted(known))}" if known else "it has none"
        raise DataError(f"there is no parameter {', '.join(unknown)} of this path; {there}")


READ: Any = Depends(allowed("read"))
WRITE: Any = Depends(allowed("write"))
ADMIN: Any = Depends(allowed("admin"))
