"""Normalised discounted cumulative gain, with linear and with exponential gain."""

import numpy as np
from jaxtyping import Float

from metarec.metrics.masked import divide
from metarec.metrics.ranked import check_cut

LARGEST_EXPONENT = 1000.0
"""Relevances above this overflow 2^relevance; counts of plays are not meant for that gain."""


def ndcg(
    gains: Float[np.ndarray, "user rank"], ideal: Float[np.ndarray, "user best"], *, k: int
) -> Float[np.ndarray, " user"]:
    """Normalised discounted cumulative gain over the first `k` ranks [JK02], linear gain.

    `gains[u, r]` is the relevance of what user `u` was shown at rank `r`, best rank first; `ideal`
    holds that user's relevances from high to low, at least `k` of them or all. The discount is
    1 / log2(rank + 1), rank from 1. A user with nothing relevant gets NaN.

    >>> ndcg(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]), k=2).round(4)
    array([0.6309])
    """
    check_cut(k)
    return divide(_discounted(gains[:, :k]), _discounted(ideal[:, :k]))


def ndcg_exponential(
    gains: Float[np.ndarray, "user rank"], ideal: Float[np.ndarray, "user best"], *, k: int
) -> Float[np.ndarray, " user"]:
    """`ndcg` with the gain 2^relevance - 1 [BSR05]: a five counts twice a four, and more.

    Equal to `ndcg` where every relevance is zero or one.

    >>> ndcg_exponential(np.array([[1.0, 2.0]]), np.array([[2.0, 1.0]]), k=2).round(4)
    array([0.7967])
    """
    largest = max(gains.max(initial=0.0), ideal.max(initial=0.0))
    if largest > LARGEST_EXPONENT:
        raise ValueError(
            f"relevance must be at most {LARGEST_EXPONENT:g} for an exponential gain, "
            f"got {largest:g}; use ndcg for counts"
        )
    return ndcg(np.exp2(gains) - 1, np.exp2(ideal) - 1, k=k)


def _discounted(gains: Float[np.ndarray, "user rank"]) -> Float[np.ndarray, " user"]:
    ranks = np.arange(1, gains.shape[1] + 1)
    return np.asarray(gains @ (1 / np.log2(ranks + 1)))
