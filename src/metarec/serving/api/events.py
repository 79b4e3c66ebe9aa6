"""Telling what people did."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from pydantic import Field

from metarec.contracts import DataError
from metarec.serving.api import limits
from metarec.serving.api.access import WRITE
from metarec.serving.api.feedback import clicks_of
from metarec.serving.api.lines import parsed_lines, raw_body
from metarec.serving.api.problems import told
from metarec.serving.api.service import Here, Service, new_key
from metarec.serving.api.shapes import Id, Shape, UserEventIn
from metarec.serving.api.turns import OneTurn
from metarec.serving.metrics import EVENTS_TOLD
from metarec.serving.person import check_event
from metarec.serving.store import Outcome, Told

router = APIRouter(
    prefix="/v1/events",
    route_class=OneTurn,
    tags=["events"],
    responses=told(409, 415),
    dependencies=[WRITE],
)


class EventOut(Shape):
    """An event that is on the disk."""

    key: str = Field(description="Its key; made here where none was told.")
    outcome: Outcome = Field(
        description="`stored`; `duplicate`: it was there; `forgotten`: it was erased, and stays so."
    )
    known_item: bool = Field(
        description="False: the model does not know the item yet; the event counts when it does."
    )


class EventsIn(Shape):
    """Many events, written all or none."""

    events: list[UserEventIn] = Field(max_length=limits.EVENTS)


class EventsOut(Shape):
    """What became of many events; all are on the disk."""

    stored: int
    duplicate: int
    forgotten: int
    unknown_items: int = Field(description="Events on items that the model does not know yet.")


THERE: dict[int | str, dict[str, Any]] = {
    200: {"model": EventOut, "description": "The event was there already, or was erased before."}
}


@router.post("", status_code=201, summary="Tell one event", responses=THERE)
def tell(
    body: UserEventIn,
    service: Here,
    response: Response,
    idempotency_key: Annotated[Id | None, Header()] = None,
) -> EventOut:
    """Write one event, and answer when it is durable: 201, or 200 where it was there already.

    The key is told in the body or as the header `Idempotency-Key`; the same key with another event
    is refused (409).
    """
    if idempotency_key is not None and body.key not in (None, idempotency_key):
        raise DataError("the header Idempotency-Key and the body name two keys; send one")
    key = body.key or idempotency_key or new_key()
    (outcome,) = write(service, [body.model_copy(update={"key": key})])
    response.status_code = 201 if outcome == "stored" else 200
    known = body.item_id in service.following.served.model.catalogue.row_of
    return EventOut(key=key, outcome=outcome, known_item=known)


@router.post("/batch", summary="Tell many events")
def tell_many(body: EventsIn, service: Here) -> EventsOut:
    """Write many events, all or none: sent again after whatever went wrong, none counts twice."""
    return answer(service, body.events)


NDJSON: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"user_id": "42", "item_id": "589", "value": 4, "key": "a-1"}\n'
                '{"user_id": "43", "item_id": "12", "value": 2, "key": "a-2"}\n',
            }
        },
    }
}


@router.post("/ndjson", summary="Tell many events, one a line", openapi_extra=NDJSON)
def tell_lines(service: Here, body: Annotated[bytes, Depends(raw_body)]) -> EventsOut:
    """Write the events of lines of JSON, all or none; a fault is told with its line."""
    events = parsed_lines(body, UserEventIn)
    if len(events) > limits.EVENTS:
        raise DataError(f"at most {limits.EVENTS:,} events at once, got {len(events):,}")
    return answer(service, events)


def answer(service: Service, events: Sequence[UserEventIn]) -> EventsOut:
    """Write events, and count what became of them."""
    counts = Counter(write(service, events))
    row_of = service.following.served.model.catalogue.row_of
    return EventsOut(
        stored=counts["stored"],
        duplicate=counts["duplicate"],
        forgotten=counts["forgotten"],
        unknown_items=sum(event.item_id not in row_of for event in events),
    )


def write(service: Service, events: Sequence[UserEventIn]) -> list[Outcome]:
    """Check and write events; each fault is told with its place."""
    model, given = service.following.served.model, list[Told]()
    for place, body in enumerate(events):
        event = body.event()
        try:
            check_event(model, event)
        except DataError as error:
            where = f"events[{place}]: " if len(events) > 1 else ""
            raise DataError(f"{where}{error}") from error
        given.append(Told(body.user_id, event, body.key or new_key()))
    clicks = clicks_of(service, events)
    outcomes = service.store.tell(given)
    if clicks:
        service.store.tell_feedback(clicks)
    for outcome, count in Counter(outcomes).items():
        EVENTS_TOLD.labels(outcome).inc(count)
    return outcomes
