"""What the service knows of one person: why, what to ask, what they did, and forgetting it."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from metarec.meta import RankBy
from metarec.meta.abilities import check_asks
from metarec.meta.as_json import reasons
from metarec.serving.api import limits
from metarec.serving.api.access import ADMIN, READ, WRITE
from metarec.serving.api.answers import ListOut, Reasons, list_of
from metarec.serving.api.asking import K, Many, Whose
from metarec.serving.api.lists import check_item, person_in
from metarec.serving.api.problems import told
from metarec.serving.api.service import Here
from metarec.serving.api.shapes import Context, Id, Shape, number
from metarec.serving.api.turns import OneTurn
from metarec.serving.metrics import FORGOTTEN
from metarec.serving.notes import noted
from metarec.serving.people import with_profile
from metarec.serving.person import check_profile

router = APIRouter(prefix="/v1", route_class=OneTurn, tags=["people"], responses=told(404, 501))
UserId = Annotated[Id, Path()]


class ExplanationIn(Whose):
    """A question why an item has its score."""

    item_id: Id = Field(examples=["589"])
    rank_by: RankBy | None = None


class ExplanationOut(Reasons):
    """Why an item has its score."""

    model: str
    item_id: str


class QuestionsIn(Whose):
    """A question for what to ask somebody."""

    k: K = Field(default=5, strict=True)
    candidates: Many | None = Field(
        default=None, description="Ask about these alone.", examples=[None]
    )
    sure: bool = Field(
        default=False, description="Each candidate will be answered, and only they count."
    )


class Kept(Shape):
    """One event of a user."""

    number: int
    user_id: str = Field(description="The user, or the session that was merged into them.")
    item_id: str
    value: float | None
    kind: str | None
    timestamp: float = Field(description="Seconds since 1970.")
    context: dict[str, Any] | None
    text: str | None


class HistoryOut(Shape):
    """What a user did, the newest first."""

    user_id: str
    events: list[Kept]
    count: int = Field(description="How many events there are.")
    before: int | None = Field(description="Ask on with this; null: these were the last.")


class ProfileIn(Shape):
    """What is known of a user besides their events."""

    profile: Context = Field(examples=[{"age": 30}])


class ProfileOut(ProfileIn):
    """What is known of a user now."""

    notes: list[str] = Field(default=[], description="Why the model that answers cannot read it.")


class ReceiptOut(Shape):
    """What was erased; the receipt does not say whose it was."""

    receipt: int
    events: int
    impressions: int
    at: float = Field(description="Seconds since 1970.")
    model: str = Field(
        examples=["What the model learned of many people stays until the next fit without them."]
    )


class MergeIn(Shape):
    """An anonymous session that turned out to be a user."""

    session_id: Id = Field(examples=["visit-9f31"])


class MergeOut(Shape):
    """Whose the session is now."""

    user_id: str
    merged: bool = Field(description="False: it was theirs before.")


@router.post("/explanations", summary="Why an item has its score", dependencies=[READ])
def explain(body: ExplanationIn, service: Here) -> ExplanationOut:
    """What anybody would be expected to have, and what each event of this person added."""
    with noted():
        served, person, _ = person_in(service, body)
        check_item(served.model, body.item_id)
        found = reasons(person, body.item_id, body.rank_by)
    return ExplanationOut(model=served.version, item_id=body.item_id, **found)


@router.post("/questions", summary="What to ask a person", dependencies=[READ])
def ask(body: QuestionsIn, service: Here) -> ListOut:
    """The items whose answer would tell most, the most telling first; scores are the share of what
    is not known that an answer is expected to remove."""
    with noted() as notes:
        served, person, said = person_in(service, body)
        check_asks(served.model)
        now = time.time()
        found = person.ask(body.k, candidates=body.candidates, sure=body.sure, at=now)
        return list_of(served, found, body.user_id, [*said, *notes])


@router.get("/users/{user_id:path}/history", summary="What a user did", dependencies=[READ])
def history(
    service: Here,
    user_id: UserId,
    limit: Annotated[int, Query(ge=1, le=limits.LONGEST_LIST)] = 100,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> HistoryOut:
    """The events of a user, those of merged sessions too, the newest first."""
    every = service.store.history(user_id)
    rest = [kept for kept in every if before is None or kept.number < before]
    page = rest[::-1][:limit]
    events = [
        Kept(
            number=kept.number,
            user_id=kept.user_id,
            item_id=kept.event.item,
            value=number(kept.event.value),
            kind=kept.event.kind,
            timestamp=kept.event.t or kept.received,
            context=None if kept.event.context is None else dict(kept.event.context),
            text=kept.event.text,
        )
        for kept in page
    ]
    more = page[-1].number if len(rest) > len(page) else None
    return HistoryOut(user_id=user_id, events=events, count=len(every), before=more)


@router.put("/users/{user_id:path}/profile", summary="Put a user's profile", dependencies=[WRITE])
def put_profile(body: ProfileIn, service: Here, user_id: UserId) -> ProfileOut:
    """Write what is known of a user besides their events, in place of what was.

    A model with profiles refuses (422) a field that it does not know, or a value that it cannot
    read; one without keeps it for another model, answers without it, and says so.
    """
    model = service.following.served.model
    check_profile(model, body.profile)
    service.store.put_profiles({user_id: body.profile})
    _, notes = with_profile(model, [], body.profile)
    return ProfileOut(profile=body.profile, notes=notes)


@router.post(
    "/users/{user_id:path}/merge", summary="A session is this user's", dependencies=[WRITE]
)
def merge(body: MergeIn, service: Here, user_id: UserId) -> MergeOut:
    """Make what an anonymous session did, and will still do, the user's; twice is once."""
    owner, merged = service.store.merge(body.session_id, user_id)
    return MergeOut(user_id=owner, merged=merged)


@router.delete("/users/{user_id:path}", summary="Forget a user", dependencies=[ADMIN])
def forget(service: Here, user_id: UserId) -> ReceiptOut:
    """Erase a user from the store, the sessions merged into them too, and give a receipt.

    Answers from then on are those of a newcomer. What the model learned of many people stays until
    the next fit without them.
    """
    receipt = service.store.forget(user_id)
    FORGOTTEN.inc()
    return ReceiptOut(
        receipt=receipt.number,
        events=receipt.events,
        impressions=receipt.impressions,
        at=receipt.received,
        model="what the model learned of many people stays until the next fit without them",
    )
