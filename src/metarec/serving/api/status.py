"""How the service is: alive, ready, which model answers and what it can do, and the metrics."""

import time
from pathlib import Path as FilePath
from typing import Literal, get_args

import numpy as np
from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from metarec.contracts import EventKinds, Recommender, UnsupportedError
from metarec.contracts.event_kinds import ANY_KIND
from metarec.meta.abilities import Adapts, Asks, FollowsItems
from metarec.policies import exploring
from metarec.serving.api.access import ADMIN, READ
from metarec.serving.api.explored import PolicyName
from metarec.serving.api.problems import told
from metarec.serving.api.service import Here, Service
from metarec.serving.api.shapes import Shape, Text
from metarec.serving.api.turns import OneTurn
from metarec.serving.metrics import exposition
from metarec.serving.models import ItemsOf, Served
from metarec.serving.person import known_person
from metarec.serving.store.shops import scale_of
from metarec.serving.swapping import put_in_service

router = APIRouter(prefix="/v1", route_class=OneTurn, tags=["service"])


class Abilities(Shape):
    """What the model can do; what it cannot is answered 501."""

    adapts: bool = Field(description="Becomes one person's own; else histories are read anew.")
    explains: bool
    asks: bool
    knows_how_sure: bool = Field(description="False: every `std` is null.")
    similar_items: bool
    items_change: bool = Field(description="Items are added and changed without another fit.")
    rank_by: bool = Field(description="Several orders: both, choice, rating.")
    policies: list[PolicyName] = Field(description="By which lists can be chosen.")


class ModelOut(Shape):
    """The model that answers."""

    version: str = Field(examples=["3f9a1c2b7d10+2"])
    name: str = Field(description="Its class.", examples=["MetaRecommender"])
    hash: str
    predicts: Literal["ratings", "events"]
    items: int
    on_offer: int
    scale: tuple[float, float] | None = Field(
        description="The smallest and largest rating; null without ratings, or where none is known."
    )
    target_kinds: list[str]
    negative_kinds: list[str]
    can: Abilities
    trouble: str = Field(
        description="Why a newer model that was put in service does not answer here; else empty."
    )


class Health(Shape):
    """Whether the process answers."""

    status: Literal["ok"] = "ok"
    trouble: str = Field(
        default="", description="Why the newest model does not answer, where the one before does."
    )


class SwapIn(Shape):
    """A saved model, in a folder that the service's machine has."""

    folder: Text = Field(examples=["/srv/models/tonight.model"])
    items: ItemsOf = Field(
        default="store",
        description="`store`: items that were changed here stay so; `model`: the folder's count.",
    )


@router.get("/health", summary="Is the process alive")
def health() -> Health:
    """Answers while the process does."""
    return Health()


@router.get("/ready", summary="May requests come", responses=told())
def ready(service: Here) -> Health:
    """200 where the store answers and a model does; 503 else."""
    service.store.moment("")
    return Health(trouble=service.following.trouble)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    dependencies=[READ],
    response_class=PlainTextResponse,
)
def metrics() -> Response:
    """Counts and times of all processes of this service, and nothing of any person."""
    return PlainTextResponse(exposition(), media_type="text/plain; version=0.0.4")


@router.get("/model", summary="The model that answers", dependencies=[READ], responses=told())
def model(service: Here) -> ModelOut:
    """Its version, what it can do, and its items."""
    return status_of(service, service.following.caught_up(), service.following.trouble)


@router.post(
    "/model", summary="Put another model in service", dependencies=[ADMIN], responses=told()
)
def swap(body: SwapIn, service: Here) -> ModelOut:
    """Check a saved model, and let it answer from now on, in every process; no request fails.

    Where a check fails the old one answers on, and the answer says why (422).
    """
    served = put_in_service(service.store, FilePath(body.folder), body.items)
    service.following.take(served)
    return status_of(service, served, "")


def status_of(service: Service, served: Served, trouble: str) -> ModelOut:
    """The model as it is told."""
    answering = served.model
    kinds: EventKinds = getattr(answering, "event_kinds", ANY_KIND)
    return ModelOut(
        version=served.version,
        name=type(answering).__name__,
        hash=served.activation.hash,
        predicts="ratings" if answering.predicts_ratings else "events",
        items=len(answering.catalogue),
        on_offer=int(answering.catalogue.on_offer(time.time()).sum()),
        scale=scale_of(service.store, answering),
        target_kinds=list(kinds.target),
        negative_kinds=list(kinds.negative),
        can=abilities_of(answering),
        trouble=trouble,
    )


def abilities_of(answering: Recommender) -> Abilities:
    """What a model can do, asked of the model itself."""
    adapts = isinstance(answering, Adapts)
    probe = answering.recommend([[]], 1)
    return Abilities(
        adapts=adapts,
        explains=adapts,
        asks=isinstance(answering, Asks) or (adapts and answering.has_uncertainty),
        knows_how_sure=bool(answering.has_uncertainty and np.isfinite(probe.stds).any()),
        similar_items=_has_similar(answering),
        items_change=isinstance(answering, FollowsItems),
        rank_by=adapts and answering.predicts_ratings,
        policies=_policies(answering),
    )


def _policies(answering: Recommender) -> list[PolicyName]:
    """The policies for which a model knows enough."""
    outlook = known_person(answering, []).outlook(1, draws=1, rng=np.random.default_rng(0))
    found: list[PolicyName] = []
    for name in get_args(PolicyName):
        try:
            exploring(name).slates(outlook, 1)
        except UnsupportedError:
            continue
        found.append(name)
    return found


def _has_similar(answering: Recommender) -> bool:
    try:
        answering.similar([str(answering.catalogue.ids[0])], 1)
    except UnsupportedError:
        return False
    return True
