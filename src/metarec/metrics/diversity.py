"""How different the items of one list are from each other."""

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts.directions import unit_rows
from metarec.metrics.masked import divide


def intra_list_diversity(
    items: Int[np.ndarray, "user rank"], vectors: Float[np.ndarray, "item d"]
) -> Float[np.ndarray, " user"]:
    """Mean distance, 1 - cosine, over all pairs of a list's items [ZMKL05].

    -1 marks an empty rank. A list of fewer than two items gets NaN.

    >>> intra_list_diversity(np.array([[0, 1]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    array([1.])
    """
    shown = items >= 0
    unit = np.where(shown[..., None], unit_rows(vectors)[items], 0.0)  # (user, rank, d)
    total = unit.sum(axis=1)
    # the sum over all ordered pairs of different ranks, without ever holding the pairs
    similarity = (total**2).sum(axis=1) - (unit**2).sum(axis=(1, 2))
    n_shown = shown.sum(axis=1)
    return 1 - divide(similarity, n_shown * (n_shown - 1))
