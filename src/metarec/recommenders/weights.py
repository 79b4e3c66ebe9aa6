"""The numbers that a network leaves to be served in NumPy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]
"""By the name of each part."""


def layer_of(own: Weights, name: str, x: Any) -> NDArray[np.float64]:
    """What the linear layer of a name says of x, a row each."""
    return np.asarray(x @ own[f"{name}.weight"].T + own[f"{name}.bias"])


def in_double(weights: Weights) -> dict[str, NDArray[np.float64]]:
    """The weights in double precision."""
    return {name: np.asarray(numbers, dtype=np.float64) for name, numbers in weights.items()}
