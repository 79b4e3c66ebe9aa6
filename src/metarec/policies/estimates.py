"""What another policy would have earned, from the log of the one that acted.

A log holds, for every impression and place, the reward and how likely the policy that acted was to
show what it showed; beside it stands how likely the other policy is to do so. Which probabilities
these are says what a reward may depend on:

- `Propensities.places`: on the item and its place alone (independent positions; Li, Abbasi-Yadkori
  and others 2018). The least variance.
- `Propensities.prefixes`: on what stands above, too (a cascade; McInerney and others 2020).
- `Propensities.slates`, repeated along the places: on the whole slate. No assumption, and weights
  that are useless for all but the shortest slates.

The value of an impression is the sum over its places. A place whose reward is NaN adds nothing.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from metarec.contracts import DataError

Table = Float[np.ndarray, "impression place"]


@dataclass(frozen=True)
class Estimate:
    """The value of a policy an impression, with an interval."""

    value: float
    low: float
    high: float
    n: int
    """Impressions that it was made of."""
    effective: float
    """(Σ w)² / Σ w²: how many impressions of the other policy itself would tell as much, about."""
    clipped: float
    """The share of weights that were clipped; the value is biased towards what was logged by it."""


def inverse_propensity(
    rewards: Table, logged: Table, target: Table, *, clip: float | None = None, level: float = 0.95
) -> Estimate:
    """Σ w r of each impression, on average; w = target / logged (Horvitz and Thompson 1952).

    Unbiased where every chance of the target is one of the log. With `clip` no weight is larger: a
    little bias for less variance. The interval is Student's, on the impressions as they came.
    """
    weights, told, clipped = _weighed(rewards, logged, target, clip)
    terms = (weights * told).sum(axis=1)
    return _estimate(float(terms.mean()), terms, weights, clipped, level)


def self_normalised(
    rewards: Table, logged: Table, target: Table, *, clip: float | None = None, level: float = 0.95
) -> Estimate:
    """Σ w r / Σ w at each place, summed over places (Swaminathan and Joachims 2015).

    Biased by an amount that goes with 1 / n, and with less variance: a value never leaves the range
    of the rewards. The interval is that of the ratio's first-order terms. NaN where all weights
    of a place are 0.
    """
    weights, told, clipped = _weighed(rewards, logged, target, clip)
    total = weights.mean(axis=0)
    filled = np.isfinite(logged).any(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(filled, (weights * told).mean(axis=0) / total, 0.0)
        terms = np.where(filled, weights * (told - values) / total, 0.0).sum(axis=1)
    return _estimate(float(values.sum()), terms + values.sum(), weights, clipped, level)


def doubly_robust(
    rewards: Table,
    logged: Table,
    target: Table,
    *,
    foretold: Table,
    expected: Table,
    clip: float | None = None,
    level: float = 0.95,
) -> Estimate:
    """Σ expected + w (r − foretold) of each impression, on average (Dudík and others 2011).

    A model of rewards says `foretold` of what was shown and, on average over what the target would
    show at that place, `expected`; for a `Slates` that is `(slates.table() * model).sum(-1)`.
    Unbiased where the propensities are right or the model is.
    """
    weights, told, clipped = _weighed(rewards, logged, target, clip)
    _check_shapes(rewards, foretold=foretold, expected=expected)
    seen = np.isfinite(rewards)
    beside = np.where(seen, expected + weights * (told - foretold), 0.0)
    terms = beside.sum(axis=1)
    return _estimate(float(terms.mean()), terms, weights, clipped, level)


def _weighed(
    rewards: Table, logged: Table, target: Table, clip: float | None
) -> tuple[Table, Table, float]:
    """Weights, rewards with 0 in place of NaN, and the share of weights that were clipped."""
    _check_shapes(rewards, logged=logged, target=target)
    if not len(rewards):
        raise DataError("an estimate needs at least one impression")
    there = np.isfinite(rewards) & np.isfinite(logged) & np.isfinite(target)
    if (logged[there] <= 0).any() or (logged[there] > 1).any():
        raise DataError(
            "what was shown had a propensity above 0 and at most 1, but the log has "
            f"{logged[there].min():g} to {logged[there].max():g}; a log without propensities "
            "cannot be evaluated"
        )
    if (target[there] < 0).any() or (target[there] > 1).any():
        raise DataError(
            "target must be how likely the other policy shows it, from 0 to 1, but it has "
            f"{target[there].min():g} to {target[there].max():g}"
        )
    if clip is not None and not clip > 0:
        raise DataError(f"clip must be above 0, got {clip!r}")
    weights = np.where(there, target, 0.0) / np.where(there, logged, 1.0)
    cut = weights > (np.inf if clip is None else clip)
    held = weights if clip is None else np.minimum(weights, clip)
    return held, np.where(there, rewards, 0.0), float(cut.sum() / max(there.sum(), 1))


def _check_shapes(rewards: Table, **others: Table) -> None:
    for name, table in others.items():
        if rewards.ndim != 2 or table.shape != rewards.shape:
            raise DataError(
                f"rewards and {name} must be tables (impression, place) of one shape, got "
                f"{rewards.shape} and {table.shape}"
            )


def _estimate(
    value: float,
    terms: Float[np.ndarray, " impression"],
    weights: Table,
    clipped: float,
    level: float,
) -> Estimate:
    n = len(terms)
    if not 0 < level < 1:
        raise DataError(f"level must be between 0 and 1, got {level!r}")
    wide = np.nan
    if n > 1:
        wide = float(stdtrit(n - 1, 0.5 + level / 2)) * float(terms.std(ddof=1)) / n**0.5
    squares = float((weights**2).sum())
    effective = float(weights.sum()) ** 2 / squares / weights.shape[1] if squares else 0.0
    return Estimate(value, value - wide, value + wide, n, effective, clipped)
