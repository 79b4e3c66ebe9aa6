"""Means over the entries that are there: NaN marks what is not."""

import numpy as np
from jaxtyping import Float, Num


def mean_over(values: Float[np.ndarray, "user rank"]) -> Float[np.ndarray, " user"]:
    """The mean of each row without its NaN, NaN for a row that has nothing else.

    >>> mean_over(np.array([[1.0, 3.0, np.nan], [np.nan, np.nan, np.nan]]))
    array([ 2., nan])
    """
    present = ~np.isnan(values)
    return divide(np.where(present, values, 0.0).sum(axis=1), present.sum(axis=1))


def divide(
    numerator: Num[np.ndarray, " user"], denominator: Num[np.ndarray, " user"]
) -> Float[np.ndarray, " user"]:
    """The quotient, NaN where the denominator is zero (numpy would warn).

    >>> divide(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    out = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=out, where=np.asarray(denominator) != 0)
    return out
