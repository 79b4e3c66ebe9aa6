"""The application: endpoints, errors, limits and what stands around every request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from metarec.contracts.version import __version__
from metarec.serving.api import (
    batch,
    charts,
    events,
    feedback,
    finding,
    holdings,
    items,
    lists,
    page,
    people,
    policies,
    similar,
    status,
    syncing,
)
from metarec.serving.api.access import known_parameters
from metarec.serving.api.browsers import Pages
from metarec.serving.api.limits import Limits, LocalNames
from metarec.serving.api.problems import add_problems, as_problems
from metarec.serving.api.service import Service
from metarec.serving.api.watching import Watching, log_to_stderr
from metarec.serving.notes import hear_warnings

OPENAPI = "/v1/openapi.json"
ABOUT = (
    "Tell what people do, and ask what to show them. What a model cannot do is answered 501; "
    "`GET /v1/model` says what it can. Errors are `application/problem+json`."
)


def create_app(service: Service) -> FastAPI:
    """The application that answers for a service."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hear_warnings()
        log_to_stderr()
        yield

    app = FastAPI(
        title="metarec",
        summary="A recommender that works from the first click.",
        description=ABOUT,
        version=__version__,
        openapi_url=OPENAPI,
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=_name_of,
    )
    app.state.service = service
    describe = app.openapi
    app.openapi = lambda: as_problems(describe())  # type: ignore[method-assign]
    for room in (
        events,
        lists,
        batch,
        similar,
        charts,
        feedback,
        policies,
        people,
        finding,
        syncing,
        items,
        status,
        holdings,
    ):
        app.include_router(room.router, dependencies=[Depends(known_parameters)])
    app.include_router(page.router)
    add_problems(app)
    app.add_middleware(Pages, keys=service.keys)
    app.add_middleware(LocalNames, keys=service.keys)
    app.add_middleware(Limits)
    app.add_middleware(Watching)
    return app


def _name_of(route: APIRoute) -> str:
    """What generated clients call an endpoint: its function."""
    return str(route.name)
