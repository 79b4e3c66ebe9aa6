"""What came of lists that were shown."""

from collections.abc import Sequence
from typing import Annotated, Self

from fastapi import APIRouter, Path, Response
from pydantic import Field, model_validator

from metarec.contracts import DataError
from metarec.serving.api import limits
from metarec.serving.api.access import WRITE
from metarec.serving.api.problems import NotFoundError, told
from metarec.serving.api.service import Here, Service
from metarec.serving.api.shapes import Id, Shape, UserEventIn
from metarec.serving.api.turns import OneTurn
from metarec.serving.store.impressions import Become, Feedback, FeedbackKind

router = APIRouter(
    prefix="/v1/impressions",
    route_class=OneTurn,
    tags=["feedback"],
    responses=told(404, 409),
    dependencies=[WRITE],
)


class FeedbackIn(Shape):
    """What came of a list: how far it was seen, what was clicked, or what that earned."""

    kind: FeedbackKind = Field(
        description="`shown`: it was seen, down to the place if one is named; `click`: a place was "
        "taken; `reward`: what a place earned.",
        examples=["click"],
    )
    item_id: Id | None = Field(
        default=None, description="The place, by its item.", examples=["589"]
    )
    position: int | None = Field(
        default=None,
        ge=1,
        le=limits.LONGEST_LIST,
        strict=True,
        description="The place, from 1; beside `item_id` it must be the same.",
        examples=[None],
    )
    value: float | None = Field(
        default=None,
        ge=-limits.LARGEST,
        le=limits.LARGEST,
        strict=True,
        description="Of a reward alone.",
        examples=[None],
    )

    @model_validator(mode="after")
    def whole(self) -> Self:
        """Refuse a click on nothing, and a value of what has none."""
        if self.kind != "shown" and self.item_id is None and self.position is None:
            raise ValueError(f"a {self.kind} needs its place: an item_id or a position")
        if (self.kind == "reward") != (self.value is not None):
            raise ValueError("a reward needs a value, and nothing else has one")
        return self


class FeedbackOut(Shape):
    """Feedback that is on the disk."""

    impression: str
    kind: FeedbackKind
    position: int
    outcome: Become = Field(description="`duplicate`: it was told before.")


@router.post("/{impression}/feedback", status_code=201, summary="What came of a list")
def tell_feedback(
    body: FeedbackIn, service: Here, impression: Annotated[Id, Path()], response: Response
) -> FeedbackOut:
    """Tell what became of a recorded list; told twice it counts once (200), with another value it
    is refused (409).

    It says what is shown well and what cools off, and changes nobody's taste: what a person did is
    told as an event, which may name the impression and is a click on its item at once.
    """
    found = service.store.impressions([impression])
    if impression not in found:
        raise NotFoundError(f"there is no impression {impression!r}; `record` a list to get one")
    position = _position(body, found[impression].items)
    value = 1.0 if body.value is None else body.value
    (outcome,) = service.store.tell_feedback([Feedback(impression, body.kind, position, value)])
    response.status_code = 201 if outcome == "stored" else 200
    return FeedbackOut(impression=impression, kind=body.kind, position=position, outcome=outcome)


def clicks_of(service: Service, events: Sequence[UserEventIn]) -> list[Feedback]:
    """The clicks that events tell of; one of a negative kind says that the place was seen.

    Raises DataError where an event names a list that is not there, that lacks its item, or that
    another person was shown.
    """
    named = [(event.impression, event.user_id) for event in events if event.impression is not None]
    if not named:
        return []
    tokens, users = (list(dict.fromkeys(part)) for part in zip(*named, strict=True))
    lists, owner = service.store.impressions(tokens), service.store.owners(users)
    model = service.following.served.model
    kinds = getattr(model, "event_kinds", None)
    negative = () if kinds is None else kinds.negative
    found = dict[Feedback, None]()
    for place, event in enumerate(events):
        if event.impression is None:
            continue
        where = f"events[{place}].impression: " if len(events) > 1 else "impression: "
        if (shown := lists.get(event.impression)) is None:
            raise DataError(
                f"{where}there is no {event.impression!r}; leave it out, or record lists"
            )
        if shown.owner != owner[event.user_id]:
            raise DataError(f"{where}that list was shown to somebody else, not to this user")
        if event.item_id not in shown.items:
            raise DataError(f"{where}that list did not show {event.item_id!r}")
        position = shown.items.index(event.item_id) + 1
        kind: FeedbackKind = "shown" if event.kind in negative else "click"
        found[Feedback(event.impression, kind, position)] = None
    return list(found)


def _position(body: FeedbackIn, items: Sequence[str]) -> int:
    """The place that is meant; raises DataError for one that the list has not."""
    if not items:
        raise DataError("that list was empty, so nothing can have come of it")
    if body.item_id is not None and body.item_id not in items:
        raise DataError(f"item_id: that list did not show {body.item_id!r}")
    by_item = None if body.item_id is None else items.index(body.item_id) + 1
    if body.position is not None and (
        body.position > len(items) or by_item not in (None, body.position)
    ):
        raise DataError(
            f"position: the list has {len(items)} places"
            + (f", and {body.item_id!r} stood at {by_item}" if by_item else "")
            + f", got {body.position}"
        )
    return by_item or body.position or len(items)
