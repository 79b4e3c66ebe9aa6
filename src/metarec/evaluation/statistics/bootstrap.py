"""Intervals of a mean by resampling users, and seeds where there are several."""

import numpy as np
from jaxtyping import Float

from metarec.contracts.pieces import pieces

DRAWS = 1000
LEVEL = 0.95
USERS_AT_ONCE = 8_000_000
"""Resampled counts held at once, draws x users (64 MB)."""


def means(values: Float[np.ndarray, "cell user seed"]) -> Float[np.ndarray, " cell"]:
    """The mean of each cell over the users and seeds that have a value, NaN without any."""
    present = ~np.isnan(values)
    counts = present.sum(axis=(1, 2))
    totals = np.where(present, values, 0.0).sum(axis=(1, 2))
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def intervals(
    values: Float[np.ndarray, "cell user seed"], *, draws: int = DRAWS, rng: int = 0
) -> tuple[Float[np.ndarray, " cell"], Float[np.ndarray, " cell"]]:
    """Ends of the central 95 % interval of each cell's mean (percentile bootstrap [ET93]).

    Users are drawn with replacement, and independently of them the seeds; every cell sees the same
    draws, so differences between cells are paired. NaN for a cell of fewer than two users.
    """
    resampled = resampled_means(values, draws=draws, rng=rng)
    n_users = (~np.isnan(values)).any(axis=2).sum(axis=1)
    low, high = np.full(len(values), np.nan), np.full(len(values), np.nan)
    enough = n_users >= 2
    if enough.any():
        ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        low[enough], high[enough] = np.nanquantile(resampled[:, enough], ends, axis=0)
    return low, high


def resampled_means(
    values: Float[np.ndarray, "cell user seed"], *, draws: int = DRAWS, rng: int = 0
) -> Float[np.ndarray, "draw cell"]:
    """The mean of each cell in each resample; NaN where a resample holds no value of a cell."""
    n_cells, n_users, n_seeds = values.shape
    generator = np.random.default_rng(rng)
    seed_counts = _counts(generator, draws, n_seeds) if n_seeds > 1 else np.ones((draws, 1))
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    out = np.full((draws, n_cells), np.nan)
    for part in pieces(draws if n_users else 0, n_users, USERS_AT_ONCE):
        user_counts = _counts(generator, len(out[part]), n_users)
        totals, sizes = np.zeros_like(out[part]), np.zeros_like(out[part])
        for seed in range(n_seeds):  # (draw, user) @ (user, cell) -> (draw, cell)
            weight = seed_counts[part, seed : seed + 1]
            totals += weight * (user_counts @ filled[:, :, seed].T)
            sizes += weight * (user_counts @ present[:, :, seed].T.astype(np.float64))
        np.divide(totals, sizes, out=out[part], where=sizes > 0)
    return out


def _counts(generator: np.random.Generator, draws: int, n: int) -> Float[np.ndarray, "draw n"]:
    """How often each of `n` is drawn in `draws` resamples of size `n`."""
    chosen = generator.integers(n, size=(draws, n)) + np.arange(draws)[:, None] * n
    # (draw, n) flattened so that one count serves all draws, and back
    return np.bincount(chosen.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float64)
