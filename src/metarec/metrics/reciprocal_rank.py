"""Where the first relevant item stands."""

import numpy as np
from jaxtyping import Float, Int

from metarec.metrics.ranked import hits_at, undefined_without


def mrr(
    gains: Float[np.ndarray, "user rank"], n_relevant: Int[np.ndarray, " user"], *, k: int
) -> Float[np.ndarray, " user"]:
    """One over the rank of the first relevant item, 0 where the first `k` ranks hold none.

    A user with nothing relevant gets NaN. The mean over users is the mean reciprocal rank.

    >>> mrr(np.array([[0.0, 1.0, 1.0]]), np.array([2]), k=3)
    array([0.5])
    """
    hits = hits_at(gains, k)
    first = hits.argmax(axis=1) if hits.shape[1] else np.zeros(len(hits), dtype=np.int64)
    return undefined_without(np.where(hits.any(axis=1), 1 / (first + 1), 0.0), n_relevant)
