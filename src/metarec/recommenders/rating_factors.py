"""Biases and factors of ratings by alternating least squares: every half of a sweep is exact.

    r_ui = μ + b_u + b_i + q_iᵀ(p_u + z_u),        z_u = |N(u)|^-½ Σ_{j in N(u)} y_j

Koren 2008, section 4 (SVD++); without y it is the biased factorisation of Funk 2006 and Koren, Bell
and Volinsky 2009. What is minimised is the sum of squared errors + Σ_u √n_u (λ|p_u|² + λ_b b_u²) +
Σ_i √n_i (λ|q_i|² + λ_b b_i²) + λ_y Σ_j |y_j|², n the number of ratings. Given the items a person is
one ridge regression, in training as when served.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from metarec.contracts import Histories
from metarec.contracts.pieces import pieces
from metarec.recommenders.bias import mean_value
from metarec.recommenders.folding_in import fold_in

START_STD = 0.1
"""Spread of people's factors before the first sweep."""
SOLVES = 8
"""Steps of conjugate gradients for y in a sweep; each sweep begins where the last one ended."""
NUMBERS_AT_ONCE = 4_000_000
"""Of the factors of pairs, 32 MB."""
Factors = Float[np.ndarray, "row d"]


@dataclass(frozen=True, eq=False)
class Penalties:
    """Of factors, of biases, and of y; None of y: there is none."""

    factors: float
    biases: float
    implicit: float | None

    def precision(self, d: int) -> Float[np.ndarray, "d+1 d+1"]:
        """Of the weights that one regression finds: `d` factors, and a bias in the last place."""
        return np.diag([self.factors] * d + [self.biases])


@dataclass(frozen=True, eq=False)
class Items:
    """What is known of items; 0 of an item without a rating."""

    level: float
    biases: Float[np.ndarray, " item"]
    factors: Float[np.ndarray, "item d"]
    implicit: Float[np.ndarray, "item d"]
    """y, which speak for whoever rated the item, whatever the rating."""


@dataclass(frozen=True, eq=False)
class People:
    """What is known of people."""

    biases: Float[np.ndarray, " person"]
    factors: Float[np.ndarray, "person d"]
    """p_u + z_u."""


def learn(histories: Histories, d: int, penalties: Penalties, sweeps: int, seed: int) -> Items:
    """The items after so many sweeps, from random people."""
    n_items = len(histories.vocabulary)
    table = np.zeros((n_items, d))
    items = Items(mean_value(histories.values), np.zeros(n_items), table, table)
    start = START_STD * np.random.default_rng(seed).standard_normal((len(histories), d))
    people = People(np.zeros(len(histories)), start)
    for sweep in range(sweeps):
        items = items_given(people, histories, items, penalties)
        if penalties.implicit is not None and sweep:  # before, people are chance
            items = implicit_given(people, histories, items, penalties.implicit)
        people = people_given(items, histories, penalties)
    return items


def people_given(items: Items, histories: Histories, penalties: Penalties) -> People:
    """Everyone's bias and factors, each from their own ratings alone."""
    d = items.factors.shape[1]
    implied = _spread(histories) @ items.implicit
    left = histories.values - items.level - items.biases[histories.items]
    left = left - products(items.factors, implied, histories.items, histories.rows)
    found = fold_in(
        histories.items,
        histories.lengths,
        _beside_one(items.factors),
        left,
        _shares(histories.lengths, histories.rows),
        penalties.precision(d),
    )
    return People(found[:, d], found[:, :d] + implied)


def items_given(people: People, histories: Histories, items: Items, penalties: Penalties) -> Items:
    """The items' biases and factors, each from those who rated it."""
    d = people.factors.shape[1]
    order = np.argsort(histories.items, kind="stable")
    rows, counts = histories.rows[order], np.bincount(histories.items, minlength=len(items.biases))
    found = fold_in(
        rows,
        counts,
        _beside_one(people.factors),
        histories.values[order] - items.level - people.biases[rows],
        _shares(counts, histories.items[order]),
        penalties.precision(d),
    )
    return Items(items.level, found[:, d], found[:, :d], items.implicit)


def implicit_given(people: People, histories: Histories, items: Items, penalty: float) -> Items:
    """The items with other y: a few steps of conjugate gradients from where they stand."""
    spread, shape = _spread(histories), (len(histories), len(items.biases))
    cells = (histories.rows, histories.items)

    def back(errors: Float[np.ndarray, " event"]) -> Factors:
        return np.asarray(spread.T @ (sp.csr_array((errors, cells), shape=shape) @ items.factors))

    def curved(moved: Factors) -> Factors:
        told = products(items.factors, spread @ moved, histories.items, histories.rows)
        return back(told) + penalty * moved

    left = histories.values - items.level - items.biases[cells[1]] - people.biases[cells[0]]
    told = products(items.factors, people.factors, cells[1], cells[0])
    residual = back(left - told) - penalty * items.implicit
    y, direction = items.implicit.copy(), residual.copy()
    size = float(np.sum(residual * residual))
    for _ in range(SOLVES):
        if size <= 0:
            break
        bent = curved(direction)
        step = size / float(np.sum(direction * bent))
        y += step * direction
        residual -= step * bent
        last, size = size, float(np.sum(residual * residual))
        direction = residual + size / last * direction
    return Items(items.level, items.biases, items.factors, y)


def scores(items: Items, people: People) -> Float[np.ndarray, "person item"]:
    """The expected rating of every item, neither rounded nor cut to the scale."""
    return np.asarray(
        items.level + items.biases + people.biases[:, None] + people.factors @ items.factors.T
    )


def products(
    left: Factors, right: Factors, rows: Int[np.ndarray, " pair"], others: Int[np.ndarray, " pair"]
) -> Float[np.ndarray, " pair"]:
    """The inner product of each pair of rows."""
    found = np.empty(len(rows))
    for part in pieces(len(rows), left.shape[1], NUMBERS_AT_ONCE):
        found[part] = np.einsum("pd,pd->p", left[rows[part]], right[others[part]])
    return found


def _spread(histories: Histories) -> sp.csr_array:
    """|N(u)|^-½ at each event of each person."""
    shape = (len(histories), len(histories.vocabulary))
    weights = np.maximum(histories.lengths, 1)[histories.rows] ** -0.5
    return sp.csr_array((weights, (histories.rows, histories.items)), shape=shape)


def _shares(counts: Int[np.ndarray, " group"], groups: Int[np.ndarray, " event"]) -> np.ndarray:
    """What an event weighs, so that a penalty counts as if it were multiplied by √n."""
    return np.asarray(np.maximum(counts, 1)[groups] ** -0.5)


def _beside_one(factors: Factors) -> Float[np.ndarray, "row d+1"]:
    return np.concatenate([factors, np.ones((len(factors), 1))], axis=1)
