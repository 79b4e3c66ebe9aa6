"""Whether predictive intervals hold what they promise."""

from statistics import NormalDist

import numpy as np
from jaxtyping import Float


def covered(
    observed: Float[np.ndarray, "*pair"],
    mean: Float[np.ndarray, "*pair"],
    std: Float[np.ndarray, "*pair"],
    *,
    level: float = 0.9,
) -> Float[np.ndarray, "*pair"]:
    """1 where the central interval of a Gaussian prediction holds the observation, else 0.

    `std` is the predictive standard deviation, noise included. `level` is the share that the
    interval promises. NaN where one of the three is NaN.

    >>> covered(np.array([4.0, 9.0]), np.array([3.0, 3.0]), np.array([1.0, 1.0]))
    array([1., 0.])
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    half_width = NormalDist().inv_cdf((1 + level) / 2) * std
    inside = np.abs(observed - mean) <= half_width
    absent = np.isnan(observed) | np.isnan(mean) | np.isnan(std)
    return np.where(absent, np.nan, inside)


def calibration_curve(
    observed: Float[np.ndarray, "*pair"],
    mean: Float[np.ndarray, "*pair"],
    std: Float[np.ndarray, "*pair"],
    levels: Float[np.ndarray, " level"],
) -> Float[np.ndarray, " level"]:
    """Share of observations inside the central interval, for each promised share.

    Equal to `levels` for a calibrated model, below it for one too sure. NaN without any pair.

    >>> curve = calibration_curve(np.zeros(2), np.array([0.0, 1.0]), np.ones(2), np.array([0.5]))
    >>> curve
    array([0.5])
    """
    inside = np.array([covered(observed, mean, std, level=float(level)) for level in levels])
    flat = inside.reshape(len(levels), -1)  # (level, *pair) -> (level, pair)
    present = ~np.isnan(flat)
    if not present.any():
        return np.full(len(levels), np.nan)
    return np.asarray(np.where(present, flat, 0).sum(axis=1) / present.sum(axis=1))
