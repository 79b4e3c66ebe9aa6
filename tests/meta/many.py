"""Directions of items, and tables of what is alike, for the tests of many items."""

import numpy as np

from metarec.meta.evidence.alike import Alike
from metarec.meta.evidence.grid import on_grid


def directions_of(n: int, groups: int = 12, *, seed: int = 0, d: int = 8) -> np.ndarray:
    """Items around a few centres, as texts are; every tenth has no content."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(groups, d))
    vectors = centres[rng.integers(0, groups, n)] + 0.5 * rng.normal(size=(n, d))
    vectors[::10] = 0.0
    return on_grid(vectors)


def expect_same(one: Alike, other: Alike) -> None:
    np.testing.assert_array_equal(one.directions, other.directions)
    np.testing.assert_array_equal(one.floor, other.floor)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(one.matrix, part), getattr(other.matrix, part))
