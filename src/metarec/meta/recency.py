"""The order and the age of events: one definition for training and for serving (NumPy only)."""

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import DataError, Dataset, Histories
from metarec.meta.config import MetaConfig

SECONDS_A_DAY = 86_400.0


def resolve_recency(config: MetaConfig, train: Dataset) -> str:
    """What "auto" stands for; refuses an age that the data or the training cannot tell."""
    if config.recency == "auto":
        ordered = train.feedback == "implicit" and train.clock is not None
        return "place" if ordered else "none"
    if config.recency == "place" and train.feedback == "rating":
        raise DataError(
            'recency="place" is for implicit events: episodes of ratings stand in random order, so '
            'a weight by place could not be learned; use "none" or "clock"'
        )
    if config.recency == "clock" and train.clock != "unix":
        raise DataError(
            f'recency="clock" needs a timestamp that is a clock, this shop has '
            f'{train.clock or "none"}; use "place" or "none"'
        )
    return config.recency


def ages(
    times: Float[np.ndarray, "*#person event"],
    places: Int[np.ndarray, "*#person event"],
    counted: Bool[np.ndarray, "*person event"],
    recency: str,
    now: float | None = None,
) -> Float[np.ndarray, "*person event"]:
    """Age of each event: places from the newest, days, or 0; never negative.

    The moment that people are looked at from is `now`, or that of the newest event that is
    `counted` (padding is not, nor what was refused). An event without a clock counts as new.
    """
    if recency == "none":
        return np.zeros(counted.shape)
    moments = places.astype(np.float64) if recency == "place" else times
    moments = np.broadcast_to(moments, counted.shape)
    if now is None:
        known = np.where(counted & ~np.isnan(moments), moments, -np.inf)
        newest = known.max(axis=-1, initial=-np.inf, keepdims=True)
        nowhere = -1.0 if recency == "place" else 0.0  # the place before all others
        looked_from = np.where(np.isfinite(newest), newest, nowhere)
    else:
        looked_from = np.asarray(float(now))
    passed = (looked_from - moments) / (1.0 if recency == "place" else SECONDS_A_DAY)
    return np.maximum(np.nan_to_num(passed, nan=0.0), 0.0)


def clock_order(
    rows: Int[np.ndarray, " event"], times: Float[np.ndarray, " event"]
) -> Int[np.ndarray, " event"]:
    """The order of events by their clock within each history; an undated event keeps its place.

    So the order is the same whether events came one by one or all at once. Equal clocks keep the
    order in which they came.
    """
    dated = np.flatnonzero(~np.isnan(times))
    order = np.arange(len(times))
    order[dated] = dated[np.lexsort((times[dated], rows[dated]))]
    return order


def in_clock_order(histories: Histories) -> Histories:
    """The histories with their events in `clock_order`."""
    order = clock_order(histories.rows, histories.times)
    if (order[1:] > order[:-1]).all():
        return histories
    return histories.permuted(order)


def places_without(
    times: Float[np.ndarray, " event"],
    came: Int[np.ndarray, " event"],
    gone: Int[np.ndarray, " out"],
) -> Int[np.ndarray, "out event"]:
    """The place of every event where the event `gone[o]` had never come.

    Events stand in `clock_order`, and `came` is the place in which each of them came. Without one
    of them the others close the gap. Where undated events stand among dated ones, the dated ones
    share out the places that are left to them, so that more than the gap may move.
    """
    out = gone[:, None]
    dated = ~np.isnan(times)
    slots = np.flatnonzero(dated)  # where dated events stand: came or not, the same places
    rank = np.cumsum(dated) - 1  # of a dated event among the dated
    # the slot that goes is the one in which the event came, the event that goes has its own rank
    lost = np.searchsorted(slots, came[gone])[:, None]
    later = rank[None, :] - (rank[None, :] > rank[gone][:, None])  # (out, event)
    later = later + (later >= lost)
    place = slots[np.clip(later, 0, max(len(slots) - 1, 0))] if len(slots) else np.zeros_like(later)
    moved = dated[gone][:, None] & dated[None, :]
    place = np.where(moved, place, np.arange(len(times))[None, :])
    return place - (place > np.where(dated[gone][:, None], came[out], out))
