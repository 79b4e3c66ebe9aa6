"""How much an event counts, by its age and value, and histories as padded arrays (NumPy only)."""

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import DataError, Histories
from metarec.data import Dataset
from metarec.data.draws import permuted
from metarec.meta.config import MetaConfig

SECONDS_A_DAY = 86_400.0


def resolve_recency(config: MetaConfig, train: Dataset) -> str:
    """What "auto" stands for; refuses an age that the data or the training cannot tell."""
    if config.recency == "auto":
        return "place" if train.value == "implicit" else "none"
    if config.recency == "place" and train.value == "rating":
        raise DataError(
            'recency="place" is for implicit events: episodes of ratings stand in random order, so '
            'a weight by place could not be learned; use "none" or "clock"'
        )
    if config.recency == "clock" and train.timestamp != "unix":
        raise DataError(
            f'recency="clock" needs a timestamp that is a clock, this shop has '
            f'{train.timestamp or "none"}; use "place" or "none"'
        )
    return config.recency


def nows(histories: Histories, recency: str) -> Float[np.ndarray, " history"]:
    """The moment each history is looked at: that of its newest event."""
    if recency != "clock":
        return histories.lengths - 1.0
    newest = np.full(len(histories), -np.inf)
    known = ~np.isnan(histories.times)
    np.maximum.at(newest, histories.rows[known], histories.times[known])
    return np.where(np.isfinite(newest), newest, 0.0)


def in_clock_order(histories: Histories) -> Histories:
    """The histories with dated events in order of their clock; an undated event keeps its place.

    So the order is the same whether events came one by one or all at once. Equal clocks keep the
    order in which they came.
    """
    dated = np.flatnonzero(~np.isnan(histories.times))
    by_clock = dated[np.lexsort((histories.times[dated], histories.rows[dated]))]
    if (by_clock == dated).all():
        return histories
    order = np.arange(len(histories.items))
    order[dated] = by_clock
    return permuted(histories, order)


def own_kinds(histories: Histories, kind_names: tuple[str, ...]) -> Int[np.ndarray, " event"]:
    """Each event's kind as a row of `kind_names`, -1 for none or an unknown one."""
    row_of = {name: row for row, name in enumerate(kind_names)}
    own = np.array([row_of.get(name, -1) for name in histories.kind_names] + [-1])
    return own[histories.kinds].astype(np.int64)


def learned_counts(train: Dataset) -> Int[np.ndarray, " item"]:
    """Events of each item by users that episodes are drawn from: those with two or more events.

    An item that only one-event users touched teaches its residuals nothing, so it is untouched.
    """
    histories = train.histories
    learned = (histories.lengths >= 2)[histories.rows]
    return np.bincount(histories.items[learned], minlength=len(train.catalogue))


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
