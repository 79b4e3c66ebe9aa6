"""What is on offer, changed while the service runs."""

import time
from collections.abc import Sequence
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path
from fastapi.encoders import jsonable_encoder
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from metarec.serving.api import limits
from metarec.serving.api.access import ADMIN, READ
from metarec.serving.api.lists import check_item
from metarec.serving.api.problems import told
from metarec.serving.api.service import Here, Service
from metarec.serving.api.shapes import Id, Shape, When
from metarec.serving.api.turns import OneTurn
from metarec.serving.models import Served
from metarec.serving.notes import noted
from metarec.serving.store.changes import Verb
from metarec.serving.store.events import canonical

router = APIRouter(
    prefix="/v1/items", route_class=OneTurn, tags=["items"], responses=told(404, 501)
)


def short(row: "ItemIn") -> "ItemIn":
    """Refuse an item that is longer than anybody's."""
    if len(canonical(row.model_dump())) > 10 * limits.TEXT_LENGTH:
        raise ValueError(f"an item may have {10 * limits.TEXT_LENGTH:,} characters as JSON")
    return row


class ItemIn(BaseModel):
    """An item, and whatever columns its content has."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)
    item_id: Id = Field(examples=["new-1"])
    available_from: When | None = Field(
        default=None,
        description="Before this moment it stands in no list; null: it is on offer already.",
        examples=["2026-12-01T00:00:00Z"],
    )
    available_until: When | None = Field(
        default=None,
        description="From this moment on it stands in no list; null: it stays on offer.",
        examples=["2026-12-26T00:00:00Z"],
    )

    @model_validator(mode="after")
    def opens_before_it_closes(self) -> Self:
        """Refuse a window in which there is no moment."""
        first, last = self.available_from, self.available_until
        if first is not None and last is not None and not first < last:
            raise ValueError("available_from must be before available_until")
        return self


class ItemsIn(Shape):
    """Items with their content."""

    items: list[Annotated[ItemIn, AfterValidator(short)]] = Field(
        min_length=1,
        max_length=limits.ITEMS,
        examples=[[{"item_id": "new-1", "title": "Green tea", "price": 7.5}]],
    )

    def rows(self) -> list[dict[str, Any]]:
        """The items as JSON values."""
        return [item.model_dump(exclude_unset=True) for item in self.items]


class IdsIn(Shape):
    """Items by their ids."""

    item_ids: list[Id] = Field(min_length=1, max_length=limits.ITEMS, examples=[["589"]])

    def rows(self) -> list[dict[str, Any]]:
        """The items as JSON values."""
        return [{"item_id": item_id} for item_id in self.item_ids]


class ItemsOut(Shape):
    """The model after a change of items."""

    model: str
    changed: int
    items: int = Field(description="Items that the model knows.")
    on_offer: int
    notes: list[str] = Field(default=[])


class ItemOut(Shape):
    """An item as the model knows it."""

    model: str
    item_id: str
    on_offer: bool = Field(description="Sold, and now inside its window, where it has one.")
    content: dict[str, Any]


@router.post("", status_code=201, summary="Add items", dependencies=[ADMIN])
def add(body: ItemsIn, service: Here) -> ItemsOut:
    """Add items from their content alone: they are recommended at once, by every process soon."""
    return _change(service, "add", body.rows())


@router.patch("", summary="Update items", dependencies=[ADMIN])
def update(body: ItemsIn, service: Here) -> ItemsOut:
    """Give items other values, of each in the columns that it has here; null: missing now."""
    return _change(service, "update", body.rows())


@router.post("/retire", summary="Take items off offer", dependencies=[ADMIN])
def retire(body: IdsIn, service: Here) -> ItemsOut:
    """Offer items no longer; events on them keep their meaning."""
    return _change(service, "retire", body.rows())


@router.post("/restore", summary="Offer items again", dependencies=[ADMIN])
def restore(body: IdsIn, service: Here) -> ItemsOut:
    """Offer retired items again."""
    return _change(service, "restore", body.rows())


@router.get("/{item_id:path}", summary="An item", dependencies=[READ])
def look_up(service: Here, item_id: Annotated[Id, Path()]) -> ItemOut:
    """The content of an item, and whether it is on offer."""
    served = service.following.caught_up()
    check_item(served.model, item_id)
    catalogue = served.model.catalogue
    row = catalogue.row_of[item_id]
    content = catalogue.frame[row].to_dicts()[0] if catalogue.frame.width else {}
    return ItemOut(
        model=served.version,
        item_id=item_id,
        on_offer=bool(catalogue.on_offer(time.time())[row]),
        content=jsonable_encoder(content),
    )


def _change(service: Service, verb: Verb, rows: Sequence[dict[str, Any]]) -> ItemsOut:
    with noted() as notes:
        served: Served = service.following.change_items(verb, rows)
    catalogue = served.model.catalogue
    return ItemsOut(
        model=served.version,
        changed=len(rows),
        items=len(catalogue),
        on_offer=int(catalogue.on_offer(time.time()).sum()),
        notes=list(dict.fromkeys(notes)),
    )
