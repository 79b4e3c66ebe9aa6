"""How far predicted ratings are from what was observed."""

import numpy as np
from jaxtyping import Float

from metarec.metrics.masked import mean_over


def mae(
    predicted: Float[np.ndarray, "user query"], observed: Float[np.ndarray, "user query"]
) -> Float[np.ndarray, " user"]:
    """Mean absolute error over each user's queries, in units of the rating.

    NaN on either side marks a pair that is not there (padding, or not answered). A user without
    any pair gets NaN.

    >>> mae(np.array([[4.0, 3.0]]), np.array([[5.0, np.nan]]))
    array([1.])
    """
    return mean_over(np.abs(predicted - observed))


def rmse(
    predicted: Float[np.ndarray, "user query"], observed: Float[np.ndarray, "user query"]
) -> Float[np.ndarray, " user"]:
    """Root of the mean squared error over each user's queries, in units of the rating.

    The root is taken for each user, so the mean over users is not the pooled RMSE of papers that
    mix all pairs; NaN as in `mae`.

    >>> rmse(np.array([[4.0, 1.0]]), np.array([[5.0, 8.0]]))
    array([5.])
    """
    return np.asarray(np.sqrt(mean_over((predicted - observed) ** 2)))
