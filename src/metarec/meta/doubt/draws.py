"""How far draws of a person's taste should be spread: what makes all that they took likely."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from metarec.meta.doubt.taken import Taken

TEMPERATURES = np.geomspace(0.25, 2.0, 10)
"""Factors on the served logits beside which the spread is found; they are served as they are."""
LEAST_SCALE, SCALES = 0.005, 18
"""Each scale is √2 times the one before: up to 1.8."""
DRAWS = 128
TINY = 1e-300


def draw_scale(
    people: Sequence[Taken],
    features: Float[np.ndarray, "item d"],
    rng: np.random.Generator,
) -> float:
    """The factor on posterior standard deviations that makes what people took most likely.

    `features` are in logits: κφ. Each event alone cannot tell a wide spread from a high
    temperature; all events of one person can, as one draw of the person's taste has to explain them
    together. So the factor s and the temperature τ maximise the sum over people of

        log mean_m Π_j softmax(τ logits + s κφᵀδ_m)_j        δ_m ~ N(0, A⁻¹)
    """
    total = np.sum([log_likelihoods(one, features, rng) for one in people], axis=0)
    _, scale = np.unravel_index(int(total.argmax()), total.shape)
    return float(scales()[scale])


def scales() -> Float[np.ndarray, " scale"]:
    """Where the factor is searched."""
    return np.asarray(LEAST_SCALE * 2.0 ** (np.arange(SCALES) / 2))


def log_likelihoods(
    one: Taken, features: Float[np.ndarray, "item d"], rng: np.random.Generator
) -> Float[np.ndarray, "temperature scale"]:
    """The log of the mean over common draws of the likelihood of all that one person took.

    Draws come in pairs of opposite sign.
    """
    noise = rng.standard_normal((features.shape[1], DRAWS // 2))
    moved = features[one.rows] @ (one.root @ np.concatenate([noise, -noise], axis=1))
    moved -= moved.max(axis=0)  # softmax does not see it; exponentials stay below 1
    logits = one.logits - one.logits.max()
    shares = np.exp(TEMPERATURES[:, None] * logits)
    n, taken = len(one.places), one.places
    told = TEMPERATURES * logits[taken].sum()
    table = np.empty((len(TEMPERATURES), SCALES))
    for first, scale in enumerate(scales()[:2]):
        grown = np.exp(scale * moved)
        for column in range(first, SCALES, 2):
            total = np.log(np.maximum(shares @ grown, TINY))  # (temperature, draw)
            drawn = scales()[column] * moved[taken].sum(axis=0)
            each = told[:, None] + drawn - n * total
            highest = each.max(axis=1, keepdims=True)
            table[:, column] = highest[:, 0] + np.log(np.exp(each - highest).mean(axis=1))
            grown *= grown  # the scale doubles
    return table
