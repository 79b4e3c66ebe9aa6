"""Ridge regression from content to whatever was learned about the items that have history."""

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import solve


def ridge_predictions(
    features: Float[np.ndarray, "item d"],
    targets: Float[np.ndarray, "item out"],
    weights: Float[np.ndarray, " item"],
    penalty: float,
) -> Float[np.ndarray, "item out"]:
    """What content says of every item, learned from the items of positive weight.

    Weighted least squares with an unpenalised intercept [Hoerl & Kennard 1970]. The penalty is
    relative to the mean squared length of the centred features, so that one value suits features
    of any scale. Without a weighted item all predictions are 0.
    """
    total = weights.sum()
    if total <= 0:
        return np.zeros((len(features), targets.shape[1]))
    known = weights > 0
    centre = weights @ features / total
    level = weights[known] @ targets[known] / total
    centred = features - centre
    x, w = centred[known], weights[known, None]
    power = float((w[:, 0] @ (x * x)).sum() / total)
    if power == 0:
        return np.tile(level, (len(features), 1))
    gram = x.T @ (w * x)
    gram[np.diag_indices_from(gram)] += penalty * power
    slopes = solve(gram, x.T @ (w * (targets[known] - level)), assume_a="pos")
    return np.asarray(centred @ slopes + level)


def trust(counts: Int[np.ndarray, " item"], saturation: float) -> Float[np.ndarray, " item"]:
    """n / (n + saturation): what a target seen n times weighs, 0 where it was never seen.

    With noise variance σ² an event and variance τ² that content does not explain, the best weights
    are in this proportion at saturation = σ² / τ².
    """
    return np.asarray(counts / np.maximum(counts + saturation, 1e-12))
