"""Ridge regressions of many people at once, each from their own events: how people are folded in.

By the symmetry of a product of factors it also gives items their factors from their people.
"""

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts.pieces import pieces
from metarec.posterior import Prior, condition, gather

CELLS_AT_ONCE = 4_000_000
"""Numbers held at once by the batched solve (32 MB)."""


def fold_in(
    rows: Int[np.ndarray, " event"],
    lengths: Int[np.ndarray, " person"],
    features: Float[np.ndarray, "row d"],
    observed: Float[np.ndarray, " event"],
    confidence: Float[np.ndarray, " event"],
    precision: Float[np.ndarray, "d d"],
) -> Float[np.ndarray, "person d"]:
    """Each person's weights: (P + Σ_j c_j f_j f_jᵀ)⁻¹ Σ_j c_j f_j y_j, 0 without events.

    Event j reads `features[rows[j]]`; those of one person stand after those of another. That is
    the posterior mean under the prior N(0, P⁻¹).
    """
    d = len(precision)
    prior = Prior(np.zeros(d), precision)
    weights, offsets = np.zeros((len(lengths), d)), np.cumsum(lengths) - lengths
    # Lengths are padded to powers of two: little waste, and a history's sums are taken in the same
    # order whoever stands beside it.
    buckets = np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64)
    for bucket in np.unique(buckets[lengths > 0]):
        chosen = np.flatnonzero((buckets == bucket) & (lengths > 0))
        padded = 2 ** int(bucket)
        for piece in pieces(len(chosen), padded * d + 3 * d * d, CELLS_AT_ONCE):
            part = chosen[piece]
            places = np.arange(padded)
            present = places < lengths[part, None]  # (person, place)
            events = np.where(present, offsets[part, None] + places, 0)
            counted = np.where(present, confidence[events], 0.0)
            seen = features[rows[events]]  # (person, place, d)
            weights[part] = condition(prior, gather(seen, observed[events], counted)).mean
    return weights
