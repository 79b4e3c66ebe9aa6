"""What to show: policies that know how likely each of their slates is, and what logs of them tell.

Batched, in NumPy, and exact: `docs/policies.md`.
"""

from metarec.policies.epsilon_greedy import EpsilonGreedy
from metarec.policies.estimates import (
    Estimate,
    doubly_robust,
    inverse_propensity,
    self_normalised,
)
from metarec.policies.exploration import EXPLORING, exploring
from metarec.policies.greedy import Greedy
from metarec.policies.lin_ucb import LinUCB
from metarec.policies.policy import Propensities, Shown, SlatePolicy
from metarec.policies.slates import Slates
from metarec.policies.thompson import Thompson
from metarec.policies.ucb import UCB

__all__ = [
    "EXPLORING",
    "UCB",
    "EpsilonGreedy",
    "Estimate",
    "Greedy",
    "LinUCB",
    "Propensities",
    "Shown",
    "SlatePolicy",
    "Slates",
    "Thompson",
    "doubly_robust",
    "exploring",
    "inverse_propensity",
    "self_normalised",
]
