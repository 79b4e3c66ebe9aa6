"""Who asks for a list, and what may stand in it."""

import time
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from metarec.contracts import Filters
from metarec.serving.api import limits
from metarec.serving.api.shapes import Context, EventIn, Id, Kind, Shape

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

    k: K = Field(default=10, strict=True, description="How many items.")
    where: Where | None = Field(
        default=None, description="Only such items.", examples=["price < 20 and brand == 'Acme'"]
    )
    exclude: Many | None = Field(default=None, description="Never these items.", examples=[["9"]])
    exclude_seen: bool | list[Kind] | None = Field(
        default=None,
        description="Leave out what they had, or had by these kinds; left out: as was learned.",
        examples=[True],
    )
    exclude_kinds: list[Kind] | None = Field(
        default=None,
        description="Leave out what they had by these kinds alone, such as bought and not viewed.",
        examples=[None],
    )
    candidates: Many | None = Field(default=None, description="Only these items.", examples=[None])
    diversity: float = Field(
        default=0.0, ge=0, lt=1, strict=True, description="From 0 to below 1: how unlike."
    )
    boost: Kind | None = Field(
        default=None,
        description="A column of numbers: 1 lifts by a standard deviation.",
        examples=[None],
    )
    at_most: dict[Kind, Annotated[int, Field(ge=1, strict=True)]] | None = Field(
        default=None, description="At most so many items of one value.", examples=[{"brand": 2}]
    )
    fallback_where: Where | None = Field(
        default=None,
        description="Where fewer than `k` are found: items of this sort behind them.",
        examples=["brand == 'Acme'"],
    )

    @model_validator(mode="after")
    def one_word_for_kinds(self) -> Self:
        """Refuse two words for what is left out."""
        if self.exclude_kinds is not None and self.exclude_seen is not None:
            raise ValueError("exclude_kinds and exclude_seen say the same; send one of them")
        return self

    @model_validator(mode="after")
    def falls_back_from_something(self) -> Self:
        """Refuse a fallback that could add nothing."""
        if self.fallback_where is not None and self.where is None:
            raise ValueError(
                "fallback_where fills a list that where makes short; send where too, or "
                "fallback_where's text as where"
            )
        return self

    def filters(self) -> Filters:
        """What was said, in the words of every `recommend`."""
        said = {name: getattr(self, name, None) for name in Filters.__annotations__}
        found: Any = {name: value for name, value in said.items() if value not in (None, 0.0)}
        if self.exclude_seen is False:
            found["exclude_seen"] = False
        if self.exclude_kinds is not None:
            found["exclude_seen"] = self.exclude_kinds
        found["at"] = time.time()
        return found
