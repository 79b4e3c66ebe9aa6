"""Whether a list holds anything relevant at all."""

import numpy as np
from jaxtyping import Float, Int

from metarec.metrics.ranked import hits_at, undefined_without


def hit_rate(
    gains: Float[np.ndarray, "user rank"], n_relevant: Int[np.ndarray, " user"], *, k: int
) -> Float[np.ndarray, " user"]:
    """1 where the first `k` ranks hold something relevant, else 0; NaN with nothing relevant.

    >>> hit_rate(np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([1, 1]), k=2)
    array([1., 0.])
    """
    return undefined_without(np.where(hits_at(gains, k).any(axis=1), 1.0, 0.0), n_relevant)
