"""Which numbers of one shop's content, or profiles, are read as those of another."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from metarec.meta.features.terms import RESIDUALS

Name = tuple[str, ...]
OF = ".of."
"""What stands in the name of a weight between a map and the block of content that it reads."""


def rows_among(own: Sequence[Name], known: Sequence[Name]) -> Int[np.ndarray, " own"]:
    """Where each of `own` stands among the `known`; -1 where it does not."""
    row_of = {name: row for row, name in enumerate(known)}
    return np.array([row_of.get(name, -1) for name in own], dtype=np.int64)


def aligned(
    weights: Float[np.ndarray, "known ..."], rows: Int[np.ndarray, " own"]
) -> Float[np.ndarray, "own ..."]:
    """The rows of a map that are known, in another order; 0 for the others."""
    if not len(weights):
        return np.zeros((len(rows), *weights.shape[1:]), dtype=weights.dtype)
    kept = (rows >= 0).reshape(-1, *[1] * (weights.ndim - 1))
    return np.where(kept, weights[np.maximum(rows, 0)], np.zeros((), dtype=weights.dtype))


def weights_for(
    weights: Mapping[str, NDArray[np.float32]],
    known: Mapping[str, int],
    blocks: Mapping[str, int],
    rows: Int[np.ndarray, " d_content"],
    n_items: int,
) -> dict[str, NDArray[np.float32]]:
    """The trained numbers for other items of content in other `blocks`, of which nothing but their
    content is known; `rows` is where each number of it stands among those of the `known` blocks."""
    found = {name: part for name, part in weights.items() if OF not in name}
    for name in RESIDUALS:
        found[name] = np.zeros((n_items, *weights[name].shape[1:]), dtype=np.float32)
    starts = np.cumsum(list(blocks.values()))[:-1]
    for name in dict.fromkeys(name.partition(OF)[0] for name in weights if OF in name):
        whole = np.concatenate([weights[f"{name}{OF}{block}"] for block in known])
        parts = np.split(aligned(whole, rows), starts)
        found |= {f"{name}{OF}{b}": part for b, part in zip(blocks, parts, strict=True)}
    return found
