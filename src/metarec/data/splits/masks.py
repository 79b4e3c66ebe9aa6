"""The steps that the splits share: masks over events become episodes and a training set."""

import numpy as np
from jaxtyping import Bool, Int

from metarec.contracts import DataError, Histories
from metarec.contracts.dataset import Dataset
from metarec.contracts.episodes import Episodes

EventMask = Bool[np.ndarray, " event"]


def train_on(data: Dataset, mask: EventMask) -> Dataset:
    """The dataset with only the events of `data.histories` where `mask` is true."""
    rows = np.zeros(len(data.interactions), dtype=bool)
    rows[data.order] = mask
    return data.where(rows)


def counts_of(histories: Histories, mask: EventMask) -> Int[np.ndarray, " history"]:
    """Number of events of each history where `mask` is true."""
    return np.bincount(histories.rows[mask], minlength=len(histories))


def episodes_of(
    histories: Histories,
    support: EventMask,
    query: EventMask,
    candidates: Bool[np.ndarray, " item"] | None = None,
) -> Episodes:
    """One episode for each history with at least one query event."""
    judged = np.flatnonzero(counts_of(histories, query))
    return Episodes(
        histories.keep(support).take(judged), histories.keep(query).take(judged), candidates
    )


def check_fraction(name: str, fraction: float, *, zero: bool = True) -> None:
    """Refuse a share that is no share."""
    if not (0 <= fraction < 1) or (fraction == 0 and not zero):
        raise DataError(f"{name} must be a share between 0 and 1, got {fraction}")
