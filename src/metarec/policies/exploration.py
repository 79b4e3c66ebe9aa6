"""One number from safe to curious, and what it means for each policy."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from metarec.contracts import DataError, Outlook
from metarec.policies.epsilon_greedy import EpsilonGreedy
from metarec.policies.greedy import Greedy
from metarec.policies.policy import SlatePolicy, checked_share
from metarec.policies.thompson import Thompson
from metarec.policies.ucb import UCB

USUAL = 0.5
"""The level where none is said: ε = 0.1 of ε-greedy, one standard deviation of the others."""
EXPLORING: Mapping[str, Callable[[float], SlatePolicy[Outlook]]] = MappingProxyType(
    {
        "greedy": lambda level: Greedy(),
        "epsilon_greedy": lambda level: EpsilonGreedy(0.2 * level),
        "ucb": lambda level: UCB(2 * level, 0.1 * level),
        "thompson": lambda level: Thompson(2 * level, 0.1 * level),
    }
)
"""The policies by name, made of a level from 0 (safe: all of them are greedy) to 1 (curious)."""


def exploring(name: str, level: float = USUAL) -> SlatePolicy[Outlook]:
    """The policy of a name at a level of exploration."""
    if name not in EXPLORING:
        raise DataError(f"there is no policy {name!r}; there are {', '.join(EXPLORING)}")
    return EXPLORING[name](checked_share("exploration", level))
