"""Sweeps over ratings are the formulas of variational EM, item by item and person by person."""

from dataclasses import dataclass

import numpy as np
import pytest

from metarec.meta.heads.value_factors import (
    DAMPING,
    FLAT,
    FLOOR,
    LEAST,
    NOISE_DAMPING,
    ItemFactors,
    Ratings,
    _with_directions,
    levels,
    people_given,
    predicted,
    sweeps,
)
from metarec.recommenders.bias import alternate_biases_of
from metarec.recommenders.ridge import chosen_ridge_map

N_PEOPLE, N_ITEMS, D = 24, 13, 2
CONTENT = np.random.default_rng(1).normal(size=(N_ITEMS, 3))


def planted(n: int = 101) -> Ratings:
    """Two tastes and levels by content; the last item has no rating, the last person neither."""
    rng = np.random.default_rng(1)
    n_people, n_items = N_PEOPLE - 1, N_ITEMS - 1
    cells = rng.choice(n_people * n_items, n, replace=False)
    people, items = np.divmod(cells, n_items)
    tastes = rng.normal(size=(N_PEOPLE, D)), rng.normal(size=(N_ITEMS, D))
    taste = (tastes[0][people] * tastes[1][items]).sum(axis=1)
    values = 3.0 + CONTENT[items, 0] + 0.6 * taste + 0.3 * rng.normal(size=n)
    return Ratings(people, items, values, N_PEOPLE, N_ITEMS)


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    return planted()


def line(left: np.ndarray, counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The damped line through what is left, in the logarithm of the number of ratings."""
    rated = [i for i in range(len(counts)) if counts[i]]
    total = sum(weights[i] for i in rated)
    centre = sum(weights[i] * np.log(counts[i]) for i in rated) / total
    level = sum(weights[i] * left[i] for i in rated) / total
    x = {i: np.log(counts[i]) - centre for i in rated}
    power = sum(weights[i] * x[i] ** 2 for i in rated)
    slope = sum(weights[i] * x[i] * left[i] for i in rated) / (power + FLAT)
    return np.array([level + slope * x[i] if counts[i] else 0.0 for i in range(len(counts))])


def test_levels_are_damped_biases_around_what_content_and_numbers_tell(ratings: Ratings):
    found, counts = levels(ratings, CONTENT, D), ratings.counts
    shape = (N_PEOPLE, N_ITEMS)
    biases = alternate_biases_of(
        ratings.people, ratings.items, ratings.values, shape, (DAMPING, DAMPING, 10)
    )
    residuals = ratings.values - biases.level - biases.user[ratings.people]
    of = [residuals[ratings.items == item] for item in range(N_ITEMS)]
    means = np.array([own.mean() if len(own) else 0.0 for own in of])
    by_event = np.array([n / (n + DAMPING) * (n + 1) if n else 0.0 for n in counts])
    slopes, intercept = chosen_ridge_map(CONTENT, means[:, None], by_event)
    assert np.any(slopes)
    told = (CONTENT @ slopes + intercept)[:, 0]
    expected = told + line(means - told, counts, counts / (counts + DAMPING))
    own = [(r.sum() + DAMPING * e) / (len(r) + DAMPING) for r, e in zip(of, expected, strict=True)]
    np.testing.assert_allclose(found.own[:, -1], biases.level + np.array(own))
    np.testing.assert_array_equal(found.own[:, :-1], np.zeros((N_ITEMS, D)))
    np.testing.assert_allclose(found.slopes, np.c_[np.zeros((3, D)), slopes])
    np.testing.assert_allclose(found.intercept, [0.0, 0.0, biases.level + intercept[0]])
    assert found.gamma == pytest.approx(biases.user[: N_PEOPLE - 1].std())
    squares = [np.sum((r - o) ** 2) for r, o in zip(of, own, strict=True)]
    common = sum(squares) / len(ratings.values)
    assert found.common_noise == pytest.approx(common)
    noise = [
        (s + NOISE_DAMPING * common) / (n + NOISE_DAMPING)
        for s, n in zip(squares, counts, strict=True)
    ]
    np.testing.assert_allclose(found.noise, noise)
    apart = [(own[i] - expected[i]) ** 2 for i in range(N_ITEMS) if counts[i]]
    assert found.spread == pytest.approx(np.mean(apart) + common / DAMPING)


def test_levels_of_ratings_that_are_all_alike_stay_above_nothing():
    alike = planted(20)
    same = Ratings(alike.people, alike.items, np.full(20, 3.0), N_PEOPLE, N_ITEMS)
    found = levels(same, CONTENT, 1)
    assert (found.gamma, found.common_noise, found.spread) == (0.1, LEAST, pytest.approx(LEAST))
    np.testing.assert_allclose(found.own[:, -1], 3.0)
    np.testing.assert_allclose(found.noise, LEAST)


@dataclass
class Slow:
    """The sweeps by loops; `doubt` is the covariance of each item's factors."""

    ratings: Ratings
    factors: ItemFactors
    expected: np.ndarray
    spread: np.ndarray
    doubt: np.ndarray
    held: float | None = None

    @classmethod
    def of(cls, ratings: Ratings, start: ItemFactors) -> "Slow":
        """Before the first sweep: the main directions of what levels leave."""
        people = people_given(ratings, start)
        left = np.zeros((N_PEOPLE, N_ITEMS))
        told, _ = predicted(people, start, ratings.people, ratings.items)
        left[ratings.people, ratings.items] = ratings.values - told
        strength, directions = np.linalg.svd(left)[1:]
        scale = (N_ITEMS / (len(told) * N_PEOPLE)) ** 0.25
        main = (directions[:D] * strength[:D, None])[::-1].T * scale  # the largest one last
        own = np.c_[main, start.own[:, -1]]
        factors = ItemFactors(
            own, start.slopes, start.intercept, start.gamma, start.noise, start.common_noise, 1.0
        )
        expected = CONTENT @ start.slopes + start.intercept
        expected[:, -1] = start.own[:, -1]
        doubt = np.zeros((N_ITEMS, D, D))
        return cls(ratings, factors, expected, np.array([0.05] * D + [0.1]), doubt)

    def events(self) -> list[tuple[int, int, float]]:
        columns = (self.ratings.people, self.ratings.items, self.ratings.values)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def people(self) -> tuple[np.ndarray, np.ndarray]:
        """Means and covariances given the items, scaled to second moment 1, and the scale."""
        f, phi = self.factors, self.factors.features
        precision, pull = np.array([np.eye(D + 1)] * N_PEOPLE), np.zeros((N_PEOPLE, D + 1))
        for u, j, y in self.events():
            unsure = np.zeros((D + 1, D + 1))
            unsure[:D, :D] = self.doubt[j]
            precision[u] += (np.outer(phi[j], phi[j]) + unsure) / f.noise[j]
            pull[u] += phi[j] * (y - f.own[j, -1]) / f.noise[j]
        covariance = np.array([np.linalg.inv(own) for own in precision])
        mean = np.array([own @ s for own, s in zip(covariance, pull, strict=True)])
        rated = sorted(set(self.ratings.people.tolist()))
        second = np.mean([covariance[u] + np.outer(mean[u], mean[u]) for u in rated], axis=0)
        root = np.zeros((D + 1, D + 1))
        root[:D, :D], root[D, D] = np.linalg.cholesky(second[:D, :D]), np.sqrt(second[D, D])
        back = np.linalg.inv(root)
        self.expected[:, :D] = self.expected[:, :D] @ root[:D, :D]
        self.gamma = self.factors.gamma * root[D, D]
        return mean @ back.T, np.array([back @ own @ back.T for own in covariance])

    def sweep(self) -> ItemFactors:
        mean, covariance = self.people()
        d, noise, counts = D + 1, self.factors.noise, self.ratings.counts
        H, h = np.zeros((N_ITEMS, d, d)), np.zeros((N_ITEMS, d))
        for u, j, y in self.events():
            x = np.append(mean[u, :D], 1.0)
            seconds, with_bias = np.outer(x, x), x * mean[u, D]
            seconds[:D, :D] += covariance[u, :D, :D]
            with_bias[:D] += covariance[u, :D, D]
            H[j] += seconds
            h[j] += x * y - self.gamma * with_bias
        known = np.array(
            [np.linalg.inv(H[j] / noise[j] + np.diag(1 / self.spread)) for j in range(N_ITEMS)]
        )
        pull = h / noise[:, None] + self.expected / self.spread
        own = np.array([known[j] @ pull[j] for j in range(N_ITEMS)])
        open_ = np.array([np.diag(known[j]) for j in range(N_ITEMS)])
        told = self.mapped(own, np.clip(1 - open_ / self.spread, FLOOR, 1.0), counts)
        touched = counts > 0
        apart = (own - self.expected) ** 2 + open_
        self.spread = np.maximum(apart[touched].mean(axis=0), LEAST)
        squares = np.zeros(N_ITEMS)
        for u, j, y in self.events():
            phi = np.append(own[j, :D], self.gamma)
            x = np.append(mean[u, :D], 1.0)
            second = np.outer(x, x)
            second[:D, :D] += covariance[u, :D, :D]
            squares[j] += (y - own[j, D] - phi @ mean[u]) ** 2 + phi @ covariance[u] @ phi
            squares[j] += np.sum(known[j] * second)
        common = squares.sum() / len(self.ratings.values)
        self.held = self.held or common
        self.doubt = np.where(touched[:, None, None], known[:, :D, :D], 0.0)
        damped = squares * self.held / common + NOISE_DAMPING * self.held
        self.factors = ItemFactors(
            np.where(touched[:, None], own, told),
            self.slopes,
            self.intercept,
            self.gamma,
            damped / (counts + NOISE_DAMPING),
            self.held,
            float(self.spread.sum()),
        )
        return self.factors

    def mapped(self, own: np.ndarray, shares: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """What content tells; afterwards `expected` is that and the line of the numbers."""
        taste, level = shares[:, :D].mean(axis=1), shares[:, D]
        moved = own - self.expected
        alone = self.expected + moved / np.c_[taste, taste, level]
        weights = np.where(counts > 0, taste, 0.0)
        tastes = chosen_ridge_map(CONTENT, alone[:, :D], weights)
        weights = np.where(counts > 0, level * (counts + 1), 0.0)
        of_level = chosen_ridge_map(CONTENT, alone[:, D:], weights)
        self.slopes, self.intercept = (
            np.concatenate([one, other], axis=-1)
            for one, other in zip(tastes, of_level, strict=True)
        )
        told = CONTENT @ self.slopes + self.intercept
        self.expected = told.copy()
        self.expected[:, D] += line(alone[:, D] - told[:, D], counts, level)
        return told


@pytest.mark.parametrize("people", [5, N_PEOPLE])
def test_there_are_no_more_directions_than_people_or_items_allow(ratings: Ratings, people: int):
    some = ratings.where(ratings.people < people)
    few = Ratings(some.people, some.items, some.values, people, N_ITEMS)
    start = levels(few, CONTENT, 20)
    found = _with_directions(few, start, np.random.default_rng(0))
    told = (found.own[:, :-1] ** 2).sum(axis=0) > 1e-20
    most = min(people, N_ITEMS) - 1
    assert found.own.shape == (N_ITEMS, 21)
    assert not told[most:].any()
    assert most - 2 <= told[:most].sum()  # the last item and person have no rating
    np.testing.assert_array_equal(found.own[:, -1], start.own[:, -1])
    *_, factors = [start, *sweeps(few, CONTENT, start, 2, np.random.default_rng(0))]
    assert np.isfinite(factors.own).all()


def turned(own: np.ndarray) -> np.ndarray:
    """What does not depend on the sign of the directions that start the sweeps."""
    return own[:, :-1] @ own[:, :-1].T


def test_each_sweep_is_the_sweep_of_the_formulas(ratings: Ratings):
    start = levels(ratings, CONTENT, D)
    slow = Slow.of(ratings, start)
    found = list(sweeps(ratings, CONTENT, start, 3, np.random.default_rng(2)))
    assert len(found) == 3
    for factors in found:
        expected = slow.sweep()
        np.testing.assert_allclose(turned(factors.own), turned(expected.own), atol=1e-6)
        np.testing.assert_allclose(factors.own[:, -1], expected.own[:, -1], atol=1e-6)
        maps = [np.r_[f.slopes, f.intercept[None]] for f in (factors, expected)]
        np.testing.assert_allclose(*map(turned, maps), atol=1e-6)
        np.testing.assert_allclose(maps[0][:, -1], maps[1][:, -1], atol=1e-6)
        assert factors.gamma == pytest.approx(expected.gamma, rel=1e-5)
        assert factors.common_noise == pytest.approx(expected.common_noise, rel=1e-5)
        assert factors.spread == pytest.approx(expected.spread, rel=1e-5)
        np.testing.assert_allclose(factors.noise, expected.noise, rtol=1e-5)


def test_sweeps_end_before_items_go_apart_again(ratings: Ratings):
    start = levels(ratings, CONTENT, D)
    found = [f.spread for f in sweeps(ratings, CONTENT, start, 40, np.random.default_rng(2))]
    slow = Slow.of(ratings, start)
    more = [slow.sweep().spread for _ in range(len(found) + 1)]
    assert 1 < len(found) < 40
    assert (np.diff(found) < 0).all()
    assert more[-1] > more[-2]
