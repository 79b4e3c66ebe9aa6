"""How much an event counts, by its age and value, and histories as padded arrays (NumPy only)."""

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Histories
from metarec.meta.config import MetaConfig

SECONDS_A_DAY = 86_400.0


def resolve_recency(config: MetaConfig, *, implicit: bool) -> str:
    """What "auto" stands for."""
    if config.recency == "auto":
        return "place" if implicit else "none"
    return config.recency


def ages_of(
    times: Float[np.ndarray, "*person event"],
    places: Int[np.ndarray, "*person event"],
    now: Float[np.ndarray, "*#person #event"] | float,
    recency: str,
) -> Float[np.ndarray, "*person event"]:
    """Age of each event: places from the newest, days, or 0; never negative.

    `now` is the place of the newest event, or a clock in seconds, by `recency`, one for each event
    or to be broadcast against them. An event without
    a clock counts as new.
    """
    if recency == "none":
        return np.zeros(places.shape)
    if recency == "place":
        return np.maximum(now - places, 0.0).astype(np.float64)
    days = (now - times) / SECONDS_A_DAY
    return np.maximum(np.nan_to_num(days, nan=0.0), 0.0)


def value_confidence(
    values: Float[np.ndarray, "*person event"], config: MetaConfig, *, implicit: bool
) -> Float[np.ndarray, "*person event"]:
    """Confidence of each event by its value."""
    if not implicit or config.value_weight == "none":
        return np.ones(values.shape)
    return 1.0 + np.log1p(np.maximum(values, 0.0))


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
