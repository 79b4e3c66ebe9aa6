"""The numbers that a network leaves to be served in NumPy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]
"""By the name of each part."""


def in_double(weights: Weights) -> dict[str, NDArray[np.float64]]:
    """The weights in double precision."""
    return {name: np.asarray(numbers, dtype=np.float64) for name, numbers in weights.items()}
