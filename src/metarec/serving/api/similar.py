"""What is like an item, or goes with a basket."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from metarec.serving.api.access import READ
from metarec.serving.api.answers import ListOut, list_of
from metarec.serving.api.asking import Filtered, K, Where
from metarec.serving.api.falling_back import check_fallback, fill
from metarec.serving.api.lists import check_items
from metarec.serving.api.problems import asked, told
from metarec.serving.api.service import Here
from metarec.serving.api.shapes import Id
from metarec.serving.api.turns import OneTurn
from metarec.serving.notes import noted

router = APIRouter(
    prefix="/v1", route_class=OneTurn, tags=["lists"], responses=told(404, 501), dependencies=[READ]
)


class SimilarIn(Filtered):
    """A basket of items, and what may stand beside it."""

    item_ids: list[Id] = Field(
        min_length=1,
        max_length=100,
        description="Of one item, a condition may name what it has: price < anchor.price.",
        examples=[["589", "12"]],
    )


@router.post("/similar", summary="What goes with a basket")
def similar(body: SimilarIn, service: Here) -> ListOut:
    """The `k` items that these speak for most."""
    served = service.following.served
    check_items(served.model, body.item_ids)
    with noted() as notes:
        check_fallback(body, served.model.catalogue, body.item_ids)
        filters = body.filters()
        found = served.model.similar(body.item_ids, body.k, **filters)
        answer = list_of(served, found, None, notes)
        fill(
            answer, body, filters, lambda k, **more: served.model.similar(body.item_ids, k, **more)
        )
    return answer


@router.get("/items/{item_id:path}/similar", summary="What is like an item")
def similar_to_one(
    service: Here,
    item_id: Annotated[Id, Path()],
    k: Annotated[K, Query()] = 10,
    where: Annotated[Where | None, Query()] = None,
    fallback_where: Annotated[Where | None, Query()] = None,
) -> ListOut:
    """The `k` items that one speaks for most; a condition may name what the item itself has, such
    as `price < anchor.price`."""
    said = {"k": k, "where": where, "fallback_where": fallback_where}
    return similar(asked(SimilarIn, item_ids=[item_id], **said), service)
