"""What tests of splits ask of events and histories."""

import numpy as np

from metarec.contracts import Dataset, Histories


def pairs(data: Dataset | Histories) -> set[tuple[str, str]]:
    """The (user id, item id) pairs that occur."""
    histories = data.histories if isinstance(data, Dataset) else data
    assert histories.user_ids is not None
    users = histories.user_ids[histories.rows]
    return set(zip(users, histories.vocabulary[histories.items], strict=True))


def same(one: Histories, other: Histories) -> bool:
    columns = ("items", "values", "times", "offsets", "kinds", "user_ids")
    return all(
        np.array_equal(getattr(one, c), getattr(other, c), equal_nan=c == "times") for c in columns
    )
