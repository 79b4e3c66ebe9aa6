"""Levels and factors of items from ratings, in closed form: no PyTorch, no step size.

    y_uj = μ + o_j + f_jᵀw_u + γ b_u + ε,   (w_u, b_u) ~ N(0, I),   ε ~ N(0, σ_j²)
    (o_j, f_j) ~ N(what content and the number of its ratings tell, Λ⁻¹)

A regression-based latent factor model (Agarwal and Chen 2009), fitted by sweeps of variational EM
(Bishop 2006, section 10.1): people given items, by the same solve that serves them; items given
people; then the map from content, Λ, γ and σ². After each sweep people's weights are scaled to
second moment I, the prior that they are served under (parameter expansion: Liu, Rubin and Wu
1998). Items are shrunk by as much as their ratings leave open, so that one rating moves little.
The shop's σ² is what the first sweep leaves: later ones fit the ratings that they see ever closer,
and what they leave says too little of the noise of others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int
from scipy.sparse.linalg import svds

from metarec.recommenders.bias import alternate_biases_of
from metarec.recommenders.ridge import chosen_ridge_map

DAMPING = 5.0
"""Ratings at the expected level that items and people start with, before any sweep."""
NOISE_DAMPING = 10.0
"""Ratings of the shop's own noise that each item's noise starts with."""
LEAST = 1e-6
FLAT = 5.0
"""Items, a power of e apart in their number of ratings, that say that the number tells nothing."""
AT_ONCE = 10_000_000
"""Numbers of the matrices of pairs that are held in memory together, 80 MB."""
FLOOR = 0.05
"""The least share of an item's numbers that its own ratings are taken to have told."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """Events as columns: the row of who, the row of what, and the rating."""

    people: Int[np.ndarray, " event"]
    items: Int[np.ndarray, " event"]
    values: Float[np.ndarray, " event"]
    n_people: int
    n_items: int

    def where(self, kept: Bool[np.ndarray, " event"]) -> "Ratings":
        """The same people and items with some of the events."""
        return replace(
            self, people=self.people[kept], items=self.items[kept], values=self.values[kept]
        )

    @property
    def counts(self) -> Int[np.ndarray, " item"]:
        """Ratings of each item."""
        return np.bincount(self.items, minlength=self.n_items)

    def table(self, numbers: Float[np.ndarray, " event"]) -> sp.csr_array:
        """One number an event, as people by items."""
        shape = (self.n_people, self.n_items)
        return sp.csr_array((numbers, (self.people, self.items)), shape=shape)


@dataclass(frozen=True, eq=False)
class ItemFactors:
    """What is known of items after a sweep; the level stands in the last column."""

    own: Float[np.ndarray, "item d+1"]
    """(f_j, μ + o_j); what content tells where an item has no rating."""
    slopes: Float[np.ndarray, "d_content d+1"]
    intercept: Float[np.ndarray, " d+1"]
    gamma: float
    noise: Float[np.ndarray, " item"]
    """σ_j²; the shop's where an item has no rating."""
    common_noise: float
    spread: float
    """What content does not tell of the rating of an untouched item, as a variance."""

    @property
    def features(self) -> Float[np.ndarray, "item d+1"]:
        """[f_j ; γ]."""
        return np.concatenate([self.own[:, :-1], np.full((len(self.own), 1), self.gamma)], axis=1)


@dataclass(frozen=True, eq=False)
class People:
    """Everyone's weights given the items: a Gaussian each."""

    mean: Float[np.ndarray, "person d+1"]
    covariance: Float[np.ndarray, "person d+1 d+1"]

    def moments(self) -> Float[np.ndarray, "person d+1 d+1"]:
        """E[w wᵀ]."""
        return self.covariance + self.mean[:, :, None] * self.mean[:, None, :]

    def scaled(self, root: Float[np.ndarray, "d+1 d+1"]) -> "People":
        """The people of weights `root`⁻¹ w."""
        back = np.linalg.inv(root)
        return People(self.mean @ back.T, back @ self.covariance @ back.T)


def people_given(
    ratings: Ratings,
    factors: ItemFactors,
    doubt: Float[np.ndarray, "item d d"] | None = None,
) -> People:
    """The posterior of everyone's weights; `doubt` is the covariance of the items' factors."""
    features, d = factors.features, factors.own.shape[1]
    squares = features[:, :, None] * features[:, None, :]
    if doubt is not None:
        squares[:, :-1, :-1] += doubt
    squares /= factors.noise[:, None, None]
    had = ratings.table(np.ones(len(ratings.values)))
    precision = (had @ squares.reshape(-1, d * d)).reshape(-1, d, d) + np.eye(d)
    weighed = features / factors.noise[:, None]
    surprise = ratings.table(ratings.values) @ weighed - had @ (weighed * factors.own[:, -1:])
    covariance = np.linalg.inv(precision)
    return People((covariance @ surprise[..., None])[..., 0], covariance)


def predicted(
    people: People,
    factors: ItemFactors,
    rows: Int[np.ndarray, " query"],
    items: Int[np.ndarray, " query"],
) -> tuple[Float[np.ndarray, " query"], Float[np.ndarray, " query"]]:
    """Expected rating, and its variance by the person's weights alone, of pairs."""
    features = factors.features[items]
    mean = factors.own[items, -1] + (features * people.mean[rows]).sum(axis=1)
    variance = np.empty(len(rows))
    for start in range(0, len(rows), step := max(1, AT_ONCE // features.shape[1] ** 2)):
        part = slice(start, start + step)  # a matrix each would be gigabytes of a million pairs
        spread = (features[part, None, :] @ people.covariance[rows[part]])[:, 0]
        variance[part] = (spread * features[part]).sum(axis=1)
    return mean, variance


def levels(ratings: Ratings, content: Float[np.ndarray, "item d_content"], d: int) -> ItemFactors:
    """Where the sweeps start: damped biases around what content tells of them, no factors.

    That is text ridge with damped biases, but that content is asked for the rating of an event
    rather than of an item: a rated item is a popular one more often than not.
    """
    biases = alternate_biases_of(
        ratings.people,
        ratings.items,
        ratings.values,
        (ratings.n_people, ratings.n_items),
        (DAMPING, DAMPING, 10),
    )
    counts, level = ratings.counts, biases.level
    residuals = ratings.values - level - biases.user[ratings.people]
    totals = np.bincount(ratings.items, residuals, minlength=ratings.n_items)
    means = totals / np.maximum(counts, 1)
    slopes, intercept = chosen_ridge_map(content, means[:, None], _by_event(counts, DAMPING))
    told = content @ slopes + intercept
    expected = told + _by_number(means[:, None] - told, counts, counts / (counts + DAMPING))
    own = (totals + DAMPING * expected[:, 0]) / (counts + DAMPING)
    own = np.where(counts > 0, own, told[:, 0])
    left = residuals - own[ratings.items]
    rated = np.bincount(ratings.people, minlength=ratings.n_people) > 0
    noise = max(float(np.mean(left**2)), LEAST)
    return ItemFactors(
        np.concatenate([np.zeros((ratings.n_items, d)), (level + own)[:, None]], axis=1),
        np.concatenate([np.zeros((content.shape[1], d)), slopes], axis=1),
        np.concatenate([np.zeros(d), level + intercept]),
        max(float(biases.user[rated].std()), 0.1),
        _damped_noise(
            np.bincount(ratings.items, left**2, minlength=ratings.n_items), counts, noise
        ),
        noise,
        max(float(np.mean((own - expected[:, 0])[counts > 0] ** 2)) + noise / DAMPING, LEAST),
    )


def sweeps(
    ratings: Ratings,
    content: Float[np.ndarray, "item d_content"],
    start: ItemFactors,
    n: int,
    rng: np.random.Generator,
) -> Iterator[ItemFactors]:
    """What is known of the items after each of `n` sweeps from `start`."""
    d, counts = start.own.shape[1] - 1, ratings.counts
    had = sp.csr_array(ratings.table(np.ones(len(ratings.values))).T)
    valued = sp.csr_array(ratings.table(ratings.values).T)
    rated = np.bincount(ratings.people, minlength=ratings.n_people) > 0
    factors = _with_directions(ratings, start, rng)
    told = content @ factors.slopes + factors.intercept
    expected = told.copy()
    expected[:, -1] = start.own[:, -1]
    spread = np.append(np.full(d, 0.05), 0.1)
    doubt, before, held = None, None, None
    for _ in range(n):
        people = people_given(ratings, factors, doubt)
        root = _root(people.moments()[rated].mean(axis=0))
        people = people.scaled(root)
        expected[:, :d] = expected[:, :d] @ root[:d, :d]
        gamma = factors.gamma * float(root[d, d])
        # what items need of the people who rated them: Σ E[xxᵀ] and Σ E[x (y − γ b)], x = (w, 1)
        moments = (had @ people.moments().reshape(-1, (d + 1) ** 2)).reshape(-1, d + 1, d + 1)
        means = had @ people.mean
        H = moments.copy()
        H[:, d, :d] = H[:, :d, d] = means[:, :d]
        H[:, d, d] = counts
        h = np.concatenate([valued @ people.mean[:, :d], valued.sum(axis=1)[:, None]], axis=1)
        h -= gamma * np.concatenate([moments[:, :d, d], means[:, d:]], axis=1)
        covariance = np.linalg.inv(H / factors.noise[:, None, None] + np.diag(1 / spread))
        own = h / factors.noise[:, None] + expected / spread
        own = (covariance @ own[..., None])[..., 0]
        # the map from content, of what an item's own ratings tell: `expected` taken out again
        open_ = np.diagonal(covariance, axis1=1, axis2=2)
        shares = np.clip(1 - open_ / spread, FLOOR, 1.0)
        slopes, intercept, told, expected = _mapped(own, expected, shares, counts, content)
        touched = counts > 0
        apart = ((own - expected) ** 2 + open_)[touched]
        spread = np.maximum(apart.mean(axis=0), LEAST)
        if before is not None and spread.sum() > before:
            return
        before = float(spread.sum())
        features = np.concatenate([own[:, :d], np.full((len(own), 1), gamma)], axis=1)
        left = ratings.values - own[ratings.items, d]
        left -= (features[ratings.items] * people.mean[ratings.people]).sum(axis=1)
        unsure = (had @ people.covariance.reshape(-1, (d + 1) ** 2)).reshape(moments.shape)
        squares = np.bincount(ratings.items, left**2, len(counts)).astype(np.float64)
        squares += np.einsum("ia,iab,ib->i", features, unsure, features)
        squares += np.einsum("iab,iab->i", covariance, H) * touched
        noise = max(float(squares.sum() / len(left)), LEAST)
        held = noise if held is None else held
        squares, noise = np.asarray(squares * held / noise), held
        doubt = covariance[:, :d, :d] * touched[:, None, None]
        factors = ItemFactors(
            np.where(touched[:, None], own, told),
            slopes,
            intercept,
            gamma,
            _damped_noise(squares, counts, noise),
            noise,
            float(spread.sum()),
        )
        yield factors


def _mapped(
    own: Float[np.ndarray, "item d+1"],
    expected: Float[np.ndarray, "item d+1"],
    shares: Float[np.ndarray, "item d+1"],
    counts: Int[np.ndarray, " item"],
    content: Float[np.ndarray, "item d_content"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Slopes and intercept of the map, what it tells, and what is expected of each item."""
    slopes, intercept, d = [], [], own.shape[1] - 1
    for columns in (slice(0, d), slice(d, d + 1)):
        if columns.start == columns.stop:
            continue
        share = shares[:, columns].mean(axis=1)
        alone = expected[:, columns] + (own - expected)[:, columns] / share[:, None]
        # levels are asked for by events, tastes by items
        weights = share * (counts + 1.0) if columns.stop == d + 1 else share
        part = chosen_ridge_map(content, alone, np.where(counts > 0, weights, 0.0))
        slopes.append(part[0])
        intercept.append(part[1])
    slope, level = np.concatenate(slopes, axis=1), np.concatenate(intercept)
    told = content @ slope + level
    alone = expected[:, d:] + (own - expected)[:, d:] / shares[:, d:]
    after = told.copy()
    after[:, d:] += _by_number(alone - told[:, d:], counts, shares[:, d])
    return slope, level, told, after


def _by_event(counts: Int[np.ndarray, " item"], damping: float) -> Float[np.ndarray, " item"]:
    return np.where(counts > 0, counts / (counts + damping) * (counts + 1.0), 0.0)


def _by_number(
    left: Float[np.ndarray, "item 1"],
    counts: Int[np.ndarray, " item"],
    weights: Float[np.ndarray, " item"],
) -> Float[np.ndarray, "item 1"]:
    """What the number of an item's ratings tells of its level: a line in log n; 0 without any."""
    known = counts > 0
    x = np.log(np.maximum(counts, 1.0))
    w = weights * known
    centre = w @ x / max(w.sum(), LEAST)
    power = w @ (x - centre) ** 2
    slope = (w * (x - centre)) @ left[:, 0] / (power + FLAT)
    line = w @ left[:, 0] / max(w.sum(), LEAST) + slope * (x - centre)
    return np.where(known, line, 0.0)[:, None]


def _damped_noise(
    squares: Float[np.ndarray, " item"], counts: Int[np.ndarray, " item"], noise: float
) -> Float[np.ndarray, " item"]:
    return np.maximum((squares + NOISE_DAMPING * noise) / (counts + NOISE_DAMPING), LEAST)


def _root(moments: Float[np.ndarray, "d+1 d+1"]) -> Float[np.ndarray, "d+1 d+1"]:
    """R with R Rᵀ the second moment of the factors' weights, and of the bias beside them."""
    d = len(moments) - 1
    root = np.zeros_like(moments)
    root[:d, :d] = np.linalg.cholesky(moments[:d, :d])
    root[d, d] = np.sqrt(moments[d, d])
    return root


def _with_directions(ratings: Ratings, start: ItemFactors, rng: np.random.Generator) -> ItemFactors:
    """`start` with the main directions of what levels leave, at the scale of their own spread."""
    people = people_given(ratings, start)
    left = ratings.values - predicted(people, start, ratings.people, ratings.items)[0]
    d = start.own.shape[1] - 1
    most = min(d, min(ratings.n_people, ratings.n_items) - 1)
    own = start.own.copy()
    if most > 0 and left.any():
        begin = rng.standard_normal(min(ratings.n_people, ratings.n_items))
        _, strength, directions = svds(ratings.table(left), k=most, v0=begin)
        scale = (ratings.n_items / (len(left) * ratings.n_people)) ** 0.25
        own[:, :most] = directions.T * strength * scale
    return replace(start, own=own)
