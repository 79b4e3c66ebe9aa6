"""The door of every list metric: checks the cut and gives the hits of the first k ranks."""

import numpy as np
from jaxtyping import Bool, Float, Int


def hits_at(gains: Float[np.ndarray, "user rank"], k: int) -> Bool[np.ndarray, "user shown"]:
    """True where one of the first `k` ranks holds something relevant (a gain above zero)."""
    check_cut(k)
    return gains[:, :k] > 0


def check_cut(k: int) -> None:
    """Refuse a list of no length."""
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")


def undefined_without(
    values: Float[np.ndarray, " user"], n_relevant: Int[np.ndarray, " user"]
) -> Float[np.ndarray, " user"]:
    """The values, NaN for users with nothing relevant: no list could have served them."""
    return np.where(n_relevant > 0, values, np.nan)
