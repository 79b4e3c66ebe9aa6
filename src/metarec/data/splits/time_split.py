"""Global time: everything before one moment is known, everything after it is the question."""

import warnings

import numpy as np
from jaxtyping import Float

from metarec.contracts import DataError
from metarec.contracts.dataset import Dataset
from metarec.contracts.wording import written
from metarec.data.splits.masks import EventMask, check_fraction, episodes_of, train_on
from metarec.data.splits.split import Split

EXCLUDES = (
    "every event in train is earlier on the clock than every query event, of all users",
    "a support holds only events of the same user before the moment of the split",
)


def split_time(data: Dataset, *, valid: float = 0.1, test: float = 0.1) -> Split:
    """The newest `test` share of all events is the test, the share before it the validation.

    Events at the very moment of a border fall after it; where so many share one that a part would
    be empty, that is an error, and where a part is half or twice as large as asked, a warning.
    Where kinds of events are declared, only those that are to be foretold are queries.
    Users without an event before the border are judged too, with an empty support. Needs a clock:
    `clock = "unix"`.
    """
    check_fraction("valid", valid)
    check_fraction("test", test, zero=False)
    if valid + test >= 1:
        raise DataError(f"valid and test must leave events to learn from, got {valid} + {test}")
    if data.clock != "unix":
        raise DataError(
            f"a split by time needs a clock, and the timestamps of {data.name!r} are "
            f"{data.clock!r}; use {written('split_last_out', '--protocol leave-last-out')}, or set "
            'clock = "unix" if they are seconds'
        )
    histories = data.histories
    if not len(histories.items):
        raise DataError(f"{data.name!r} has no event to split")
    borders = np.quantile(histories.times, [1 - valid - test, 1 - test], method="higher")
    before, at_test = histories.times < borders[0], histories.times >= borders[1]
    check_part("training", before, 1 - valid - test, histories.times, borders[0])
    check_part("validation", ~before & ~at_test, valid, histories.times, borders[1])
    check_part("test", at_test, test, histories.times, borders[1])
    asked = data.event_kinds.foretold(histories)
    for part, inside in (("validation", ~before & ~at_test), ("test", at_test)):
        if inside.any() and not (inside & asked).any():
            raise DataError(
                f"none of the {int(inside.sum()):,} events of the {part} has a kind that is to be "
                f"foretold ({', '.join(data.target_kinds) or 'none but negative kinds'}); ask for "
                "a larger share"
            )
    return Split(
        name="time",
        train=train_on(data, before),
        valid=episodes_of(histories, before, ~before & ~at_test & asked),
        test={"later events": episodes_of(histories, ~at_test, at_test & asked)},
        excludes=EXCLUDES,
        settings={
            "dataset_hash": data.hash,
            "valid": valid,
            "test": test,
            "borders_s": [float(b) for b in borders],
        },
    )


def check_part(
    part: str, mask: EventMask, share: float, times: Float[np.ndarray, " event"], border: float
) -> None:
    """Refuse a part that ties at its border leave empty; say where they change its size much."""
    wanted, got = share * len(times), int(mask.sum())
    if share and not got:
        raise DataError(
            f"a split by time leaves no event for the {part}: {at_border(times, border)}, and all "
            f"of them fall on one side; {other_shares(part)}"
        )
    if share and not wanted / 2 - 1 <= got <= 2 * wanted + 1:
        warnings.warn(
            f"the {part} has {got / len(times):.1%} of the events where {share:.1%} were asked "
            f"for: {at_border(times, border)}, and all of them fall on one side",
            UserWarning,
            stacklevel=3,
        )


def at_border(times: Float[np.ndarray, " event"], border: float) -> str:
    """How many events have the very clock of the border."""
    return f"{int((times == border).sum()):,} of {len(times):,} events have the clock {border:.15g}"


def other_shares(part: str) -> str:
    """What to ask for where a part is empty."""
    shares = "smaller shares" if part == "training" else "a larger share, or valid=0"
    return written(f"ask for {shares}, or use split_last_out", "use --protocol leave-last-out")
