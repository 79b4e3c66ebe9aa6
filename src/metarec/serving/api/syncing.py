"""A snapshot of all that is on offer, such as every night's export."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, Field, ValidationError

from metarec.contracts import Catalogue, DataError, ItemChanges
from metarec.serving.api import limits
from metarec.serving.api.access import ADMIN
from metarec.serving.api.items import ItemIn, short
from metarec.serving.api.lines import is_json, parsed_lines, raw_body
from metarec.serving.api.problems import invalid, told
from metarec.serving.api.service import Here
from metarec.serving.api.shapes import Shape
from metarec.serving.api.turns import OneTurn
from metarec.serving.notes import noted
from metarec.serving.syncing import Difference, MostLeave, difference, loss_of

router = APIRouter(
    prefix="/v1/items",
    route_class=OneTurn,
    tags=["items"],
    responses=told(409, 415, 501),
    dependencies=[ADMIN],
)
NAMED = 100
"""Items of each sort that an answer names; all are counted."""


class SnapshotIn(Shape):
    """All items that are on offer."""

    items: list[Annotated[ItemIn, AfterValidator(short)]] = Field(
        max_length=limits.SNAPSHOT_ITEMS,
        examples=[[{"item_id": "589", "title": "Green tea", "price": 7.5}]],
    )


class Some(Shape):
    """How many items, and the first of them."""

    count: int
    item_ids: list[str] = Field(description=f"At most {NAMED}.")


class SyncOut(Shape):
    """What a snapshot changes, or has changed."""

    model: str = Field(description="The version that answers now.")
    dry_run: bool = Field(description="True: nothing was changed.")
    added: Some
    changed: Some
    retired: Some
    restored: Some
    unchanged: int
    columns: dict[str, int] = Field(description="How many items have another value, by column.")
    new_columns: list[str] = Field(description="Columns that the items had not.")
    on_offer: int = Field(description="Items on offer after the change, also in a dry run.")
    notes: list[str] = Field(default=[])


BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": SnapshotIn.model_json_schema(ref_template="#/components/schemas/{model}")
                | {"$defs": {}},
                "example": {"items": [{"item_id": "589", "title": "Green tea", "price": 7.5}]},
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"item_id": "589", "title": "Green tea", "price": 7.5}\n'
                '{"item_id": "12", "title": "Oolong", "price": 9}\n',
            },
        },
    }
}


@router.put("", summary="Offer what a snapshot holds, and nothing else", openapi_extra=BODY)
def sync(
    service: Here,
    request: Request,
    body: Annotated[bytes, Depends(raw_body)],
    dry_run: Annotated[bool, Query(description="Only answer what would change.")] = False,
    retire_most: Annotated[
        bool,
        Query(description="It is meant that more than half of the items on offer leave the lists."),
    ] = False,
) -> SyncOut:
    """Add the items that are new, update those that have other values in the columns that the
    snapshot has, retire all that it lacks, and restore what is in it again: all or nothing.

    A snapshot without items, or without one that is known, is refused: an export that failed. So
    is one by which more than half of the items on offer would leave the lists (409), as of an
    export that was cut off, unless `retire_most` says that it is meant; a dry run tells of it.
    """
    rows = _rows(body, lines=not is_json(request))
    with noted() as notes:
        if dry_run:
            served = service.following.caught_up()
            found = difference(served.model, rows)
            catalogue = found.after(served.model.catalogue)
            loss = loss_of(served.model.catalogue, catalogue, time.time())
            told_of = [loss] if loss and not retire_most else []
        else:
            last = list[Difference]()

            def steps(model: Any) -> Any:
                last.append(difference(model, rows))
                if not retire_most:
                    _check_meant(last[-1], model.catalogue)
                return last[-1].steps

            served = service.following.change_by(steps)
            found, catalogue, told_of = last[-1], served.model.catalogue, []
    changes: ItemChanges = found.changes
    return SyncOut(
        model=served.version,
        dry_run=dry_run,
        added=_some(changes.added["item_id"].to_list()),
        changed=_some(changes.updated["item_id"].to_list()),
        retired=_some(changes.retired),
        restored=_some(changes.restored),
        unchanged=changes.unchanged,
        columns=dict(changes.columns),
        new_columns=list(changes.new_columns),
        on_offer=int(catalogue.on_offer(time.time()).sum()),
        notes=list(dict.fromkeys([*told_of, *changes.notes, *notes])),
    )


def _check_meant(found: Difference, catalogue: Catalogue) -> None:
    """Raise MostLeave for a snapshot that would empty the lists."""
    if loss := loss_of(catalogue, found.after(catalogue), time.time()):
        raise MostLeave(loss)


def _rows(body: bytes, *, lines: bool) -> list[dict[str, Any]]:
    if lines:
        items = parsed_lines(body, ItemIn)
        for place, item in enumerate(items, 1):
            try:
                short(item)
            except ValueError as error:
                raise DataError(f"item {place}: {error}") from error
        if len(items) > limits.SNAPSHOT_ITEMS:
            raise DataError(f"at most {limits.SNAPSHOT_ITEMS:,} items at once, got {len(items):,}")
    else:
        try:
            items = SnapshotIn.model_validate_json(body).items
        except ValidationError as error:
            raise DataError(invalid(error.errors())) from error
    return [item.model_dump(exclude_unset=True) for item in items]


def _some(ids: Any) -> Some:
    return Some(count=len(ids), item_ids=[str(item_id) for item_id in ids[:NAMED]])
