"""How the policies fare."""

import time
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from metarec.policies import Estimate
from metarec.serving.acceptance import acceptance_of
from metarec.serving.api.access import READ
from metarec.serving.api.explored import PolicyName
from metarec.serving.api.problems import told
from metarec.serving.api.service import Here
from metarec.serving.api.shapes import Shape, number
from metarec.serving.api.turns import OneTurn
from metarec.serving.store.impressions import answered, recorded

router = APIRouter(
    prefix="/v1", route_class=OneTurn, tags=["feedback"], responses=told(), dependencies=[READ]
)
DAY_S = 86_400.0
MOST = 20_000
"""Lists that are read for one answer, the newest ones."""


class Valued(Shape):
    """A mean a list, with a 95 % interval; null where too few lists tell of it."""

    value: float | None
    low: float | None
    high: float | None
    lists: int = Field(description="Of which it was made.")
    effective_lists: float = Field(
        description="How many lists of the policy itself would tell as much, about."
    )


class PolicyOut(Shape):
    """One policy."""

    policy: PolicyName
    seen: int = Field(description="Its lists of which something was told.")
    accepted: int = Field(description="Places of these that were clicked, or earned something.")
    acceptance: Valued | None = Field(description="Accepted places a list, of its own lists.")
    reward: Valued | None = Field(description="Reward a list, of its lists with a reward told.")
    inverse_propensity: Valued | None = Field(
        description="Accepted places a list had it shown all lists, at exploration 0.5; from the "
        "`evaluable` ones of whichever policy. Unbiased."
    )
    self_normalised: Valued | None = Field(
        description="The same, steadier and biased a little: what to look at first."
    )


class PoliciesOut(Shape):
    """How the policies fare."""

    days: float
    recorded: int = Field(description="Lists that were recorded in these days.")
    seen: int = Field(description="Of these, those of which something was told: at most 20,000.")
    evaluable: int = Field(description="Of these, those that tell of other policies too.")
    policies: list[PolicyOut]


@router.get("/policies", summary="How the policies fare")
def policies(service: Here, days: Annotated[float, Query(gt=0, le=36_500)] = 30.0) -> PoliciesOut:
    """How often lists were accepted, by policy, and what each would have earned in place of the
    others."""
    since = time.time() - days * DAY_S
    with service.store.database.reading() as connection:
        impressions = answered(connection, since, MOST)
        count = recorded(connection, since)
    return PoliciesOut(
        days=days,
        recorded=count,
        seen=len(impressions),
        evaluable=sum(one.chances is not None and one.chances.evaluable for one in impressions),
        policies=[
            PolicyOut(
                policy=found.policy,  # type: ignore[arg-type]
                seen=found.seen,
                accepted=found.accepted,
                acceptance=_valued(found.own),
                reward=_valued(found.reward),
                inverse_propensity=_valued(found.inverse_propensity),
                self_normalised=_valued(found.self_normalised),
            )
            for found in acceptance_of(impressions)
        ],
    )


def _valued(estimate: Estimate | None) -> Valued | None:
    if estimate is None:
        return None
    return Valued(
        value=number(estimate.value),
        low=number(estimate.low),
        high=number(estimate.high),
        lists=estimate.n,
        effective_lists=estimate.effective,
    )
