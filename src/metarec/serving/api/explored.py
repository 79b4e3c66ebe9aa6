"""What a question for a list may say of exploring, and what its answer says of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from metarec.contracts import DataError, Filters
from metarec.policies.exploration import USUAL
from metarec.serving.api.shapes import Shape
from metarec.serving.cooling import FORGOTTEN, HALF_LIFE_S, MOST, lowered
from metarec.serving.exploring import LARGEST_SEED, Exploration
from metarec.serving.store import Store
from metarec.serving.store.impressions import Chances

PolicyName = Literal["greedy", "epsilon_greedy", "ucb", "thompson"]
LONGEST_S = 1e9


class Remembers(Shape):
    """What of the past keeps items out of a list, or lowers them."""

    cool_off_s: float = Field(
        default=HALF_LIFE_S,
        ge=0,
        le=LONGEST_S,
        strict=True,
        description="Half-life of how far what was shown and not taken is lowered; 0: it is not.",
    )
    return_after_s: float | None = Field(
        default=None,
        gt=0,
        le=LONGEST_S,
        strict=True,
        description="What they had so long ago may come again, such as what is used up.",
        examples=[None],
    )

    @property
    def seen_since(self) -> float | None:
        """The moment from which on `exclude_seen` looks."""
        return None if self.return_after_s is None else time.time() - self.return_after_s


class Explores(Remembers):
    """How curious a list is."""

    policy: PolicyName = Field(
        default="greedy", description="What chooses the list; `greedy`: the best by score."
    )
    exploration: float | None = Field(
        default=None,
        ge=0,
        le=1,
        strict=True,
        description="For the other policies: from 0 (safe) to 1 (curious); left out: 0.5.",
        examples=[None],
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=LARGEST_SEED,
        strict=True,
        description="For the other policies: the same seed, the same list while nothing changes.",
        examples=[None],
    )
    record: bool = Field(
        default=False, description="Keep that the user was shown this list, for feedback."
    )

    def exploring(self, drawn: int | None = None) -> Exploration:
        """What was said, with the seed that was drawn for the first page; raises DataError for
        what the greedy list could not heed."""
        if self.policy == "greedy" and (self.exploration or self.seed is not None):
            raise DataError(
                "the policy greedy explores nothing; leave exploration and seed out, or name a "
                "policy: epsilon_greedy, ucb or thompson"
            )
        level = USUAL if self.exploration is None else self.exploration
        return Exploration(self.policy, level, self.seed if drawn is None else drawn)


class Explored(Shape):
    """By which policy a list came about, and how likely it was."""

    policy: PolicyName
    exploration: float = Field(description="0 of `greedy`.")
    seed: int | None = Field(description="Makes the same list again while nothing changes.")
    propensity: float = Field(description="How likely the whole list was, in this order.")
    evaluable: bool = Field(description="False: a record of it tells of no other policy.")
    impression: str | None = Field(
        description="Of a recorded list: the name under which feedback is told; else null."
    )


def cooled(
    store: Store, user_id: str | None, filters: Filters, asked: Remembers, now: float
) -> Filters:
    """The filters, with what the user had seen and not taken at a moment lowered."""
    if user_id is None or not asked.cool_off_s:
        return filters
    shown = store.answered_by(user_id, now - FORGOTTEN * asked.cool_off_s, now, MOST)
    if down := lowered(shown, now, asked.cool_off_s):
        filters["lowered"] = down
    return filters


def cooled_each(
    store: Store, user_ids: Sequence[str], filters: Filters, asked: Remembers
) -> Filters:
    """The filters, with what each of these users saw and did not take lowered for them."""
    if not asked.cool_off_s:
        return filters
    now = time.time()
    shown = store.answered_by_each(user_ids, now - FORGOTTEN * asked.cool_off_s, now, MOST)
    if shown:
        filters["lowered"] = [lowered(shown.get(u, ()), now, asked.cool_off_s) for u in user_ids]
    return filters


@dataclass(frozen=True)
class Shown:
    """What whom is shown, by which model."""

    user_id: str | None
    ids: Sequence[str]
    model: str
    token: str | None
    """The name to record it under; None: a new one."""


def kept(store: Store, asked: Explores, what: Shown, chances: Chances) -> Explored:
    """What is said of a list, which is recorded where that was asked for."""
    token = None
    if asked.record:
        if what.user_id is None:
            raise DataError("record keeps what a user was shown; name a user_id")
        token = store.show(what.user_id, what.ids, what.model, chances, what.token)
    said: dict[str, Any] = {
        name: getattr(chances, name) for name in ("policy", "exploration", "seed", "evaluable")
    }
    return Explored(**said, propensity=chances.slate, impression=token)
