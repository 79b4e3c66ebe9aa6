"""How much of the catalogue, and of a user's interests, the lists reach."""

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.metrics.masked import divide


def catalogue_coverage(items: Int[np.ndarray, "user rank"], n_items: int) -> float:
    """Share of the `n_items` on offer that at least one user was shown; -1 marks an empty rank.

    >>> catalogue_coverage(np.array([[0, 1], [1, -1]]), n_items=4)
    0.5
    """
    if n_items < 1:
        return float("nan")
    return len(np.unique(items[items >= 0])) / n_items


def interest_coverage(
    items: Int[np.ndarray, "user rank"],
    liked: Int[np.ndarray, "user event"],
    categories: Bool[np.ndarray, "item category"],
) -> Float[np.ndarray, " user"]:
    """Share of the categories of a user's liked items that the user's list reaches.

    `categories[i, c]` is true where item `i` belongs to category `c`; -1 marks an empty place. A
    user whose liked items have no category gets NaN.

    >>> categories = np.array([[True, False], [True, True]])
    >>> interest_coverage(np.array([[0]]), np.array([[1, -1]]), categories)
    array([0.5])
    """
    interests = _reached(liked, categories)
    covered = interests & _reached(items, categories)
    return divide(covered.sum(axis=1), interests.sum(axis=1))


def _reached(
    items: Int[np.ndarray, "user rank"], categories: Bool[np.ndarray, "item category"]
) -> Bool[np.ndarray, "user category"]:
    users, ranks = np.nonzero(items >= 0)
    reached = np.zeros((len(items), categories.shape[1]), dtype=bool)
    np.logical_or.at(reached, users, categories[items[users, ranks]])
    return reached
