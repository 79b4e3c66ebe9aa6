"""The continuous ranked probability score: error and honesty in one number."""

import numpy as np
import scipy.special
from jaxtyping import Float


def crps_gaussian(
    observed: Float[np.ndarray, "*pair"],
    mean: Float[np.ndarray, "*pair"],
    std: Float[np.ndarray, "*pair"],
) -> Float[np.ndarray, "*pair"]:
    """Integral of (F(x) - 1[x >= observed])² for the Gaussian F, in units of the rating [GR07].

    Smaller is better; a prediction without doubt (`std` 0) gets its absolute error. The closed form
    is std (z (2 Φ(z) - 1) + 2 φ(z) - 1/√π) with z = (observed - mean) / std.

    >>> crps_gaussian(np.array([1.0]), np.array([0.0]), np.array([1.0])).round(4)
    array([0.6024])
    """
    safe = np.where(std > 0, std, 1.0)
    z = (observed - mean) / safe
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    score = safe * (z * (2 * scipy.special.ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    certain = np.where(std == 0, np.abs(observed - mean), np.nan)
    return np.asarray(np.where(std > 0, score, certain))
