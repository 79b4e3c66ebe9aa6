"""Directions of vectors: what is left of them when their length is taken away."""

import numpy as np
from jaxtyping import Float


def unit_rows(vectors: Float[np.ndarray, "row d"]) -> Float[np.ndarray, "row d"]:
    """The rows scaled to length one; a row of zeros stays (its cosine with anything is 0).

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))
