"""Greedy: the best by score, always."""

from dataclasses import dataclass, field

from metarec.contracts import Outlook
from metarec.policies.policy import SlatePolicy, one_list
from metarec.policies.slates import Slates


@dataclass(frozen=True)
class Greedy(SlatePolicy[Outlook]):
    """The best list with probability 1, so that its log tells of no other policy."""

    epsilon: float = field(default=0.0, init=False, repr=False)

    def slates(self, context: Outlook, k: int) -> Slates:
        """One list, and no floor."""
        return Slates(one_list(context, context.scores, k), context.allowed, self.epsilon)
