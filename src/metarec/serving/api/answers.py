"""Lists as they are answered."""

from collections.abc import Sequence

from pydantic import Field

from metarec.contracts import Catalogue, Recommendations
from metarec.contracts.shortfall import REASONS
from metarec.meta.as_json import rows_of
from metarec.serving.api.shapes import Shape, number
from metarec.serving.models import Served


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
    fallback: bool = Field(default=False, description="It came by `fallback_where`.")
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


def items_of(
    found: Recommendations, catalogue: Catalogue, behind: int | None = None
) -> list[Listed]:
    """The items of a list, with their titles; those of a fallback stand `behind` so many others."""
    titles = catalogue.titles
    rows = []
    for rank, row in enumerate(rows_of(found), (behind or 0) + 1):
        at = catalogue.row_of.get(row["item_id"])
        rows.append(
            Listed(
                item_id=row["item_id"],
                rank=rank,
                title=None if titles is None or at is None else titles[at],
                score=number(row["score"]),
                rating=number(row.get("rating")),
                std=number(row["std"]),
                fallback=behind is not None,
            )
        )
    return rows


def short_of(found: Recommendations) -> Short | None:
    """Why a list is shorter than asked; None where it is not."""
    if not (short := found.shortfalls.get(0)):
        return None
    left_out = {name: getattr(short, name) for name in REASONS if getattr(short, name)}
    return Short(asked=short.asked, found=short.found, why=str(short), left_out=left_out)
