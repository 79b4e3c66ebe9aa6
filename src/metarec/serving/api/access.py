"""Who may ask: a key as a bearer token, with the scope that an endpoint needs."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from metarec.contracts import DataError
from metarec.serving.api.service import Here
from metarec.serving.store.keys import key_of

BEARER = HTTPBearer(auto_error=False, description="A key of `metarec keys add`.")
Token = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


def allowed(scope: str) -> Callable[..., Awaitable[None]]:
    """Refuses who has no key with this scope, where the service asks for keys."""

    async def check(service: Here, token: Token) -> None:
        if not service.needs_keys:
            return
        headers = {"WWW-Authenticate": "Bearer"}
        if token is None:
            detail = "send a key: `Authorization: Bearer mr_...`; metarec keys add makes one"
            raise HTTPException(401, detail, headers)
        key = await run_in_threadpool(key_of, service.store.database, token.credentials)
        if key is None:
            raise HTTPException(401, "the key is unknown or revoked", headers)
        if scope not in key.scopes:
            raise HTTPException(403, f"the key lacks the scope {scope}")

    return check


def known_parameters(request: Request) -> None:
    """Refuse a parameter of the URL that an endpoint does not have: it would be ignored."""
    route = request.scope["route"]
    known = {param.alias for param in route.dependant.query_params}
    if unknown := sorted(set(request.query_params) - known):
        there = f"there are: {', '.join(sorted(known))}" if known else "it has none"
        raise DataError(f"there is no parameter {', '.join(unknown)} of this path; {there}")


READ: Any = Depends(allowed("read"))
WRITE: Any = Depends(allowed("write"))
ADMIN: Any = Depends(allowed("admin"))
