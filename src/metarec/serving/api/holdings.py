"""What the store holds, in numbers of which none is about anybody."""

import time

import numpy as np
from fastapi import APIRouter
from pydantic import Field

from metarec.serving.api.access import READ
from metarec.serving.api.problems import told
from metarec.serving.api.service import Here
from metarec.serving.api.shapes import Shape
from metarec.serving.api.turns import OneTurn
from metarec.serving.store.counts import counts_of, shown_of_late

router = APIRouter(
    prefix="/v1", route_class=OneTurn, tags=["service"], responses=told(), dependencies=[READ]
)


class Coverage(Shape):
    """How much of the catalogue was shown, in the newest lists that were recorded."""

    lists: int = Field(description="The newest recorded lists, at most 1,000.")
    items: int = Field(description="Items on offer that stand in them.")
    share: float | None = Field(description="Of all items on offer; null: no list was recorded.")
    since: float | None = Field(description="When the oldest was shown, in seconds since 1970.")


class StoreOut(Shape):
    """What the store holds."""

    events: int
    people: int = Field(description="Who has an event; a merged session is its user.")
    profiles: int
    lists: int = Field(description="Recorded lists (`record: true`).")
    forgotten: int = Field(description="People who were forgotten: receipts.")
    coverage: Coverage


@router.get("/store", summary="How much the store holds")
def holdings(service: Here) -> StoreOut:
    """Counts of the store, and the share of the catalogue that was shown of late. It counts anew at
    each call: about a second for ten million events."""
    catalogue = service.following.served.model.catalogue
    offered = catalogue.ids[np.flatnonzero(catalogue.on_offer(time.time()))]
    counts = counts_of(service.store.database)
    shown = shown_of_late(service.store.database, set(offered))
    share = shown.items / len(offered) if shown.lists and len(offered) else None
    return StoreOut(
        events=counts.events,
        people=counts.people,
        profiles=counts.profiles,
        lists=counts.lists,
        forgotten=counts.forgotten,
        coverage=Coverage(lists=shown.lists, items=shown.items, share=share, since=shown.since),
    )
