"""Of many items the nearest are looked for in cells."""

import numpy as np
import pytest

from metarec.meta.evidence import cells
from metarec.meta.evidence.alike import Alike
from metarec.meta.evidence.cells import Cells
from metarec.meta.evidence.grid import nearness

from .many import directions_of, expect_same


def test_cells_that_are_all_looked_at_find_what_all_pairs_find(
    few_are_many: None, monkeypatch: pytest.MonkeyPatch
):
    before, more = directions_of(400), directions_of(30, seed=1)
    rows = np.array([7, 330, 20, 101])
    monkeypatch.setattr("metarec.meta.evidence.alike.ALL_PAIRS", 1000)
    exact = Alike.of(before, keep=9)
    monkeypatch.setattr("metarec.meta.evidence.alike.ALL_PAIRS", 200)
    found = Alike.of(before, keep=9)
    assert exact.cells is None
    assert found.cells is not None
    assert found.recall() == 1.0
    expect_same(found, exact)
    expect_same(found.with_items(more), exact.with_items(more))
    assert found.cells is not None
    before = found.cells.own.copy()
    changed = found.with_changed(rows, more[:4])
    expect_same(changed, exact.with_changed(rows, more[:4]))
    np.testing.assert_array_equal(found.cells.own, before)
    expect_same(changed.with_items(more), exact.with_changed(rows, more[:4]).with_items(more))


def test_most_of_the_nearest_are_found_among_a_tenth_and_the_recall_says_how_many(
    few_are_many: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cells, "LOOKED", 40)
    directions = directions_of(400)
    found = Alike.of(directions, keep=9)
    near = directions.astype(float) @ directions.T / 4000**2
    np.fill_diagonal(near, 0.0)
    floor = np.maximum(np.sort(near, axis=1)[:, -10], 0.0)
    nearest, told = near > floor[:, None], found.matrix.toarray() > 0
    sample = np.unique(np.linspace(0, 399, 100).astype(int))
    share = (nearest & told)[sample].sum() / nearest[sample].sum()
    assert found.recall() == pytest.approx(share)
    with monkeypatch.context() as small:  # a few items of the catalogue at a time
        small.setattr("metarec.meta.evidence.alike.CELLS_AT_ONCE", 90 * directions.shape[1])
        assert found.recall() == pytest.approx(share)
    assert 0.8 < share < 1.0
    assert told.sum(axis=1).max() <= 9
    expected = np.where(told, near - found.floor[:, None], 0.0)
    np.testing.assert_allclose(found.matrix.toarray(), expected, atol=1e-6)
    expect_same(Alike.of(directions, keep=9), found)


def test_no_cell_is_larger_than_allowed_where_many_read_the_same(few_are_many: None):
    same = np.repeat(directions_of(2, seed=3)[1:], 300, axis=0)
    directions = np.concatenate([same, directions_of(100)])
    found = Cells.of(directions)
    assert np.bincount(found.own[found.own >= 0]).max() <= 15
    assert (found.own[300::10] == -1).all()
    assert (found.own[:300] >= 0).all()


def test_sums_of_directions_are_as_near_as_whole_numbers_say():
    rng = np.random.default_rng(0)
    directions = directions_of(50, d=128)
    sums = directions[rng.integers(0, 50, (3, 4000))].astype(np.int64).sum(axis=1)
    expected = sums @ directions.T.astype(np.int64) / 4000**2
    found = nearness(sums.astype(np.float64), directions.astype(np.float32))
    np.testing.assert_array_equal(found, expected)
    assert not nearness(np.zeros((2, 128)), directions.astype(np.float32)).any()
