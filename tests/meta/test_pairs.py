"""Pairs of events at a distance are looked for as far apart as some history is long."""

import numpy as np
import pytest

from metarec.contracts import Histories
from metarec.meta.evidence.pairs import pairs_within


@pytest.mark.parametrize(("window", "reach"), [(1, 1), (2, 2), (3, 3), (99, 3)])
def test_every_distance_that_some_history_has_comes_once_with_its_pairs(window: int, reach: int):
    histories = Histories.of([["a", "b"], [], ["c", "a", "b", "d"], ["a"]])
    found = list(pairs_within(histories, window))
    assert [distance for distance, _, _ in found] == list(range(1, reach + 1))
    for distance, before, after in found:
        assert (after - before == distance).all()
        assert (histories.rows[before] == histories.rows[after]).all()
        assert len(before) == max(0, 2 - distance) + (4 - distance)
    targets = np.array([False, True, False, False, True, False, False])
    some = {d: after.tolist() for d, _, after in pairs_within(histories, window, targets)}
    assert some[1] == [1, 4]
    assert list(some) == list(range(1, reach + 1))
