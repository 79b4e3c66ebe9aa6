"""Directions of the items' vectors, for every metric that compares content."""

import numpy as np
from jaxtyping import Float


def unit_rows(vectors: Float[np.ndarray, "item d"]) -> Float[np.ndarray, "item d"]:
    """The rows scaled to length one; a row of zeros stays (its cosine with anything is 0).

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0))
