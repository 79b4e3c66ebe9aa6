"""Good surprises: relevant, and not what anybody would have shown."""

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.metrics.ranked import hits_at, undefined_without


def serendipity(
    gains: Float[np.ndarray, "user rank"],
    expected: Bool[np.ndarray, "user rank"],
    n_relevant: Int[np.ndarray, " user"],
    *,
    k: int,
) -> Float[np.ndarray, " user"]:
    """Share of the `k` ranks that are relevant and were not expected [GDJ10].

    `expected` is true where a primitive model (here: popularity) would have shown the item too. A
    user with nothing relevant gets NaN.

    >>> gains, expected = np.array([[1.0, 1.0]]), np.array([[True, False]])
    >>> serendipity(gains, expected, np.array([2]), k=2)
    array([0.5])
    """
    surprises = hits_at(gains, k) & ~expected[:, :k]
    return undefined_without(surprises.sum(axis=1) / k, n_relevant)
