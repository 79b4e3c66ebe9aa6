"""One list by a policy, with how likely it was."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from metarec.contracts import Filters, Outlook, Recommendations, UnsupportedError
from metarec.meta import RankBy
from metarec.policies import EXPLORING, exploring
from metarec.policies.exploration import USUAL
from metarec.serving.person import Person
from metarec.serving.store.impressions import Chances

CANDIDATES = 200
"""A policy chooses among the so many best, or among `k` where that is more."""
DRAWS = 64
"""Tastes that are drawn of a person."""
FLOOR = 1e-200
"""A slate of less probability begins as no list does: of lists there are at most `DRAWS`."""
LARGEST_SEED = 2**53 - 1
"""What a number of JSON holds exactly."""


@dataclass(frozen=True)
class Exploration:
    """How curious a list shall be."""

    policy: str = "greedy"
    level: float = USUAL
    seed: int | None = None
    """The same seed, person and store: the same list. None: a new one each time."""


@dataclass(frozen=True, eq=False)
class Acted:
    """A list, and how it came about."""

    found: Recommendations
    chances: Chances


def act(
    person: Person,
    k: int,
    wanted: Exploration,
    *,
    whose: str,
    rank_by: RankBy | None,
    filters: Filters,
    others: bool,
    behind: int = 0,
) -> Acted:
    """A list of `k` items by a policy; with `others` also how likely each other policy, at the
    usual level, was to show what it shows.

    The first `behind` places are known: how likely the list was is how likely the rest of it was
    given these. Who sees that rest has seen them first, so it tells of no other policy.
    """
    if wanted.policy == "greedy":
        found = person.recommend(k, rank_by=rank_by, **filters)
        sure = Chances("greedy", 0.0, None, False, 1.0, [1.0] * len(found), {})
        return Acted(found, sure)
    seed = secrets.randbelow(LARGEST_SEED) if wanted.seed is None else wanted.seed
    tastes, lot = (np.random.default_rng([seed, _number(whose), part]) for part in range(2))
    policy = exploring(wanted.policy, wanted.level)
    draws = DRAWS if policy.reads_draws or others else 0
    n = max(CANDIDATES, k)
    outlook = person.outlook(n, draws=draws, rng=tastes, rank_by=rank_by, **filters)
    assert outlook.found is not None, "of one person candidates have names"
    if not len(outlook.found):  # nothing may be shown: the one list there is
        nothing = Chances(wanted.policy, wanted.level, seed, False, 1.0, [], {})
        return Acted(replace(outlook.found, asked=k), nothing)
    shown = policy.act(outlook, min(k, len(outlook.found)), lot)
    columns = shown.items[0][shown.items[0] >= 0]
    chances = Chances(
        wanted.policy,
        wanted.level,
        seed,
        shown.evaluable and not behind,
        _chance_behind(shown.propensities.prefixes[0], behind, len(outlook.found)),
        shown.propensities.places[0, : len(columns)].tolist(),
        _others(outlook, shown.items) if others and shown.evaluable and not behind else {},
    )
    return Acted(_some(outlook.found, columns, k), chances)


def _chance_behind(prefixes: Float[np.ndarray, " place"], behind: int, n: int) -> float:
    """P(the places from `behind` on | those before) of a slate of n candidates, by P(its first p
    places)."""
    before = float(prefixes[behind - 1]) if behind else 1.0
    if before > FLOOR:
        return float(prefixes[-1]) / before
    # no list begins so: then it is a random slate, of which each place has 1 / what is left
    return float(np.prod(1.0 / (n - np.arange(behind, len(prefixes)))))


def _others(outlook: Outlook, shown: np.ndarray) -> dict[str, list[float]]:
    """How likely each policy was to show this; without those that the model cannot serve."""
    found = {}
    for name in EXPLORING:
        try:
            chances = exploring(name).propensity(outlook, shown)
        except UnsupportedError:
            continue
        found[name] = chances.places[0][shown[0] >= 0].tolist()
    return found


def _some(found: Recommendations, columns: np.ndarray, k: int) -> Recommendations:
    """The candidates in these columns, as the list that was asked for."""
    parts: dict[str, Any] = {
        name: getattr(found, name)[columns]
        for name in ("items", "scores", "stds", "ratings")
        if getattr(found, name) is not None
    }
    return replace(found, **parts, asked=k)


def _number(whose: str) -> int:
    return int.from_bytes(hashlib.blake2b(whose.encode("utf-8"), digest_size=8).digest(), "little")
