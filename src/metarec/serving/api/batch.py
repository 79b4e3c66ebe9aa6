"""Lists of many users in one request."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from fastapi import APIRouter
from pydantic import Field, model_validator

from metarec.contracts import DataError, Filters, Histories, Recommendations
from metarec.meta import RankBy
from metarec.meta.abilities import Adapts
from metarec.serving.api import limits
from metarec.serving.api.access import READ
from metarec.serving.api.answers import Listed, Short, items_of, short_of
from metarec.serving.api.asking import Filtered
from metarec.serving.api.explored import Remembers, cooled_each
from metarec.serving.api.falling_back import check_fallback, fill, hearing_kinds
from metarec.serving.api.problems import told
from metarec.serving.api.service import Here
from metarec.serving.api.shapes import Id, Shape
from metarec.serving.api.turns import OneTurn
from metarec.serving.crowd import people_of
from metarec.serving.notes import noted

router = APIRouter(
    prefix="/v1", route_class=OneTurn, tags=["lists"], responses=told(501), dependencies=[READ]
)


class BatchIn(Filtered, Remembers):
    """A question for the best items of many users."""

    user_ids: list[Id] = Field(
        min_length=1,
        max_length=limits.USERS,
        description="Each once.",
        examples=[["42", "43"]],
    )
    rank_by: RankBy | None = Field(
        default=None,
        description="Of ratings: by what they would choose, how they would like it, or both.",
    )

    @model_validator(mode="after")
    def of_bounded_size(self) -> Self:
        """Refuse a user who is named twice, and more places than one answer may have."""
        if len(set(self.user_ids)) < len(self.user_ids):
            twice = next(u for u in self.user_ids if self.user_ids.count(u) > 1)
            raise ValueError(f"user {twice!r} is named twice; name each once")
        if (places := len(self.user_ids) * self.k) > limits.PLACES:
            raise ValueError(
                f"user_ids times k may be {limits.PLACES:,} places, got {places:,}; ask in parts"
            )
        return self


class UserList(Shape):
    """The best items of one user."""

    user_id: str
    items: list[Listed]
    short: Short | None = Field(default=None, description="Where there are fewer than `k`: why.")
    notes: list[str] = Field(default=[], description="What was left out of this user.")


class BatchOut(Shape):
    """The lists of many users, in the order in which they were named."""

    model: str = Field(examples=["3f9a1c2b7d10+0"])
    lists: list[UserList]
    notes: list[str] = Field(default=[], description="What may be meant otherwise.")


@router.post("/recommendations/batch", summary="The best items of many users")
def recommend_many(body: BatchIn, service: Here) -> BatchOut:
    """The same lists as one by one, by one pass of the model over all of them; nothing of it is
    kept in memory or recorded. For tonight's mails: ask in parts of 1,000 users."""
    served = service.following.caught_up()
    ordered: dict[str, Any] = {} if body.rank_by is None else {"rank_by": body.rank_by}
    if ordered and not isinstance(served.model, Adapts):
        raise DataError(f"{type(served.model).__name__} orders by one score; leave rank_by out")
    people, of_whom = people_of(service.store, served, body.user_ids)
    with noted() as notes:
        check_fallback(body, served.model.catalogue)
        own = set(people.kind_names)
        heard = hearing_kinds(service, served.model, own, body.filters())
        filters = cooled_each(service.store, body.user_ids, heard, body)
        found = served.model.recommend(people, body.k, **ordered, **filters)
    lists = [
        UserList(
            user_id=user_id,
            items=items_of(found[row], served.model.catalogue),
            short=short_of(found[row]),
            notes=of_whom.get(user_id, []),
        )
        for row, user_id in enumerate(body.user_ids)
    ]
    if body.fallback_where is not None:
        _fill_all(lists, body, filters, partial(served.model.recommend, **ordered), people)
    return BatchOut(model=served.version, lists=lists, notes=list(dict.fromkeys(notes)))


def _fill_all(
    lists: Sequence[UserList],
    body: BatchIn,
    filters: Filters,
    recommend: Callable[..., Recommendations],
    people: Histories,
) -> None:
    """Fill the lists that are short, all by one more pass of the model."""
    short = [row for row, one in enumerate(lists) if len(one.items) < body.k]
    if not short:
        return
    never = body.exclude or []
    exclude = [[*never, *(item.item_id for item in lists[row].items)] for row in short]
    asked = {**filters, "where": body.fallback_where, "exclude": exclude}
    each: Any = filters.get("lowered")
    if each is not None:
        asked["lowered"] = [each[row] for row in short]
    found = recommend(people.take(np.array(short)), body.k, **asked)
    for place, row in enumerate(short):
        fill(lists[row], body, filters, partial(_one, found[place]))


def _one(found: Recommendations, *_: object, **__: object) -> Recommendations:
    return found
