"""Precision averaged over the ranks of the relevant items."""

import numpy as np
from jaxtyping import Float, Int

from metarec.metrics.masked import divide
from metarec.metrics.ranked import hits_at


def average_precision(
    gains: Float[np.ndarray, "user rank"], n_relevant: Int[np.ndarray, " user"], *, k: int
) -> Float[np.ndarray, " user"]:
    """Mean of the precision at the rank of every relevant item; 0 for those beyond rank `k`.

    Divided by all that is relevant, as trec_eval does; some papers divide by min(k, relevant). The
    mean over users is MAP. A user with nothing relevant gets NaN.

    >>> average_precision(np.array([[1.0, 0.0, 1.0]]), np.array([2]), k=3).round(4)
    array([0.8333])
    """
    hits = hits_at(gains, k)
    ranks = np.arange(1, hits.shape[1] + 1)
    precisions = np.where(hits, hits.cumsum(axis=1) / ranks, 0.0)
    return divide(precisions.sum(axis=1), n_relevant)
