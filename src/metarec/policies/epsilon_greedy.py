"""ε-greedy: the best list, and now and then anything."""

from dataclasses import dataclass

from metarec.contracts import Outlook
from metarec.policies.policy import SlatePolicy, checked_share, one_list
from metarec.policies.slates import Slates


@dataclass(frozen=True)
class EpsilonGreedy(SlatePolicy[Outlook]):
    """The best list with probability 1 − ε, a random slate of the candidates with ε."""

    epsilon: float = 0.1
    """How often the slate is random, from 0 to 1; at 1 it always is."""

    def __post_init__(self) -> None:
        checked_share("epsilon", self.epsilon)

    def slates(self, context: Outlook, k: int) -> Slates:
        """One list, and the floor."""
        return Slates(one_list(context, context.scores, k), context.allowed, self.epsilon)
