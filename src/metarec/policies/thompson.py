"""Thompson sampling over slates: each list is the best one for some taste that may be theirs."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from metarec.contracts import DataError, Outlook, UnsupportedError
from metarec.policies.policy import (
    SlatePolicy,
    best_columns,
    checked_factor,
    checked_share,
)
from metarec.policies.slates import Slates


@dataclass(frozen=True)
class Thompson(SlatePolicy[Outlook]):
    """One of the M lists that are best under M drawn tastes, and anything with probability ε.

    A probability over infinitely many tastes has no closed form; one over the M that were drawn
    does (Thompson 1933; the draws of an outlook are its M). So propensities are exact given the
    draws, which is all that an unbiased estimate needs.
    """

    reads_draws: ClassVar[bool] = True
    scale: float = 1.0
    """Draws lie this many times as far from the score as the model's doubt says."""
    epsilon: float = 0.05
    """How often the slate is random; at 0 a log tells of no other policy."""

    def __post_init__(self) -> None:
        checked_factor("scale", self.scale)
        checked_share("epsilon", self.epsilon)

    def slates(self, context: Outlook, k: int) -> Slates:
        """One list a draw, and the floor; raises UnsupportedError where draws are not known."""
        draws, scores = context.draws, context.scores[:, None, :]
        if not draws.shape[1]:
            raise DataError("Thompson needs draws; ask for an outlook with draws=64")
        if np.isnan(np.swapaxes(draws, 1, 2)[context.allowed]).any():
            raise UnsupportedError(
                "Thompson needs draws of the scores, and this model does not know how sure it is; "
                "epsilon-greedy needs none"
            )
        spread = draws if self.scale == 1.0 else scores + self.scale * (draws - scores)
        spread = np.where(context.allowed[:, None, :], spread, np.nan)
        return Slates(best_columns(spread, k), context.allowed, self.epsilon)
