"""How far logits are off beyond what taste tells: seen in pairs of events.

Where the true chances of a person are r times those that the model says, two events of the person
fall on items that are alike E[r²] times as often as the model says, as r is alike for them; and
events of two people fall on one item so much more often, where the model is wrong about that item
for all (of a point process this is its pair correlation: Møller, Syversen and Waagepetersen 1998).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.special import polygamma

from metarec.contracts.directions import unit_rows
from metarec.contracts.pieces import pieces
from metarec.meta.doubt.taken import Taken
from metarec.meta.heart import Heart

NEAREST = 5
"""Items that count as alike to an item: fewer are more alike, and met more rarely."""
LEAST_PAIRS = 10.0
"""Pairs that the model expects; while they are fewer, twice as many items count as alike."""
MOST_ALIKE = 0.1
"""The largest share of the items that may count as alike."""
CELLS_AT_ONCE = 4_000_000


def own_variance(
    people: Sequence[tuple[Heart, Sequence[Taken]]], content: Float[np.ndarray, "item d_content"]
) -> float:
    """The variance of log r, r what the model leaves open of a person's chance of an item.

    r is taken to be gamma: few are drawn to an item much more than is said, many much less. No two
    items are quite alike, so that either notion of being alike tells too little: the one by which
    more is seen counts, and one standard error more. NaN where too few pairs are expected.
    """
    excess = np.array([_excess(people, content, read) for read in (False, True)])
    if np.isnan(excess).all():
        return float("nan")
    most = float(np.nanmax(excess))
    return float(polygamma(1, 1.0 / most)) if most > 0 else 0.0


def _excess(
    people: Sequence[tuple[Heart, Sequence[Taken]]],
    content: Float[np.ndarray, "item d_content"],
    read: bool,
) -> float:
    """How many more pairs are seen than expected, for each that is expected, and one standard
    error; NaN where too few are expected."""
    directions = [likenesses(heart, content, read) for heart, _ in people]
    count = NEAREST
    while count <= max(NEAREST, MOST_ALIKE * len(content)):
        told = [_pairs(d, own, count) for d, (_, own) in zip(directions, people, strict=True)]
        seen, expected = np.concatenate(told).T
        if expected.sum() >= LEAST_PAIRS:
            ratio = seen.sum() / expected.sum()
            error = np.sqrt(np.sum((seen - ratio * expected) ** 2)) / expected.sum()
            return max(float(ratio + error) - 1.0, 0.0)
        count *= 2
    return float("nan")


def shared_variance(people: Sequence[Sequence[Taken]], n_items: int) -> float:
    """The variance of the error that everyone's logit of an item has in common, taken to be
    normal: the log of how much more often two people take one item than is said."""
    seen = expected = 0.0
    for taken in people:
        sums, squares = np.zeros((2, n_items)), np.zeros((2, n_items))
        for one in taken:
            own = np.zeros((2, n_items))
            own[0, one.rows[one.places]] = 1.0
            own[1, one.rows] = len(one.places) * one.chances
            sums += own
            squares += own**2
        others = (sums**2 - squares).sum(axis=1)
        seen, expected = seen + others[0], expected + others[1]
    return max(float(np.log(seen / expected)), 0.0) if seen > 0 and expected > 0 else 0.0


def _pairs(
    directions: Float[np.ndarray, "item d"], people: Sequence[Taken], count: int
) -> Float[np.ndarray, "person 2"]:
    """How many ordered pairs of each person's events are on alike items, and how many are expected
    of the others beside each event."""
    asked = np.unique(np.concatenate([one.rows[one.places] for one in people]))
    alike = nearest(directions, asked, count)
    told = np.zeros((len(people), 2))
    for row, one in enumerate(people):
        chances, own = np.zeros((2, len(directions)))
        chances[one.rows] = one.chances
        items = one.rows[one.places]
        own[items] = 1.0
        near = alike[np.searchsorted(asked, items)]
        left = (len(items) - 1) / np.maximum(1.0 - chances[items], 1e-12)
        told[row] = own[near].sum(), float(left @ chances[near].sum(axis=1))
    return told


def likenesses(
    heart: Heart, content: Float[np.ndarray, "item d_content"], read: bool
) -> Float[np.ndarray, "item d"]:
    """Directions whose inner products say how alike items are to taste; or to taste, and as they
    `read`."""
    features = heart.terms.features[: len(content), :-1]
    root = np.linalg.cholesky(heart.prior.covariance[:-1, :-1])
    tasted = unit_rows((features - features.mean(axis=0)) @ root).astype(np.float32)
    if not read:
        return tasted
    seen = unit_rows(content - content.mean(axis=0, dtype=np.float64))
    return np.concatenate([tasted, seen], axis=1, dtype=np.float32)


def nearest(
    directions: Float[np.ndarray, "item d"], rows: Int[np.ndarray, " row"], count: int
) -> Int[np.ndarray, "row near"]:
    """The items most alike to those in these rows, without themselves."""
    count = min(count, len(directions) - 1)
    found = np.empty((len(rows), count), dtype=np.int64)
    for part in pieces(len(rows), len(directions), CELLS_AT_ONCE):
        alike = directions[rows[part]] @ directions.T
        alike[np.arange(len(alike)), rows[part]] = -np.inf
        found[part] = np.argpartition(-alike, count - 1, axis=1)[:, :count]
    return found
