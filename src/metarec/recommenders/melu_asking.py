"""What `MeLU` asks: evidence candidates, items that are well known and move a person's layers."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from metarec.contracts import Histories
from metarec.contracts.pieces import pieces

CELLS_AT_ONCE = 4_000_000
"""Inner numbers held at once."""


def evidence(
    layers: Sequence[NDArray[np.float64]],
    person: Float[np.ndarray, "person d_person"],
    items: Float[np.ndarray, "item d_item"],
    histories: Histories,
) -> Float[np.ndarray, " item"]:
    """How far one rating of each item moves the layers: the mean over whoever rated it; 0 where
    nobody did."""
    total = np.zeros(len(items))
    width = person.shape[1] + items.shape[1] + 2 * len(layers[1])
    for part in pieces(len(histories.items), width, CELLS_AT_ONCE):
        rows, asked = histories.rows[part], histories.items[part]
        x = np.concatenate([person[rows], items[asked]], axis=1)
        total += np.bincount(asked, gradient_norms(layers, x), minlength=len(items))
    return total / np.maximum(np.bincount(histories.items, minlength=len(items)), 1)


def gradient_norms(
    layers: Sequence[NDArray[np.float64]], x: Float[np.ndarray, "pair d"]
) -> Float[np.ndarray, " pair"]:
    """The Frobenius norm of the gradient in all layers that an error of 1 on each pair sends back.

    The slope of a layer is an outer product of what it reads and what comes back to it, whose norm
    is the product of theirs.
    """
    first, bias, second, other, out, _ = layers
    one = np.maximum(x @ first + bias, 0.0)
    two = np.maximum(one @ second + other, 0.0)
    at_two = (two > 0) * out[:, 0]
    at_one = (at_two @ second.T) * (one > 0)

    def square(part: Float[np.ndarray, "pair width"]) -> Float[np.ndarray, " pair"]:
        return np.asarray((part**2).sum(axis=1))

    squares = square(two) + 1
    squares += square(at_two) * (square(one) + 1)
    squares += square(at_one) * (square(x) + 1)
    return np.sqrt(squares)


def evidence_worth(
    norms: Float[np.ndarray, " item"], counts: Int[np.ndarray, " item"], *, sure: bool
) -> Float[np.ndarray, " item"]:
    """Norm times popularity of each item, both as shares of the largest; where an answer is `sure`
    the norm's share alone."""
    share = norms / norms.max()
    return share if sure else share * (counts / counts.max())
