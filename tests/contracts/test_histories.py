"""Many histories as arrays."""

import numpy as np
import pytest

from metarec.contracts import Histories


def test_padding_stands_behind_the_newest_event_and_is_told_from_events():
    histories = Histories.of([["a", "b"], [], [("a", 5.0)]])
    assert histories.padded(histories.items, -1).tolist() == [[0, 1], [-1, -1], [0, -1]]
    assert histories.padded(histories.values, np.nan)[2, 0] == 5.0
    assert histories.present.tolist() == [[True, True], [False, False], [True, False]]


@pytest.mark.parametrize("people", [0, 2])
def test_histories_without_an_event_have_no_column(people: int):
    histories = Histories.of([[]] * people)
    assert histories.padded(histories.items, 0).shape == histories.present.shape == (people, 0)


def test_a_padded_column_keeps_its_type():
    histories = Histories.of([["a"], ["b", "c"]])
    assert histories.padded(histories.values.astype(np.float32), 0).dtype == np.float32
    assert histories.padded(np.ones(3, dtype=bool), False).tolist() == [[True, False], [True, True]]
