"""Directions of content on a grid of whole numbers, so that sums of their products are exact."""

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts.directions import unit_rows
from metarec.contracts.pieces import pieces

GRID = 4000
"""Directions are whole numbers of this part of 1. The sums of their products stay below 2^24, so
float32 holds each exactly, in whatever order a kernel adds: two items of the same content are
alike to others to the bit, wherever they stand."""
BASE = 512
"""Sums of directions are told in digits of this base: of one digit and a direction of 128 numbers
the sum of products stays below 2^24 too."""
CELLS_IN_CACHE = 2**18


def on_grid(vectors: Float[np.ndarray, "row d"]) -> Int[np.ndarray, "row d"]:
    """The directions of the vectors; of a zero vector there is none, and it stays zero."""
    return np.rint(unit_rows(vectors) * GRID).astype(np.int16)


def likeness(
    one: Int[np.ndarray, "row d"], other: Int[np.ndarray, "item d"]
) -> Float[np.ndarray, "row item"]:
    """The cosine of each with each, float32."""
    products = one.astype(np.float32) @ other.astype(np.float32).T
    return np.asarray(products / np.float32(GRID**2))


def nearness(
    sums: Float[np.ndarray, "person d"], directions: Float[np.ndarray, "item d"]
) -> Float[np.ndarray, "person item"]:
    """The sum of the likenesses of an item to others, from the sum of their directions.

    `directions` are float32; all are whole numbers. The sums come a digit at a time, so that every
    product is exact: whatever order a kernel adds in, the same content is as near to the bit.
    """
    digits, rest = [], sums
    while rest.any():
        digits.append((rest + BASE // 2) % BASE - BASE // 2)
        rest = (rest - digits[-1]) / BASE
    near = np.zeros((len(sums), len(directions)))
    for part in pieces(len(directions), directions.shape[1], CELLS_IN_CACHE):
        for place, digit in enumerate(digits):
            said = digit.astype(np.float32) @ directions[part].T
            near[:, part] += said * np.float64(BASE) ** place
    near /= GRID**2
    return near
