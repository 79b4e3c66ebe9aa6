"""Where training on ratings starts, and how much stays open of an item, both from hidden people.

A fifth of the people is hidden, and a tenth of the items: their ratings say how many sweeps of
`value_factors` help people who were not learned from, and what is not known of an item with n
ratings, τ_i² = (1/τ² + n/ω²)⁻¹. Then everything is learned once more from everyone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import minimize

from metarec.contracts import Dataset
from metarec.data.sampling import support_sizes
from metarec.meta.config import MetaConfig
from metarec.meta.heads.value_factors import (
    LEAST,
    ItemFactors,
    Ratings,
    levels,
    people_given,
    predicted,
    sweeps,
)
from metarec.meta.heads.value_training import COVERAGE, WIDTH
from metarec.meta.loops.episodes import learned_counts
from metarec.meta.network import HeartNetwork
from metarec.metrics.proof import is_beyond_chance
from metarec.training.streams import Purpose, stream

SWEEPS = 8
"""Sweeps at most: each learns a little less than the one before."""
FOLDS = 5
"""Parts of the people, of which one is hidden at a time."""
ENOUGH_PEOPLE = 150
"""Hidden people after whom no further fold is looked at."""
HIDDEN_ITEMS = 0.1
PRIOR_EVENTS = 20.0
"""Hidden ratings that the model's own τ, ω and σ are worth beside what hidden ratings say."""


@dataclass(frozen=True)
class Doubt:
    """What ratings of people who were not learned from say of how far off the model is."""

    untouched: float
    """τ²: what content does not tell of an item."""
    per_rating: float
    """ω²: an item of n ratings is as sure as n measurements of this variance make it."""
    noise_factor: float
    """On σ², which the people who were learned from show too small."""


@dataclass(frozen=True, eq=False)
class Hidden:
    """Predictions for hidden people: a row a sweep, a column a rating."""

    errors: Float[np.ndarray, "sweep event"]
    variances: Float[np.ndarray, "sweep event"]
    noise: Float[np.ndarray, "sweep event"]
    counts: Int[np.ndarray, " event"]
    """Ratings of the item among the people who were learned from; 0 of a hidden item."""
    people: Int[np.ndarray, " event"]

    def best(self) -> int:
        """The sweep whose errors are least, or none at all where that is less than one standard
        error behind."""
        rows, n = np.unique(self.people, return_inverse=True)[1], len(np.unique(self.people))
        sizes = np.bincount(rows, minlength=n)
        own = np.array([np.bincount(rows, np.abs(e), minlength=n) / sizes for e in self.errors])
        best = int(np.argmin(own.mean(axis=1)))
        gain = own[0] - own[best]
        return best if is_beyond_chance(gain, 1.0) else 0


@torch.no_grad()
def start_from_levels(
    network: HeartNetwork,
    train: Dataset,
    content: Float[np.ndarray, "item d_content"],
    config: MetaConfig,
    rng: int,
) -> None:
    """Set every number of the items to what closed forms learn, and hold the penalties to it."""
    histories = train.histories
    able = (histories.lengths >= 2)[histories.rows]
    ratings = Ratings(
        histories.rows[able],
        histories.items[able],
        histories.values[able].astype(np.float64),
        len(histories),
        len(train.catalogue),
    )
    random = stream(rng, Purpose.LEVELS)
    content = content.astype(np.float64)
    hidden = look_at_hidden(ratings, content, config.n_features, train.scale, random)
    n = hidden.best() if len(hidden.counts) else 0
    *_, factors = _each_sweep(ratings, content, config.n_features, n, random)
    doubt = doubt_of(hidden, min(n, len(hidden.errors) - 1), factors)
    _set(network, factors, doubt, learned_counts(train), content)


def look_at_hidden(
    ratings: Ratings,
    content: Float[np.ndarray, "item d_content"],
    d: int,
    scale: tuple[float, float],
    rng: np.random.Generator,
) -> Hidden:
    """Predictions of the ratings of people, and of items, that are hidden in turn."""
    people = np.flatnonzero(np.bincount(ratings.people, minlength=ratings.n_people))
    parts = np.array_split(rng.permutation(people), FOLDS)
    found, seen = [], 0
    for part in parts:
        if not len(part) or len(part) == len(people) or seen >= ENOUGH_PEOPLE:
            break
        found.append(_hide(ratings, part, content, d, scale, rng))
        seen += len(part)
    if not found:
        nothing = np.zeros((1, 0))
        none = np.zeros(0, dtype=np.int64)
        return Hidden(nothing, nothing, nothing, none, none)
    least = min(len(fold.errors) for fold in found)
    tables = (
        np.concatenate([getattr(fold, name)[:least] for fold in found], axis=1)
        for name in ("errors", "variances", "noise")
    )
    columns = (
        np.concatenate([getattr(fold, name) for fold in found]) for name in ("counts", "people")
    )
    return Hidden(*tables, *columns)


def _hide(
    ratings: Ratings,
    part: Int[np.ndarray, " person"],
    content: Float[np.ndarray, "item d_content"],
    d: int,
    scale: tuple[float, float],
    rng: np.random.Generator,
) -> Hidden:
    out = np.zeros(ratings.n_people, dtype=bool)
    out[part] = True
    new = rng.random(ratings.n_items) < HIDDEN_ITEMS
    own, untold = out[ratings.people], new[ratings.items]
    kept = ratings.where(~own & ~untold)
    # of each hidden person, some ratings on known items are told and all others are asked for
    known = np.flatnonzero(own & ~untold)
    known = known[np.lexsort((rng.random(len(known)), ratings.people[known]))]
    who = ratings.people[known]
    n_known = np.bincount(who, minlength=ratings.n_people)
    place = np.arange(len(known)) - (np.cumsum(n_known) - n_known)[who]
    sizes = np.zeros(ratings.n_people, dtype=np.int64)
    able = n_known > 0
    sizes[able] = support_sizes(n_known[able], rng)
    told = known[place < sizes[who]]
    asked = np.concatenate([known[place >= sizes[who]], np.flatnonzero(own & untold)])
    support = ratings.where(np.isin(np.arange(len(ratings.values)), told))
    rows, items, values = (c[asked] for c in (ratings.people, ratings.items, ratings.values))
    errors, variances, noise = [], [], []
    for factors in _each_sweep(kept, content, d, SWEEPS, rng):
        mean, variance = predicted(people_given(support, factors), factors, rows, items)
        errors.append(values - np.clip(mean, *scale))
        variances.append(variance)
        noise.append(factors.noise[items])
    return Hidden(np.array(errors), np.array(variances), np.array(noise), kept.counts[items], rows)


def _each_sweep(
    ratings: Ratings,
    content: Float[np.ndarray, "item d_content"],
    d: int,
    n: int,
    rng: np.random.Generator,
) -> Iterator[ItemFactors]:
    start = levels(ratings, content, d)
    yield start
    yield from sweeps(ratings, content, start, n, rng)


def doubt_of(hidden: Hidden, sweep: int, factors: ItemFactors) -> Doubt:
    """τ², ω² and the factor on σ² whose 90 % intervals are best for the hidden ratings.

    Of errors of variance φᵀA⁻¹φ + (1/τ² + n/ω²)⁻¹ + f σ_j² the mean interval score is least
    (Gneiting and Raftery 2007, eq. 43), whose best intervals hold 90 %: ratings are bounded and
    skewed, and a likelihood would ask for the variance alone. Drawn towards what the model itself
    says as if some more ratings had said so.
    """
    own = np.log([factors.spread, factors.common_noise, 1.0])
    if not len(hidden.counts):
        return Doubt(*np.exp(own))
    errors, variances = np.abs(hidden.errors[sweep]), hidden.variances[sweep]
    noise, counts = hidden.noise[sweep], hidden.counts

    def score(logs: Float[np.ndarray, " 3"]) -> float:
        untouched, per_rating, factor = np.exp(np.clip(logs, -20.0, 20.0))
        open_ = 1 / (1 / untouched + counts / per_rating)
        half = WIDTH * np.sqrt(variances + open_ + factor * noise)
        missed = np.maximum(errors - half, 0.0) / (1 - COVERAGE)
        return float(2 * np.sum(half + missed) + PRIOR_EVENTS * np.sum((logs - own) ** 2))

    found = minimize(score, own, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3})
    return Doubt(*np.exp(found.x))


def _set(
    network: HeartNetwork,
    factors: ItemFactors,
    doubt: Doubt,
    counts: Int[np.ndarray, " item"],
    content: Float[np.ndarray, "item d_content"],
) -> None:
    features, touched = network.features, counts > 0
    mean = float(features.mean)
    told = content @ factors.slopes + factors.intercept
    apart = np.where(touched[:, None], factors.own - told, 0.0)
    slopes, intercept = (torch.from_numpy(a).float() for a in (factors.slopes, factors.intercept))
    intercept[-1] = float(factors.intercept[-1]) - mean
    features.g.start_at(slopes[:, :-1], intercept[:-1])
    features.t.start_at(slopes[:, -1:], intercept[-1:])
    if np.any(factors.own[:, :-1]):
        features.v.copy_(torch.from_numpy(apart[:, :-1]))
    features.v_start.copy_(features.v)
    features.beta.copy_(torch.from_numpy(apart[:, -1]))
    features.beta_start.copy_(features.beta)
    features.gamma.fill_(factors.gamma)
    features.n.bias.fill_(float(np.log(factors.common_noise)))
    nu = np.where(touched, np.log(factors.noise / factors.common_noise), 0.0)
    features.nu.copy_(torch.from_numpy(nu))
    # people are shrunk by σ² as it was learned; a factor on it is one on all else, turned round
    untouched = max(doubt.untouched / doubt.noise_factor, LEAST)
    features.tau.bias.fill_(float(np.log(np.expm1(untouched))))
    features.told.copy_(torch.from_numpy(counts * doubt.noise_factor / doubt.per_rating))
