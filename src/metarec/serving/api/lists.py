"""Lists of items: the best for a person, given ones in order, and what is like an item."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query
from pydantic import Field, StringConstraints, model_validator

from metarec.contracts import Catalogue, Filters, Recommendations, Recommender
from metarec.contracts.shortfall import REASONS
from metarec.meta import RankBy
from metarec.meta.as_json import reasons, rows_of
from metarec.serving.api import limits
from metarec.serving.api.access import READ
from metarec.serving.api.explored import Explored, Explores, PolicyName, cooled, kept
from metarec.serving.api.notes import noted
from metarec.serving.api.problems import NotFoundError, told
from metarec.serving.api.service import Here, Service
from metarec.serving.api.shapes import Context, EventIn, Id, Kind, Shape, number
from metarec.serving.exploring import act
from metarec.serving.models import Served
from metarec.serving.people import left_out
from metarec.serving.person import Person, check_event, known_events, known_person

router = APIRouter(prefix="/v1", tags=["lists"], responses=told(404, 501), dependencies=[READ])

Where = Annotated[str, StringConstraints(max_length=2_000)]
Many = Annotated[list[Id], Field(max_length=limits.IDS)]
K = Annotated[int, Field(ge=1, le=limits.LONGEST_LIST)]


class Whose(Shape):
    """Who asks: a user of the store, or somebody whose events are told and kept nowhere."""

    user_id: Id | None = Field(default=None, examples=["42"])
    events: list[EventIn] | None = Field(
        default=None,
        max_length=limits.EVENTS,
        description="In place of a user: what somebody did, oldest first; [] is a newcomer.",
    )
    profile: Context | None = Field(
        default=None, description="Beside `events`: columns of the user table.", examples=[None]
    )

    @model_validator(mode="after")
    def one_of_two(self) -> Self:
        """Refuse a question about nobody, and one about two."""
        if (self.user_id is None) == (self.events is None):
            raise ValueError("name a user_id, or tell events ([] for a newcomer)")
        if self.profile is not None and self.events is None:
            raise ValueError("a profile goes with events; that of a user is put under the user")
        return self


class Filtered(Shape):
    """What may stand in a list, and what changes its order."""

    k: K = Field(default=10, description="How many items.")
    where: Where | None = Field(
        default=None, description="Only such items.", examples=["price < 20 and brand == 'Acme'"]
    )
    exclude: Many | None = Field(default=None, description="Never these items.", examples=[["9"]])
    exclude_seen: bool | list[Kind] | None = Field(
        default=None,
        description="Leave out what they had, or had by these kinds; left out: as was learned.",
        examples=[True],
    )
    candidates: Many | None = Field(default=None, description="Only these items.", examples=[None])
    diversity: float = Field(default=0.0, ge=0, lt=1, description="From 0 to below 1: how unlike.")
    boost: Kind | None = Field(
        default=None,
        description="A column of numbers: 1 lifts by a standard deviation.",
        examples=[None],
    )
    at_most: dict[Kind, Annotated[int, Field(ge=1)]] | None = Field(
        default=None, description="At most so many items of one value.", examples=[{"brand": 2}]
    )

    def filters(self) -> Filters:
        """What was said, in the words of every `recommend`."""
        said = {name: getattr(self, name, None) for name in Filters.__annotations__}
        found: Any = {name: value for name, value in said.items() if value not in (None, 0.0)}
        if self.exclude_seen is False:
            found["exclude_seen"] = False
        return found


class ListIn(Whose, Filtered, Explores):
    """A question for the best items of a person."""

    rank_by: RankBy | None = Field(
        default=None,
        description="Of ratings: by what they would choose, how they would like it, or both.",
    )
    explain: bool = Field(default=False, description="Each item's exact reasons.")


class EventShare(Shape):
    """What one event says of a score."""

    item_id: str
    value: float | None
    kind: str | None = None
    share: float
    effect: float
    reasons: dict[str, float]


class Reasons(Shape):
    """Why an item has its score: `base`, all shares and `together` sum to it."""

    score: float
    base: float
    together: dict[str, float] = Field(default={})
    events: list[EventShare]


class Listed(Shape):
    """One item of a list."""

    item_id: str
    rank: int
    title: str | None = None
    score: float | None = Field(description="By which the list is ordered; null: none is known.")
    rating: float | None = Field(default=None, description="The rating to expect.")
    std: float | None = Field(default=None, description="Its standard deviation, or the score's.")
    propensity: float | None = Field(
        default=None, description="How likely the policy was to show it at this rank."
    )
    reasons: Reasons | None = None


class Short(Shape):
    """Why a list is shorter than asked."""

    asked: int
    found: int
    why: str = Field(examples=["3 of 10 places; of 40 items: 37 left out by where"])
    left_out: dict[str, int] = Field(examples=[{"filtered": 37}])


class ListOut(Shape):
    """Items, best first."""

    model: str = Field(description="The version that answered.", examples=["3f9a1c2b7d10+0"])
    user_id: str | None = None
    items: list[Listed]
    short: Short | None = Field(default=None, description="Where there are fewer than `k`: why.")
    notes: list[str] = Field(default=[], description="What was left out or may be meant otherwise.")


class RecommendedOut(ListOut, Explored):
    """The best items, and by which policy they were chosen."""


class GivenIn(Whose):
    """Items whose order for a person is asked for."""

    item_ids: list[Id] = Field(min_length=1, max_length=limits.LONGEST_LIST)
    rank_by: RankBy | None = None


class SimilarIn(Filtered):
    """A basket of items, and what may stand beside it."""

    item_ids: list[Id] = Field(min_length=1, max_length=100, examples=[["589", "12"]])


@router.post("/recommendations", summary="The best items of a person")
def recommend(body: ListIn, service: Here) -> RecommendedOut:
    """The `k` best items of a user with all that was told of them so far, or of a stranger."""
    with noted() as notes:
        served, person, said = person_in(service, body)
        filters = cooled(service.store, body.user_id, body.filters(), body)
        acted = act(
            person,
            body.k,
            body.exploring(),
            whose=body.user_id or "",
            rank_by=body.rank_by,
            filters=filters,
            others=body.record,
        )
        answer = list_of(served, acted.found, body.user_id, [*said, *notes])
        for item, propensity in zip(answer.items, acted.chances.places, strict=True):
            item.propensity = propensity
        if body.explain:
            for item in answer.items:
                item.reasons = Reasons(**reasons(person, item.item_id, body.rank_by))
    ids = [item.item_id for item in answer.items]
    explored = kept(service.store, body, body.user_id, ids, served.version, acted.chances)
    return RecommendedOut(**dict(answer), **dict(explored))


@router.get("/users/{user_id:path}/recommendations", summary="The best items of a user")
def recommend_simply(
    service: Here,
    user_id: Annotated[Id, Path()],
    k: Annotated[K, Query()] = 10,
    where: Annotated[Where | None, Query()] = None,
    rank_by: Annotated[RankBy | None, Query()] = None,
    exclude_seen: Annotated[bool | None, Query()] = None,
    explain: bool = False,
    policy: Annotated[PolicyName, Query()] = "greedy",
    exploration: Annotated[float | None, Query(ge=0, le=1)] = None,
) -> RecommendedOut:
    """The same with the parameters that are asked for most; POST takes them all."""
    body = ListIn(
        user_id=user_id,
        k=k,
        where=where,
        rank_by=rank_by,
        exclude_seen=exclude_seen,
        explain=explain,
        policy=policy,
        exploration=exploration,
    )
    return recommend(body, service)


@router.post("/scores", summary="Given items in a person's order")
def score(body: GivenIn, service: Here) -> ListOut:
    """All the named items, best first, whatever was seen or retired; unknown ones last."""
    with noted() as notes:
        served, person, said = person_in(service, body)
        found = person.rank(body.item_ids, rank_by=body.rank_by)
        return list_of(served, found, body.user_id, [*said, *notes])


@router.post("/similar", summary="What goes with a basket")
def similar(body: SimilarIn, service: Here) -> ListOut:
    """The `k` items that these speak for most."""
    served = service.following.served
    _check_known(served.model, body.item_ids)
    with noted() as notes:
        found = served.model.similar(body.item_ids, body.k, **body.filters())
        return list_of(served, found, None, notes)


@router.get("/items/{item_id:path}/similar", summary="What is like an item")
def similar_to_one(
    service: Here,
    item_id: Annotated[Id, Path()],
    k: Annotated[K, Query()] = 10,
    where: Annotated[Where | None, Query()] = None,
) -> ListOut:
    """The `k` items that one speaks for most."""
    return similar(SimilarIn(item_ids=[item_id], k=k, where=where), service)


def person_in(service: Service, whose: Whose) -> tuple[Served, Person, list[str]]:
    """The model, the person, and what of them it leaves out."""
    if whose.user_id is not None:
        known = service.people.of(whose.user_id)
        return known.served, known.person, known.notes
    served = service.following.served
    events = [body.event() for body in whose.events or []]
    for event in events:
        check_event(served.model, event)
    heard = known_events(served.model, events)
    person = known_person(served.model, heard, whose.profile)
    return served, person, left_out(len(events) - len(heard))


def list_of(
    served: Served, found: Recommendations, user_id: str | None, notes: Sequence[str]
) -> ListOut:
    """A list as it is answered."""
    return ListOut(
        model=served.version,
        user_id=user_id,
        items=items_of(found, served.model.catalogue),
        short=short_of(found),
        notes=list(dict.fromkeys(notes)),
    )


def items_of(found: Recommendations, catalogue: Catalogue) -> list[Listed]:
    """The items of a list, with their titles."""
    titles = catalogue.titles
    rows = []
    for rank, row in enumerate(rows_of(found), 1):
        at = catalogue.row_of.get(row["item_id"])
        rows.append(
            Listed(
                item_id=row["item_id"],
                rank=rank,
                title=None if titles is None or at is None else titles[at],
                score=number(row["score"]),
                rating=number(row.get("rating")),
                std=number(row["std"]),
            )
        )
    return rows


def short_of(found: Recommendations) -> Short | None:
    """Why a list is shorter than asked; None where it is not."""
    if not (short := found.shortfalls.get(0)):
        return None
    left_out = {name: getattr(short, name) for name in REASONS if getattr(short, name)}
    return Short(asked=short.asked, found=short.found, why=str(short), left_out=left_out)


def check_item(model: Recommender, item_id: str) -> None:
    """Raise NotFoundError for an item that the model does not know."""
    _check_known(model, [item_id])


def _check_known(model: Recommender, ids: Sequence[str]) -> None:
    for item_id in ids:
        if item_id not in model.catalogue.row_of:
            raise NotFoundError(f"the model does not know the item {item_id!r}")
