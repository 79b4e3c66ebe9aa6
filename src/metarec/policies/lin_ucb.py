"""LinUCB: what each item is worth in a context, learned as it is shown."""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import DataError, Outlook
from metarec.policies.policy import (
    SlatePolicy,
    checked_factor,
    checked_share,
    checked_slates,
)
from metarec.policies.slates import Slates
from metarec.policies.ucb import UCB
from metarec.posterior import Posterior, Prior, Statistics, condition


@dataclass(frozen=True, eq=False)
class LinUCB(SlatePolicy[Float[np.ndarray, "person d"]]):
    """Each item's reward is linear in the context; shown is the best by its upper bound.

    Disjoint linear models (Li, Chu, Langford and Schapire 2010, algorithm 1): item i has weights
    θ_i with prior N(0, (1/λ) I), a reward r in context x says r = xᵀθ_i + noise, and the bound is
    xᵀθ̄_i + β √(xᵀA_i⁻¹x). A context is a row of numbers; one that is always 1 gives each item a
    level of its own.
    """

    n_items: int
    d: int
    beta: float = 1.0
    """α of the paper."""
    epsilon: float = 0.0
    """How often the slate is random; at 0 a log tells of no other policy."""
    penalty: float = 1.0
    """λ, against large weights; 1 in the paper."""
    seen: Statistics | None = field(default=None, repr=False)
    """What was learned so far: S and b of each item."""

    def __post_init__(self) -> None:
        checked_factor("beta", self.beta)
        checked_share("epsilon", self.epsilon)
        if self.n_items < 1 or self.d < 1 or not self.penalty > 0:
            raise DataError(
                "LinUCB needs at least 1 item, contexts of at least 1 number and a penalty above "
                f"0, got {self.n_items}, {self.d} and {self.penalty}"
            )

    def slates(self, context: Float[np.ndarray, "person d"], k: int) -> Slates:
        """One list, and the floor."""
        return UCB(self.beta, self.epsilon).slates(self.outlook(context), k)

    def outlook(self, context: Float[np.ndarray, "person d"]) -> Outlook:
        """What each item is expected to be worth, and how sure that is."""
        x, believed = self._checked(context), self._believed
        scores = x @ believed.mean.T
        # (item, person) of the same contexts for every item
        variance = believed.variance(np.broadcast_to(x, (self.n_items, *x.shape)))
        return Outlook(scores, np.sqrt(variance.T), np.empty((len(x), 0, self.n_items)))

    def learn(
        self,
        context: Float[np.ndarray, "person d"],
        shown: Int[np.ndarray, "person place"],
        rewards: Float[np.ndarray, "person place"],
    ) -> Self:
        """The policy after these rewards; NaN: nobody saw that place."""
        x = self._checked(context)
        checked_slates(shown, len(x), self.n_items)
        if rewards.shape != shown.shape:
            raise DataError(
                f"learn needs one reward a place of {len(x)} slates of {self.n_items} items, got "
                f"shapes {shown.shape} and {rewards.shape}"
            )
        people, places = np.nonzero((shown >= 0) & np.isfinite(rewards))
        items, told, rows = shown[people, places], rewards[people, places], x[people]
        S, b = np.copy(self._seen.S), np.copy(self._seen.b)
        np.add.at(S, items, rows[:, :, None] * rows[:, None, :])
        np.add.at(b, items, rows * told[:, None])
        return replace(self, seen=Statistics(S, b))

    @property
    def _seen(self) -> Statistics:
        if self.seen is not None:
            return self.seen
        return Statistics(
            np.zeros((self.n_items, self.d, self.d)), np.zeros((self.n_items, self.d))
        )

    @property
    def _believed(self) -> Posterior:
        prior = Prior(np.zeros((self.n_items, self.d)), self.penalty * np.eye(self.d))
        return condition(prior, self._seen)

    def _checked(self, context: Float[np.ndarray, "person d"]) -> Float[np.ndarray, "person d"]:
        if context.ndim != 2 or context.shape[1] != self.d or not np.isfinite(context).all():
            raise DataError(
                f"contexts must be finite numbers of shape (people, {self.d}), got shape "
                f"{context.shape}"
            )
        return context
