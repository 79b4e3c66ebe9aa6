"""Leave-last-out: the last event of each user is the question, all before it are known."""

import numpy as np

from metarec.contracts import DataError
from metarec.contracts.dataset import Dataset
from metarec.data.splits.masks import episodes_of, train_on
from metarec.data.splits.split import OWN_EVENTS_ALONE, Split

EXCLUDES = (
    "no last two events of a judged user are in train",
    "a support holds only events of the same user that come before the query event",
    OWN_EVENTS_ALONE,
)


def split_last_out(data: Dataset, *, min_events: int = 3) -> Split:
    """The last event of each user is the test query, the one before it the validation query.

    Users with fewer than `min_events` events are learned from but not judged. Ties in time keep
    the order of the source's rows. It does not exclude that other users' events in `train` are
    later on the clock than a query: for that, see `split_time`.
    """
    if min_events < 2:
        raise DataError(f"min_events must be at least 2, got {min_events}")
    histories = data.histories
    to_go = np.repeat(histories.lengths, histories.lengths) - 1 - histories.places
    judged = np.repeat(histories.lengths >= min_events, histories.lengths)
    return Split(
        name="leave-last-out",
        train=train_on(data, ~judged | (to_go >= 2)),
        valid=episodes_of(histories, judged & (to_go >= 2), judged & (to_go == 1)),
        test={
            "next event": episodes_of(histories, judged & (to_go >= 1), judged & (to_go == 0)),
        },
        excludes=EXCLUDES,
        settings={"dataset_hash": data.hash, "min_events": min_events},
    )
