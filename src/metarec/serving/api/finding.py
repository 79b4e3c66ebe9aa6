"""Items by their words, and by their ids: what somebody looks for, and what a page shows of it."""

import time
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from fastapi.encoders import jsonable_encoder
from jaxtyping import Int
from pydantic import Field

from metarec.contracts import DataError
from metarec.contracts.printing import counted
from metarec.serving.api.access import READ
from metarec.serving.api.asking import K
from metarec.serving.api.problems import told
from metarec.serving.api.service import Here
from metarec.serving.api.shapes import Id, Shape
from metarec.serving.api.turns import OneTurn
from metarec.serving.searching import Search

router = APIRouter(
    prefix="/v1/items", route_class=OneTurn, tags=["items"], responses=told(), dependencies=[READ]
)

Words = Annotated[str, Query(max_length=200)]


class Found(Shape):
    """One item that was looked for."""

    item_id: str
    title: str | None = None
    on_offer: bool
    content: dict[str, Any]


class FoundOut(Shape):
    """Items that were looked for, the closest first."""

    model: str = Field(examples=["3f9a1c2b7d10+0"])
    items: list[Found]
    found: int = Field(description="How many there are; `items` has the first `k`.")
    telling: list[str] = Field(
        description="Columns of the content that tell most at a glance, at most three.",
        examples=[["brand", "tags", "price"]],
    )
    notes: list[str] = Field(default=[])


@router.get("", summary="Find items by their words, or look several up")
def find(
    service: Here,
    q: Words | None = None,
    k: Annotated[K, Query()] = 10,
    item_id: Annotated[list[Id] | None, Query(max_length=100)] = None,
) -> FoundOut:
    """Items on offer whose texts hold all words of `q`, whatever their case and accents; the last
    word may go on. Those that have them in their title come first, then what a newcomer would be
    shown first; without `q` there is that order alone. Or the items named by `item_id`, as named.
    """
    if q is not None and item_id is not None:
        raise DataError("q looks for words and item_id names items; send one of them")
    served = service.following.caught_up()
    search = service.searching.of(served.model)
    notes: list[str] = []
    if item_id is None:
        rows, count = search.rows(q or "", k, time.time())
    else:
        at = search.catalogue.index(item_id)
        rows, count = at[at >= 0], int((at >= 0).sum())
        if count < len(at):
            notes = [f"{counted(len(at) - count, 'item')} that the model does not know"]
    return FoundOut(
        model=served.version,
        items=found_of(search, rows),
        found=count,
        telling=search.telling,
        notes=notes,
    )


def found_of(search: Search, rows: Int[np.ndarray, " found"]) -> list[Found]:
    """Rows of a catalogue with their content."""
    catalogue = search.catalogue
    on_offer = catalogue.on_offer(time.time())
    titles = catalogue.titles
    content = jsonable_encoder(catalogue.frame[rows].to_dicts()) or [{}] * len(rows)
    return [
        Found(
            item_id=catalogue.ids[row],
            title=None if titles is None else titles[row],
            on_offer=bool(on_offer[row]),
            content=said,
        )
        for row, said in zip(rows, content, strict=True)
    ]
