"""How often a prediction falls on the right side of liking."""

import numpy as np
from jaxtyping import Float

from metarec.metrics.masked import mean_over


def like_accuracy(
    predicted: Float[np.ndarray, "user query"],
    observed: Float[np.ndarray, "user query"],
    *,
    threshold: float,
) -> Float[np.ndarray, " user"]:
    """Share of a user's queries where prediction and rating agree about liking.

    At or above `threshold` is a like, below it a dislike. NaN on either side marks a pair that is
    not there; a user without any pair gets NaN.

    >>> like_accuracy(np.array([[4.2, 3.0]]), np.array([[5.0, 4.0]]), threshold=3.5)
    array([0.5])
    """
    agrees = (predicted >= threshold) == (observed >= threshold)
    absent = np.isnan(predicted) | np.isnan(observed)
    return mean_over(np.where(absent, np.nan, agrees))
