"""Leave-last-out: the last event of each user is the question, all before it are known."""

import numpy as np
from jaxtyping import Int

from metarec.contracts import DataError, Histories
from metarec.contracts.dataset import Dataset
from metarec.data.draws import drawn_order
from metarec.data.splits.masks import EventMask, counts_of, episodes_of, train_on
from metarec.data.splits.split import OWN_EVENTS_ALONE, Split

EXCLUDES = (
    "no last two events of a judged user are in train",
    "a support holds only events of the same user that come before the query event",
    OWN_EVENTS_ALONE,
)
DRAWN = (
    "no queried event of a judged user is in train",
    "a support holds only events of the same user that stand before the query event in an order "
    "that was drawn: the shop tells none, and the order of a file is none",
    OWN_EVENTS_ALONE,
)


def split_last_out(data: Dataset, *, min_events: int = 3, rng: int = 0) -> Split:
    """The last event of each user is the test query, the one before it the validation query.

    Where kinds of events are declared, only those that are to be foretold are queries; the others
    before a query are its support, and users with a single such event are not judged.

    Users with fewer than `min_events` events are learned from but not judged. Ties in time keep
    the order of the source's rows. It does not exclude that other users' events in `train` are
    later on the clock than a query: for that, see `split_time`.

    Where the shop tells no order (no clock), one is drawn by id with the seed `rng`: the order of a
    file is none.
    """
    if min_events < 2:
        raise DataError(f"min_events must be at least 2, got {min_events}")
    histories = data.histories
    asked = data.event_kinds.foretold(histories)
    n_asked = counts_of(histories, asked)
    order = np.arange(len(histories.items))
    if data.clock is None:
        order = drawn_order(histories, rng)
    to_go = np.empty(len(order), dtype=np.int64)
    to_go[order] = n_asked[histories.rows] - asked_until(histories, asked[order])
    judged = ((histories.lengths >= min_events) & (n_asked >= 2))[histories.rows]
    return Split(
        name="leave-last-out",
        train=train_on(data, ~judged | (to_go >= 2)),
        valid=episodes_of(histories, judged & (to_go >= 2), judged & asked & (to_go == 1)),
        test={
            "next event": episodes_of(
                histories, judged & (to_go >= 1), judged & asked & (to_go == 0)
            ),
        },
        excludes=DRAWN if data.clock is None else EXCLUDES,
        settings={"dataset_hash": data.hash, "min_events": min_events}
        | ({"order": f"drawn by id, seed {rng}"} if data.clock is None else {}),
    )


def asked_until(histories: Histories, asked: EventMask) -> Int[np.ndarray, " event"]:
    """How many events of its own history up to each one, itself included, can be asked for; the
    histories stand one after another, each in any order."""
    before = np.concatenate([[0], np.cumsum(asked)])
    return before[1:] - before[histories.offsets[:-1]][histories.rows]
