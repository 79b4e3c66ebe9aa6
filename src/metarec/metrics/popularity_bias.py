"""Whether lists are more popular than their readers, and how unequally items are shown."""

import numpy as np
from jaxtyping import Float, Int

from metarec.metrics.masked import divide, mean_over


def popularity_lift(
    items: Int[np.ndarray, "user rank"],
    history: Int[np.ndarray, "user event"],
    popularity: Float[np.ndarray, " item"],
) -> Float[np.ndarray, " user"]:
    """Mean popularity of the list over that of the history, minus 1 [AMBM19].

    0 is a list as popular as its reader's taste, 1 one twice as popular. -1 marks an empty place.
    NaN for an empty list, an empty history, or a history that nobody else touched.

    >>> popularity_lift(np.array([[0]]), np.array([[1]]), np.array([6.0, 2.0]))
    array([2.])
    """
    shown = mean_over(np.where(items >= 0, popularity[items], np.nan))
    own = mean_over(np.where(history >= 0, popularity[history], np.nan))
    return divide(shown, own) - 1


def gini(exposures: Float[np.ndarray, " item"]) -> float:
    """Inequality of how often the items are shown: 0 all alike, towards 1 one item alone.

    NaN where nothing was shown.

    >>> gini(np.array([1.0, 1.0, 1.0])), gini(np.array([0.0, 0.0, 0.0, 1.0]))
    (0.0, 0.75)
    """
    total = exposures.sum()
    n_items = len(exposures)
    if total <= 0:
        return float("nan")
    ranks = np.arange(1, n_items + 1)
    weighted = (2 * ranks - n_items - 1) @ np.sort(exposures)
    return float(weighted / (n_items * total))
