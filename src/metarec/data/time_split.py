"""Global time: everything before one moment is known, everything after it is the question."""

import numpy as np

from metarec.contracts import DataError
from metarec.data.dataset import Dataset
from metarec.data.holding_out import check_fraction, episodes_of, train_on
from metarec.data.splits import Split

EXCLUDES = (
    "every event in train is earlier on the clock than every query event, of all users",
    "a support holds only events of the same user before the moment of the split",
)


def split_time(data: Dataset, *, valid: float = 0.1, test: float = 0.1) -> Split:
    """The newest `test` share of all events is the test, the share before it the validation.

    Events at the very moment of a border fall after it. Users without an event before the border
    are judged too, with an empty support. Needs a clock: `timestamp = "unix"`.
    """
    check_fraction("valid", valid)
    check_fraction("test", test, zero=False)
    if valid + test >= 1:
        raise DataError(f"valid and test must leave events to learn from, got {valid} + {test}")
    if data.timestamp != "unix":
        raise DataError(
            f"a split by time needs a clock, and the timestamps of {data.name!r} are "
            f'{data.timestamp!r}; use split_last_out, or set timestamp = "unix" if they are seconds'
        )
    histories = data.histories
    borders = np.quantile(histories.times, [1 - valid - test, 1 - test], method="higher")
    before, at_test = histories.times < borders[0], histories.times >= borders[1]
    return Split(
        name="time",
        train=train_on(data, before),
        valid=episodes_of(histories, before, ~before & ~at_test),
        test={"later events": episodes_of(histories, ~at_test, at_test)},
        excludes=EXCLUDES,
        settings={
            "dataset_hash": data.hash,
            "valid": valid,
            "test": test,
            "borders_s": [float(b) for b in borders],
        },
    )
