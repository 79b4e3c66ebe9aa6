"""Lists of items: the best for a person, given ones in order, and what is like an item."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from metarec.contracts import DataError, Recommender
from metarec.meta import RankBy
from metarec.meta.as_json import reasons
from metarec.serving.api import limits
from metarec.serving.api.access import READ
from metarec.serving.api.answers import ListOut, Reasons, list_of
from metarec.serving.api.asking import K, Where, Whose
from metarec.serving.api.explored import Explored, Explores, PolicyName, Shown, cooled, kept
from metarec.serving.api.falling_back import check_fallback, fill, hearing_kinds
from metarec.serving.api.paging import Paged, PagedOut, page_of
from metarec.serving.api.problems import NotFoundError, asked, told
from metarec.serving.api.service import Here, Service
from metarec.serving.api.shapes import Id, Kind
from metarec.serving.api.turns import OneTurn
from metarec.serving.exploring import CANDIDATES, act
from metarec.serving.models import Served
from metarec.serving.notes import noted
from metarec.serving.people import Known, left_out, unread
from metarec.serving.person import Person, check_event, kinds_of, known_events, known_person

router = APIRouter(
    prefix="/v1", route_class=OneTurn, tags=["lists"], responses=told(404, 501), dependencies=[READ]
)


class ListIn(Paged, Explores):
    """A question for the best items of a person."""

    rank_by: RankBy | None = Field(
        default=None,
        description="Of ratings: by what they would choose, how they would like it, or both.",
    )
    explain: bool = Field(default=False, description="Each item's exact reasons.")

    @property
    def longest(self) -> int:
        """How many items all pages of the list may have together."""
        if self.diversity:  # a longer list is chosen of more items, so it begins in another way
            return self.k
        return limits.LONGEST_LIST if self.policy == "greedy" else CANDIDATES


class RecommendedOut(PagedOut, ListOut, Explored):
    """The best items, and by which policy they were chosen."""


class GivenIn(Whose):
    """Items whose order for a person is asked for."""

    item_ids: list[Id] = Field(min_length=1, max_length=limits.LONGEST_LIST)
    rank_by: RankBy | None = None


@router.post("/recommendations", summary="The best items of a person", responses=told(410))
def recommend(body: ListIn, service: Here) -> RecommendedOut:
    """The `k` best items of a user with all that was told of them so far, or of a stranger."""
    if body.fallback_where is not None and body.policy != "greedy":
        raise DataError(
            f"fallback_where fills a list by score alone, and {body.policy} chooses by chance; "
            "leave one of them out"
        )
    with noted() as notes:
        page = page_of(service, body, known_in(service, body), body.longest)
        served, person = page.known.served, page.known.person
        check_fallback(body, served.model.catalogue)
        asked_for = page.as_of(body.filters(), body.return_after_s)
        heard = hearing_kinds(service, served.model, kinds_of(person), asked_for)
        filters = cooled(service.store, body.user_id, heard, body, page.begin.at)
        acted = act(
            person,
            page.length,
            body.exploring(page.begin.seed),
            whose=body.user_id or "",
            rank_by=body.rank_by,
            filters=filters,
            others=body.record,
            behind=page.begin.offset,
        )
        whole = list_of(served, acted.found, body.user_id, [*page.known.notes, *notes])
        longer = body.model_copy(update={"k": page.length})
        fill(whole, longer, filters, partial(person.recommend, rank_by=body.rank_by))
        places = [*acted.chances.places, *[1.0] * (len(whole.items) - len(acted.chances.places))]
        for item, propensity in zip(whole.items, places, strict=True):
            item.propensity = propensity
        answer, chances = page.cut(whole, replace(acted.chances, places=places))
        if body.explain:
            for item in answer.items:
                item.reasons = Reasons(**reasons(person, item.item_id, body.rank_by))
    ids = [item.item_id for item in answer.items]
    shown = Shown(body.user_id, ids, served.version, page.impression)
    explored = kept(service.store, body, shown, chances)
    after = page.next([item.item_id for item in whole.items], chances.seed)
    return RecommendedOut(**dict(answer), **dict(explored), next=after)


@router.get(
    "/users/{user_id:path}/recommendations", summary="The best items of a user", responses=told(410)
)
def recommend_simply(
    service: Here,
    user_id: Annotated[Id, Path()],
    k: Annotated[K, Query()] = 10,
    where: Annotated[Where | None, Query()] = None,
    rank_by: Annotated[RankBy | None, Query()] = None,
    exclude_seen: Annotated[bool | None, Query()] = None,
    exclude_kinds: Annotated[list[Kind] | None, Query()] = None,
    fallback_where: Annotated[Where | None, Query()] = None,
    explain: bool = False,
    policy: Annotated[PolicyName, Query()] = "greedy",
    exploration: Annotated[float | None, Query(ge=0, le=1)] = None,
    cursor: Annotated[str | None, Query(min_length=1, max_length=1_000)] = None,
) -> RecommendedOut:
    """The same with the parameters that are asked for most; POST takes them all."""
    body = asked(
        ListIn,
        user_id=user_id,
        k=k,
        where=where,
        rank_by=rank_by,
        exclude_seen=exclude_seen,
        exclude_kinds=exclude_kinds,
        fallback_where=fallback_where,
        explain=explain,
        policy=policy,
        exploration=exploration,
        cursor=cursor,
    )
    return recommend(body, service)


@router.post("/scores", summary="Given items in a person's order")
def score(body: GivenIn, service: Here) -> ListOut:
    """All the named items, best first, whatever was seen or retired; unknown ones last."""
    with noted() as notes:
        served, person, said = person_in(service, body)
        found = person.rank(body.item_ids, rank_by=body.rank_by)
        return list_of(served, found, body.user_id, [*said, *notes])


def person_in(service: Service, whose: Whose) -> tuple[Served, Person, list[str]]:
    """The model, the person, and what of them it leaves out."""
    known = known_in(service, whose)
    return known.served, known.person, known.notes


def known_in(service: Service, whose: Whose) -> Known:
    """The person as the model that answers now knows them."""
    if whose.user_id is not None:
        return service.people.of(whose.user_id)
    served = service.following.served
    events = [body.event() for body in whose.events or []]
    for event in events:
        check_event(served.model, event)
    heard = known_events(served.model, events)
    person = known_person(served.model, heard, whose.profile)
    notes = [*left_out(len(events) - len(heard)), *unread(events)]
    return Known(served, person, events, 0, 0, notes)


def check_item(model: Recommender, item_id: str) -> None:
    """Raise NotFoundError for an item that the model does not know."""
    check_items(model, [item_id])


def check_items(model: Recommender, ids: Sequence[str]) -> None:
    """Raise NotFoundError for the first item that the model does not know."""
    for item_id in ids:
        if item_id not in model.catalogue.row_of:
            raise NotFoundError(f"the model does not know the item {item_id!r}")
