"""Ridge regression from content to whatever was learned about the items that have history."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import solve


def ridge_predictions(
    features: Float[np.ndarray, "item d"],
    targets: Float[np.ndarray, "item out"],
    weights: Float[np.ndarray, " item"],
    penalty: float,
) -> Float[np.ndarray, "item out"]:
    """What content says of every item, by `ridge_map`."""
    slopes, level = ridge_map(features, targets, weights, penalty)
    return np.asarray(features @ slopes + level)


def ridge_map(
    features: Float[np.ndarray, "item d"],
    targets: Float[np.ndarray, "item out"],
    weights: Float[np.ndarray, " item"],
    penalty: float,
) -> tuple[Float[np.ndarray, "d out"], Float[np.ndarray, " out"]]:
    """Slopes and intercept from content to targets, learned from the items of positive weight.

    Weighted least squares with an unpenalised intercept [Hoerl & Kennard 1970]. The penalty is
    relative to the mean squared length of the centred features, so that one value suits features
    of any scale. Without a weighted item both are 0.
    """
    total = weights.sum()
    if total <= 0:
        return np.zeros((features.shape[1], targets.shape[1])), np.zeros(targets.shape[1])
    known = weights > 0
    centre = weights @ features / total
    level = weights[known] @ targets[known] / total
    centred = features[known] - centre
    w = weights[known, None]
    power = float((w[:, 0] @ (centred * centred)).sum() / total)
    if power == 0:
        return np.zeros((features.shape[1], targets.shape[1])), level
    gram = centred.T @ (w * centred)
    gram[np.diag_indices_from(gram)] += penalty * power
    slopes = solve(gram, centred.T @ (w * (targets[known] - level)), assume_a="pos")
    return slopes, level - centre @ slopes


def trust(counts: Int[np.ndarray, " item"], saturation: float) -> Float[np.ndarray, " item"]:
    """n / (n + saturation): what a target seen n times weighs, 0 where it was never seen.

    With noise variance σ² an event and variance τ² that content does not explain, the best weights
    are in this proportion at saturation = σ² / τ².
    """
    return np.asarray(counts / np.maximum(counts + saturation, 1e-12))


PENALTIES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, np.inf)
"""Ridge penalties that are tried, as shares of the total spread of the features."""
MOST_JUDGED = 2000
"""Items that penalties are judged on: those that weigh most."""


def chosen_ridge_map(
    features: Float[np.ndarray, "item d"],
    targets: Float[np.ndarray, "item out"],
    weights: Float[np.ndarray, " item"],
    penalties: Sequence[float] = PENALTIES,
) -> tuple[Float[np.ndarray, "d out"], Float[np.ndarray, " out"]]:
    """`ridge_map` with each target's own penalty: the one whose leave-one-out error is least.

    The error of an item left out is its residual over 1 − its leverage (Allen 1974), so that no
    second fit is needed. An infinite penalty leaves the intercept alone.
    """
    known = weights > 0
    nothing = np.zeros((features.shape[1], targets.shape[1]))
    if not known.any():
        return nothing, np.zeros(targets.shape[1])
    share = weights[known, None] / weights.sum()
    centre, level = (share * features[known]).sum(axis=0), (share * targets[known]).sum(axis=0)
    root = np.sqrt(share)
    X, Y = root * (features[known] - centre), root * (targets[known] - level)
    power = float(np.sum(X * X))
    if power == 0:
        return nothing, level
    strengths, directions = np.linalg.eigh(X.T @ X)
    inner = directions.T @ (X.T @ Y)
    shrunk = 1 / (np.maximum(strengths, 0.0) + power * np.asarray(penalties)[:, None])
    judged = np.argsort(-share[:, 0], kind="stable")[:MOST_JUDGED]
    scores = X[judged] @ directions
    leverage = (scores**2) @ shrunk.T + share[judged]  # (item, penalty)
    errors = [
        np.sum(
            ((Y[judged] - scores @ (s[:, None] * inner)) / np.maximum(1 - own, 1e-3)[:, None]) ** 2,
            axis=0,
        )
        for s, own in zip(shrunk, leverage.T, strict=True)
    ]
    best = np.argmin(errors, axis=0)
    slopes = directions @ (shrunk[best].T * inner)
    return slopes, level - centre @ slopes
