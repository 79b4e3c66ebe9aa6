"""Precision, recall and their harmonic mean over the first ranks of a list."""

import numpy as np
from jaxtyping import Float, Int

from metarec.metrics.masked import divide
from metarec.metrics.ranked import hits_at, undefined_without


def recall(
    gains: Float[np.ndarray, "user rank"], n_relevant: Int[np.ndarray, " user"], *, k: int
) -> Float[np.ndarray, " user"]:
    """Share of a user's relevant items that the first `k` ranks hold.

    Divided by all that is relevant, also where that is more than `k`. A user with nothing relevant
    gets NaN.

    >>> recall(np.array([[1.0, 0.0, 1.0]]), np.array([4]), k=2)
    array([0.25])
    """
    return divide(hits_at(gains, k).sum(axis=1), n_relevant)


def precision(
    gains: Float[np.ndarray, "user rank"], n_relevant: Int[np.ndarray, " user"], *, k: int
) -> Float[np.ndarray, " user"]:
    """Share of the `k` ranks that hold something relevant; an empty rank counts as a miss.

    A user with nothing relevant gets NaN, as in every other list metric, so that all of them are
    means over the same users.

    >>> precision(np.array([[1.0, 0.0, 1.0]]), np.array([4]), k=2)
    array([0.5])
    """
    return undefined_without(hits_at(gains, k).sum(axis=1) / k, n_relevant)


def f1(
    gains: Float[np.ndarray, "user rank"], n_relevant: Int[np.ndarray, " user"], *, k: int
) -> Float[np.ndarray, " user"]:
    """Harmonic mean of `precision` and `recall`: 2 hits / (k + relevant), 0 without a hit.

    >>> f1(np.array([[1.0, 0.0, 1.0]]), np.array([4]), k=2).round(4)
    array([0.3333])
    """
    hits = hits_at(gains, k).sum(axis=1)
    return undefined_without(2 * hits / (k + n_relevant), n_relevant)
