"""Where what a person refused stands among what they took.

An event that speaks against its item has no place of its own: what a person took is as old with it
as it would be without it.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import EventKinds, Histories
from metarec.meta.recency import clock_order, in_clock_order


def places_among(refused: Bool[np.ndarray, "*person event"]) -> Int[np.ndarray, "*person event"]:
    """Each event's place among those that are not `refused`, from 0.

    What was refused has the place of the event before it, -1 where there is none: its age is how
    many came after it.
    """
    return np.cumsum(~refused, axis=-1) - 1


def told_order(
    rows: Int[np.ndarray, " event"],
    times: Float[np.ndarray, " event"],
    refused: Bool[np.ndarray, " event"],
) -> Int[np.ndarray, " event"]:
    """What people took in `clock_order`, as it would be alone, and what they `refused` between.

    Something refused stands behind as many as did not come after it.
    """
    if not refused.any():
        return clock_order(rows, times)
    taken = np.flatnonzero(~refused)
    own = taken[clock_order(rows[taken], times[taken])]
    count = np.bincount(rows[taken], minlength=int(rows.max()) + 1)
    place = np.empty(len(rows))
    place[own] = np.arange(len(own)) - (np.cumsum(count) - count)[rows[own]]
    place[refused] = (count[rows] - taken_after(rows, times, refused) - 0.5)[refused]
    return np.lexsort((place, rows))


def taken_after(
    rows: Int[np.ndarray, " event"],
    times: Float[np.ndarray, " event"],
    refused: Bool[np.ndarray, " event"],
) -> Int[np.ndarray, " event"]:
    """How many events that are not `refused` came after each, by `comes_after`."""
    came, undated = np.arange(len(rows)), np.isnan(times)
    by_clock = np.lexsort((came, times, rows))
    by_arrival = _behind(rows, ~refused, came)
    among_undated = _behind(rows, ~refused & undated, came)
    among_dated = _behind(rows, ~refused & ~undated, by_clock)
    return np.where(undated, by_arrival, among_undated + among_dated)


def comes_after(
    times: Float[np.ndarray, " event"],
    came: Int[np.ndarray, " event"],
    of: Int[np.ndarray, "*shape"],
    other: Int[np.ndarray, "*shape"],
) -> Bool[np.ndarray, "*shape"]:
    """True where the event `other` came after the event `of`: by their clocks where both have one
    and these differ, else as they came."""
    dated = ~np.isnan(times[of]) & ~np.isnan(times[other]) & (times[of] != times[other])
    return np.where(dated, times[other] > times[of], came[other] > came[of])


def _behind(
    rows: Int[np.ndarray, " event"],
    counted: Bool[np.ndarray, " event"],
    order: Int[np.ndarray, " event"],
) -> Int[np.ndarray, " event"]:
    """How many `counted` events of the same history stand behind each in this order."""
    ends = np.cumsum(np.bincount(rows[counted], minlength=int(rows.max()) + 1))
    behind = np.empty(len(rows), dtype=np.int64)
    behind[order] = ends[rows[order]] - np.cumsum(counted[order])
    return behind


def served(histories: Histories, kinds: EventKinds) -> Histories:
    """The histories with their events in `told_order`, as they are heard."""
    refused = kinds.refused(histories)
    if not refused.any():
        return in_clock_order(histories)
    return histories.permuted(told_order(histories.rows, histories.times, refused))
