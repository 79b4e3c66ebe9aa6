"""Lists that would be short, filled by a second condition; and kinds that only others have met."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from metarec.contracts import Catalogue, DataError, Filters, Recommendations, Recommender
from metarec.ranking.where import where_mask
from metarec.serving.api.answers import Listed, Short, items_of, short_of
from metarec.serving.api.asking import Filtered
from metarec.serving.api.service import Service


class Answer(Protocol):
    """A list as it is answered."""

    items: list[Listed]
    short: Short | None


def check_fallback(body: Filtered, catalogue: Catalogue, basket: Sequence[str] = ()) -> None:
    """Raise DataError for a fallback that no list could be filled by, whether it is needed now or
    not; `basket` are the items that others are to be like."""
    if body.fallback_where is None:
        return
    try:
        where_mask(body.fallback_where, catalogue, catalogue.index(basket) if basket else None)
    except DataError as error:
        raise DataError(f"fallback_where: {error}") from error


def fill(
    answer: Answer,
    body: Filtered,
    filters: Filters,
    again: Callable[..., Recommendations],
) -> None:
    """Where a list is short, put what the fallback filter finds behind it.

    The second list is made by itself: `at_most` and `diversity` look at its own items alone.
    """
    missing = body.k - len(answer.items)
    if body.fallback_where is None or missing <= 0:
        return
    there = [item.item_id for item in answer.items]
    exclude = [*(body.exclude or []), *there]
    more = again(missing, **{**filters, "where": body.fallback_where, "exclude": exclude})
    assert more.catalogue is not None, "a model's list knows its items"
    answer.items += items_of(more, more.catalogue, behind=len(there))[:missing]
    answer.short = short_of(more) if len(answer.items) < body.k else None
    if answer.short is not None:
        told = {
            "asked": body.k,
            "found": len(answer.items),
            "why": f"{len(there)} by where, then by fallback_where {answer.short.why}",
        }
        answer.short = answer.short.model_copy(update=told)


def hearing_kinds(service: Service, model: Recommender, own: set[str], filters: Filters) -> Filters:
    """The filters without kinds that neither the model nor this person has met, but others have:
    there is nothing of theirs to leave out. One that nobody has met stays, and is refused."""
    asked = filters.get("exclude_seen")
    if not isinstance(asked, list):
        return filters
    met: Iterable[str] = getattr(model, "kinds", getattr(model, "kinds_", ()))
    strange = set(asked).difference(own, met)
    silent = strange & service.charts.kinds() if strange else set[str]()
    return {**filters, "exclude_seen": [kind for kind in asked if kind not in silent]}
