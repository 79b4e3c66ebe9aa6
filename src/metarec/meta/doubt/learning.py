"""What validation tells of how sure the served logits are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from metarec.contracts import UnsupportedError
from metarec.meta.doubt.draws import draw_scale
from metarec.meta.doubt.pairs import own_variance, shared_variance
from metarec.meta.doubt.taken import Served, Taken, taken_of
from metarec.meta.heart import Heart

LEAST_PEOPLE = 10
"""People of validation who took enough together; with fewer nothing is known."""
ENOUGH_PEOPLE = 200
"""With as many no further fold is asked."""


@dataclass(frozen=True)
class Doubt:
    """How unsure the logits of a choice are."""

    variance_factor: float
    """On posterior variances; NaN where it is not known."""
    other_variance: float
    """Of what taste does not tell; NaN where it is not known."""
    people: int
    """Whom it was learned from."""

    def facts(self) -> Mapping[str, Any]:
        """As JSON values."""
        return {
            "variance_factor": self.variance_factor,
            "other_variance": self.other_variance,
            "doubt_people": self.people,
        }


def learn_doubt(
    served: Iterable[Served],
    content: Float[np.ndarray, "item d_content"],
    rng: np.random.Generator,
) -> Doubt:
    """The doubt of the first of `served`, which is the model itself; others are folds, where pairs
    of events are counted too while people are few.

    Draws of taste are spread so that what each person took together is most likely. They reach
    only as far as features do; how far logits are off in all is seen in pairs of events, and what
    is missing to it is one variance for all.
    """
    asked: list[tuple[Heart, list[Taken]]] = []
    for one in served:
        try:
            taken = taken_of(one, touched=True)
        except UnsupportedError:  # an updater without a covariance
            return Doubt(float("nan"), float("nan"), 0)
        if not asked and len(taken) < LEAST_PEOPLE:  # as where validation asks for new items alone
            taken = taken_of(one, touched=False)
        if not asked and len(taken) < LEAST_PEOPLE:
            return Doubt(float("nan"), float("nan"), len(taken))
        if taken:  # in a small shop nobody of a fold may have taken enough
            asked.append((one.heart, taken))
        if sum(len(people) for _, people in asked) >= ENOUGH_PEOPLE:
            break
    heart, first = asked[0]
    features = heart.head.slope * heart.terms.features[: len(content)]
    factor = draw_scale(first, features, rng) ** 2
    people = [taken for _, taken in asked]
    whole = own_variance(asked, content) + shared_variance(people, len(content))
    tasted = factor * np.mean([_tasted(one, features) for one in first])
    return Doubt(factor, float(np.maximum(whole - tasted, 0.0)), sum(map(len, people)))


def _tasted(one: Taken, features: Float[np.ndarray, "item d"]) -> float:
    """The mean posterior variance of what the person may take."""
    spread = features[one.rows] @ one.root
    return float(one.chances @ np.sum(spread**2, axis=1))
