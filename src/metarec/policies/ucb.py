"""UCB: the best by what could well be true."""

from dataclasses import dataclass

import numpy as np

from metarec.contracts import Outlook, UnsupportedError
from metarec.policies.policy import (
    SlatePolicy,
    checked_factor,
    checked_share,
    one_list,
)
from metarec.policies.slates import Slates


@dataclass(frozen=True)
class UCB(SlatePolicy[Outlook]):
    """The best by score + β std (Auer 2002), and anything with probability ε."""

    beta: float = 1.0
    """How many standard deviations are believed."""
    epsilon: float = 0.0
    """How often the slate is random; at 0 a log tells of no other policy."""

    def __post_init__(self) -> None:
        checked_factor("beta", self.beta)
        checked_share("epsilon", self.epsilon)

    def slates(self, context: Outlook, k: int) -> Slates:
        """One list, and the floor; raises UnsupportedError where a std is not known."""
        if self.beta and np.isnan(context.stds[context.allowed]).any():
            raise UnsupportedError(
                "UCB needs standard deviations of the scores, and this model does not know them; "
                "epsilon-greedy needs none"
            )
        bounds = context.scores + self.beta * context.stds if self.beta else context.scores
        return Slates(one_list(context, bounds, k), context.allowed, self.epsilon)
