"""How new a list is: to everybody (against popularity), and to its reader (against a history)."""

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts.directions import unit_rows
from metarec.metrics.masked import mean_over


def novelty(
    items: Int[np.ndarray, "user rank"], probability: Float[np.ndarray, " item"]
) -> Float[np.ndarray, " user"]:
    """Mean self-information, -log2 of the probability that an event is about the item, in bits.

    The larger, the less popular the list [CHV15]. `probability` is positive; -1 marks an empty
    rank; an empty list gets NaN.

    >>> novelty(np.array([[0, 1]]), np.array([0.5, 0.125]))
    array([2.])
    """
    surprise = -np.log2(probability)
    return mean_over(np.where(items >= 0, surprise[items], np.nan))


def history_novelty(
    items: Int[np.ndarray, "user rank"],
    history: Int[np.ndarray, "user event"],
    vectors: Float[np.ndarray, "item d"],
) -> Float[np.ndarray, " user"]:
    """Mean distance of a shown item to the nearest item of the user's own history.

    The distance is 1 - cosine of the items' vectors, 0 (the same) to 2. -1 marks an empty place; an
    empty list, or an empty history, gets NaN.

    >>> vectors = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> history_novelty(np.array([[0, 1]]), np.array([[0]]), vectors)
    array([0.5])
    """
    unit = unit_rows(vectors)
    # (user, rank, d) x (user, d, event) -> (user, rank, event)
    cosine = unit[items] @ unit[history].transpose(0, 2, 1)
    cosine = np.where((history >= 0)[:, None, :], cosine, -np.inf)
    nearest = cosine.max(axis=2, initial=-np.inf)
    return mean_over(np.where((items >= 0) & np.isfinite(nearest), 1 - nearest, np.nan))
