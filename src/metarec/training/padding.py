"""Histories as padded arrays (NumPy only)."""

import numpy as np
from jaxtyping import Bool

from metarec.contracts import Histories


def pad(
    histories: Histories, column: np.ndarray
) -> tuple[np.ndarray, Bool[np.ndarray, "history event"]]:
    """One column as (history, event), zeros behind the last event, and the mask of real events."""
    shape = (len(histories), int(histories.lengths.max(initial=0)))
    padded = np.zeros(shape, dtype=column.dtype)
    mask = np.zeros(shape, dtype=bool)
    padded[histories.rows, histories.places] = column
    mask[histories.rows, histories.places] = True
    return padded, mask
