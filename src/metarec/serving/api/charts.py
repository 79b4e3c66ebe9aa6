"""Lists that are the same for everybody, and who would like an item."""

import time
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from metarec.serving.api.access import READ
from metarec.serving.api.answers import ListOut, list_of
from metarec.serving.api.asking import K, Where
from metarec.serving.api.lists import check_item
from metarec.serving.api.problems import told
from metarec.serving.api.service import Here, Service
from metarec.serving.api.shapes import Id, Shape, number
from metarec.serving.api.turns import OneTurn
from metarec.serving.charts import Chart
from metarec.serving.crowd import who_would_like
from metarec.serving.notes import noted

router = APIRouter(
    prefix="/v1", route_class=OneTurn, tags=["lists"], responses=told(404), dependencies=[READ]
)
Days = Annotated[int, Query(ge=1, le=366, description="The window's length; it ends now.")]


class Liker(Shape):
    """One person of the store whom an item would suit."""

    user_id: str
    rank: int
    ahead_of: float = Field(
        description="Share of the items on offer that stand behind it in this person's own order.",
        examples=[0.98],
    )
    score: float | None
    rating: float | None = Field(default=None, description="The rating to expect.")
    std: float | None = Field(default=None, description="Its standard deviation, or the score's.")


class LikersOut(Shape):
    """Whom an item would suit, most of all first."""

    model: str
    item_id: str
    people: list[Liker]
    considered: int = Field(description="People whose order was looked at: who came last.")
    notes: list[str] = Field(default=[])


@router.get("/popular", summary="What most people took")
def popular(
    service: Here,
    k: Annotated[K, Query()] = 10,
    where: Annotated[Where | None, Query()] = None,
) -> ListOut:
    """The `k` items that most people took; the score is how many.

    A person counts once an item, by events of the target kinds where the shop declares such, and
    never by negative ones. The counts are a minute old at most.
    """
    return _chart(service, "popular", 0, k, where)


@router.get("/trending", summary="What most people take of late")
def trending(
    service: Here,
    k: Annotated[K, Query()] = 10,
    where: Annotated[Where | None, Query()] = None,
    days: Days = 7,
) -> ListOut:
    """The same of the last `days` days alone, by the events' own clocks."""
    return _chart(service, "trending", days, k, where)


@router.get("/newest", summary="What came last")
def newest(
    service: Here,
    k: Annotated[K, Query()] = 10,
    where: Annotated[Where | None, Query()] = None,
) -> ListOut:
    """The `k` items that came last; the score is when, in seconds since 1970.

    An item came when its window opened (`available_from`), else when it was added here, else with
    the first event on it. One without all of these stands in no such list.
    """
    return _chart(service, "newest", 0, k, where)


@router.get("/items/{item_id:path}/people", summary="Who would like an item")
def people(
    service: Here,
    item_id: Annotated[Id, Path()],
    k: Annotated[K, Query()] = 10,
) -> LikersOut:
    """The `k` people of the store in whose own order the item stands highest; who has an event on
    it is not among them.

    Every person's whole order costs as much as a list, so at most 1,000 people are considered who
    came last, and fewer where the catalogue has more than 20,000 items: 20 million scores in all.
    """
    served = service.following.caught_up()
    check_item(served.model, item_id)
    with noted() as notes:
        found, considered = who_would_like(service.store, served, item_id, k, time.time())
    return LikersOut(
        model=served.version,
        item_id=item_id,
        people=[
            Liker(
                user_id=one.user_id,
                rank=rank,
                ahead_of=one.ahead_of,
                score=number(one.score),
                rating=number(one.rating),
                std=number(one.std),
            )
            for rank, one in enumerate(found, 1)
        ],
        considered=considered,
        notes=list(dict.fromkeys(notes)),
    )


def _chart(service: Service, chart: Chart, days: int, k: int, where: str | None) -> ListOut:
    served = service.following.caught_up()
    with noted() as notes:
        filters = {"at": time.time(), **({} if where is None else {"where": where})}
        found = service.charts.best(chart, days, k, served.model.catalogue, filters)  # type: ignore[arg-type]
        return list_of(served, found, None, notes)
