"""Whether a mean gain is more than chance gives."""

import numpy as np
from jaxtyping import Float


def is_beyond_chance(
    gains: Float[np.ndarray, " one"], errors: float = 2.0, *, ddof: int = 0
) -> bool:
    """True where the mean is more than so many of its standard errors above 0."""
    return bool(gains.mean() > errors * gains.std(ddof=ddof) / np.sqrt(len(gains)))
