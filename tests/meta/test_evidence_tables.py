"""Which tables a shop gives, with which constants, and what is kept of them."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

import metarec as mr
from metarec.contracts import Dataset, Histories, Vocabulary
from metarec.meta.evidence.alike import Alike, Likeness, Plain
from metarec.meta.evidence.counting import DECAYS, STEADY, counted_tables, popularities
from metarec.meta.evidence.follow import follow
from metarec.meta.evidence.next import next_after
from metarec.meta.evidence.pairs import largest, largest_sparse, settled
from metarec.meta.evidence.together import together

RNG = np.random.default_rng(8)
BOUGHT = "buy"


def shop(clock: str | None = "unix", *, kinds: bool = False) -> Dataset:
    """Forty people among twelve items: the fourth is never bought, the last two are never taken."""
    rng = np.random.default_rng(2)
    chances = np.arange(10, 0, -1) / 55
    people = np.repeat(np.arange(40), rng.integers(2, 30, 40))
    columns = {
        "user_id": [f"u{person:02}" for person in people],
        "item_id": [f"i{item:02}" for item in rng.choice(10, len(people), p=chances)],
    }
    if clock:
        start = datetime(2024, 1, 1)
        minutes = rng.integers(0, 60 * 24 * 365, len(people)).tolist()
        columns["timestamp"] = [start + timedelta(minutes=minute) for minute in minutes]
    settings = {}
    if kinds:
        bought = (rng.random(len(people)) < 0.3) & (np.array(columns["item_id"]) != "i03")
        columns["kind"] = np.where(bought, BOUGHT, "view").tolist()
        settings["target_kinds"] = [BOUGHT]
    items = pl.DataFrame({"item_id": [f"i{item:02}" for item in range(12)]})
    return mr.from_frames(pl.DataFrame(columns), items, feedback="implicit", **settings)


@pytest.mark.parametrize("kinds", [False, True])
def test_the_tables_of_a_shop_have_the_constants_that_are_told(kinds: bool):
    train = shop(kinds=kinds)
    histories = train.histories
    targets = histories.kinds == histories.kind_names.index(BOUGHT) if kinds else None
    counts = np.bincount(histories.items, minlength=12)
    typical = np.sqrt(counts[counts > 0].mean())
    for exact_items, n_exact in ((4, 4), (99, 10)):
        config = mr.MetaConfig(exact_items=exact_items, neighbours=5)
        found = counted_tables(train, config)
        exact = np.sort(np.argsort(-counts, kind="stable")[:n_exact])
        solved = {"l2": 5 * typical, "keep": 5, "exact": exact, "targets": targets}
        wanted = None
        if targets is not None:
            wanted = np.isin(np.arange(12), histories.items[targets])
        expected = {
            "follow": follow(histories, window=1, keep=5, targets=targets),
            "follow wide": follow(histories, window=10, keep=5, targets=targets),
            "next": next_after(histories, decay=0.5, **solved),
            "next long": next_after(histories, decay=0.9, **solved),
            "together": together(histories, l2=20 * typical, keep=5, exact=exact, wanted=wanted),
        }
        if targets is not None:  # the item itself, whether the fit saw it or not
            expected["again"] = sp.csr_array(np.eye(12))
        assert set(found) == set(expected)
        for name, matrix in expected.items():
            np.testing.assert_array_equal(
                found[name].toarray(), matrix.toarray().astype(np.float32), err_msg=name
            )
            assert found[name].dtype == np.float32
    assert DECAYS == {
        "follow": 0.5,
        "follow wide": 0.8,
        "next": 0.5,
        "next long": 0.9,
        "together": 0.9,
        "alike": 0.7,
        "again": 0.7,
    }
    assert STEADY == ("together", "alike", "again")


def test_a_column_that_nobody_wants_is_empty_in_together():
    found = counted_tables(shop(kinds=True), mr.MetaConfig())["together"].toarray()
    assert not found[:, 3].any()
    assert found[3].any()


def test_popularity_counts_people_and_of_late_only_the_newest_tenth_of_time():
    train = shop()
    histories = train.histories
    first, last = histories.times.min(), histories.times.max()
    late = histories.times >= first + 0.9 * (last - first)
    found = popularities(train)
    for name, chosen in (("popular", np.ones(len(late), dtype=bool)), ("popular of late", late)):
        people = [
            len(set(histories.rows[chosen & (histories.items == item)])) for item in range(12)
        ]
        expected = np.log(1.0 + np.array(people))
        np.testing.assert_allclose(found[name], expected / expected.max(), rtol=1e-12)
    assert list(found) == ["popular", "popular of late"]
    assert list(popularities(shop(clock=None))) == ["popular"]


def test_the_border_of_late_belongs_to_it():
    log = pl.DataFrame(
        {
            "user_id": ["a", "b", "c", "d"],
            "item_id": ["x", "y", "z", "x"],
            "timestamp": [0, 899_999_999, 900_000_000, 1_000_000_000],
        }
    )
    found = popularities(mr.from_frames(log, feedback="implicit"))["popular of late"]
    assert found.tolist() == [1.0, 0.0, 1.0]


def test_popularity_counts_only_what_is_foretold():
    train = shop(kinds=True)
    histories = train.histories
    bought = histories.kinds == histories.kind_names.index(BOUGHT)
    late = histories.times >= histories.times.min() + 0.9 * np.ptp(histories.times)
    found = popularities(train)
    for name, chosen in (("popular", bought), ("popular of late", bought & late)):
        people = [
            len(set(histories.rows[chosen & (histories.items == item)])) for item in range(12)
        ]
        expected = np.log(1.0 + np.array(people))
        np.testing.assert_allclose(found[name], expected / expected.max(), rtol=1e-12)


def test_together_joins_what_is_solved_with_what_is_counted():
    histories = shop().histories
    exact, l2 = np.array([1, 4, 8]), 3.0
    held = np.zeros((len(histories), 12))
    held[histories.rows, histories.items] = 1.0
    pairs = held.T @ held
    expected = (pairs - np.diag(np.diag(pairs))) / (np.diag(pairs) + l2)[:, None]
    expected[np.ix_(exact, exact)] = together(
        _of_items(histories, exact), l2=l2, keep=3, exact=np.arange(3)
    ).toarray()
    found = together(histories, l2=l2, keep=12, exact=exact).toarray()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    few = together(histories, l2=l2, keep=2, exact=exact).toarray()
    cut = np.sort(np.abs(expected), axis=1)[:, -2:]
    np.testing.assert_allclose(np.sort(np.abs(few), axis=1)[:, -2:], cut, atol=1e-6)
    assert (np.count_nonzero(few, axis=1) <= 2).all()


@pytest.mark.parametrize("cells", [1, 200, 10**6])
def test_together_is_the_same_regression_where_people_are_fewer_than_items(
    monkeypatch: pytest.MonkeyPatch, cells: int
):
    monkeypatch.setattr("metarec.recommenders.ease.CELLS_AT_ONCE", cells)
    histories, l2, few = shop().histories, 3.0, np.array([1, 4, 8])
    n = len(histories)
    every = together(histories, l2=l2, keep=12, exact=np.arange(12)).toarray()
    found = together(histories, l2=l2, keep=12, exact=few, most_people=n).toarray()
    np.testing.assert_allclose(found, every, atol=1e-5)
    assert not found.diagonal().any()
    wanted = np.arange(12) % 3 != 1
    some = together(histories, l2=l2, keep=12, exact=few, wanted=wanted, most_people=n).toarray()
    np.testing.assert_allclose(some, every * wanted, atol=1e-5)
    two = together(histories, l2=l2, keep=2, exact=few, most_people=n).toarray()
    best = together(histories, l2=l2, keep=2, exact=np.arange(12)).toarray()
    np.testing.assert_allclose(two, best, atol=1e-5)
    more = together(histories, l2=l2, keep=12, exact=few, most_people=n - 1).toarray()
    assert not np.allclose(more, every, atol=1e-3)
    ten = np.arange(10)  # all that anyone took: nobody is asked
    monkeypatch.setattr("metarec.meta.evidence.together.regression_by_people", pytest.fail)
    together(histories, l2=l2, keep=12, exact=ten, most_people=n)


def _of_items(histories: Histories, items: np.ndarray) -> Histories:
    """The histories with the events on these items alone, as a shop that knows no others."""
    kept = histories.keep(np.isin(histories.items, items))
    names = Vocabulary.of([histories.vocabulary[item] for item in items])
    return replace(kept, vocabulary=names, items=np.searchsorted(items, kept.items))


def test_the_largest_by_size_are_kept_of_dense_and_of_sparse_rows():
    dense = np.array([[3.0, -5.0, 1.0, 0.0], [0.0, 0.0, 2.0, 0.0], [-1.0, 4.0, -3.0, 2.0]])
    two = np.array([[3.0, -5.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [0.0, 4.0, -3.0, 0.0]])
    for k, expected in ((2, two), (3, dense), (4, dense), (9, dense)):
        if k == 3:
            expected = np.where(np.abs(dense) == 1.0, [[1.0], [1.0], [0.0]], 1.0) * dense
        for found in (largest(dense, k), largest_sparse(sp.csr_array(dense), k)):
            np.testing.assert_array_equal(found.toarray(), expected)
            assert (found.data != 0).all()
            assert found.has_sorted_indices


def test_a_settled_table_is_small_in_order_and_without_zeros():
    loose = sp.csr_array(
        (np.array([2.0, 0.0, 1.0]), np.array([2, 1, 0]), np.array([0, 3, 3])), shape=(2, 3)
    )
    loose.indices, loose.indptr = loose.indices.astype(np.int64), loose.indptr.astype(np.int64)
    kept = settled(loose)
    assert kept.data.tolist() == [1.0, 2.0]
    assert kept.indices.tolist() == [0, 2]
    assert (kept.dtype, kept.indices.dtype, kept.indptr.dtype) == (np.float32, np.int32, np.int32)


def test_likeness_is_measured_in_the_widest_axes_half_whitened():
    content = RNG.normal(size=(60, 4)) * [5.0, 3.0, 2.0, 1.0] @ RNG.normal(size=(4, 12)) + 9.0
    variances, axes = np.linalg.eigh(np.cov(content.T, bias=True))
    variances, axes = variances[::-1], axes[:, ::-1]
    for width, d in ((3, 3), (4, 4), (12, 4)):
        found = Likeness.of(content, width=width)
        expected = axes[:, :d] * variances[:d] ** -0.25
        np.testing.assert_allclose(np.abs(found.axes), np.abs(expected), rtol=1e-6, atol=1e-9)
        turned = (content - content.mean(axis=0)) @ expected
        unit = turned / np.linalg.norm(turned, axis=1, keepdims=True)
        directions = found.directions(content)
        assert directions.dtype == np.int16
        near = directions.astype(float) @ directions.T / 4000**2
        np.testing.assert_allclose(near, unit @ unit.T, atol=1e-3)
        off = np.abs(directions) - 4000 * np.abs(unit)
        assert np.abs(off).max() <= 0.5 + 1e-6  # rounded, and not cut


def test_plain_likeness_is_the_cosine_of_content_as_it_is():
    content = RNG.normal(size=(30, 5)) + 2.0
    unit = content / np.linalg.norm(content, axis=1, keepdims=True)
    plain = Plain.of(content, width=5)
    near = plain.directions.astype(float) @ plain.directions.T / 4000**2
    np.testing.assert_allclose(near, unit @ unit.T, atol=1e-3)
    assert Plain.of(content, width=2).directions.shape == (30, 2)
    more = plain.with_items(content[:3])
    assert more.directions[30:].tolist() == plain.directions[:3].tolist()
    changed = plain.with_changed(np.array([4]), content[[7]])
    assert changed.directions[4].tolist() == plain.directions[7].tolist()
    kept = np.arange(30) != 4
    assert changed.directions[kept].tolist() == plain.directions[kept].tolist()


@pytest.mark.parametrize("wanted", [None, np.arange(12) % 3 > 0])
def test_together_among_people_is_that_among_all_items(wanted: np.ndarray | None):
    histories = shop().histories
    every, few = np.arange(12), np.array([1, 4, 8])
    for keep in (12, 3):
        expected = together(histories, l2=3.0, keep=keep, exact=every, wanted=wanted)
        n = len(histories)
        found = together(histories, l2=3.0, keep=keep, exact=few, wanted=wanted, most_people=n)
        np.testing.assert_allclose(found.toarray(), expected.toarray(), atol=1e-6)
        some = together(histories, l2=3.0, keep=keep, exact=few, wanted=wanted, most_people=n - 1)
        assert np.abs(some.toarray() - expected.toarray()).max() > 1e-3


def test_content_that_is_the_same_for_all_tells_no_likeness():
    likeness = Likeness.of(np.ones((9, 4)), width=3)
    found = Alike.of(likeness.directions(np.ones((9, 4))), keep=2)
    assert likeness.axes.shape == (4, 0)
    assert found.matrix.nnz == 0
    assert Likeness.of(np.ones((9, 0)), width=3).axes.shape == (0, 0)


def alike(directions: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray]:
    """Floor and table, by loops."""
    n = len(directions)
    floor, table = np.zeros(n), np.zeros((n, n))
    for item in range(n):
        near = directions.astype(float) @ directions[item] / 4000**2
        others = np.sort(np.delete(near, item))[::-1]
        floor[item] = max(others[keep], 0.0) if keep < n - 1 else 0.0
        table[item] = np.maximum(near - floor[item], 0.0)
        table[item, item] = 0.0
    return floor, table


def some_directions(n: int, seed: int = 4) -> np.ndarray:
    """Unit vectors of which most are near to each other."""
    content = np.random.default_rng(seed).normal(size=(n, 4)) + 1.5
    unit = content / np.linalg.norm(content, axis=1, keepdims=True)
    return np.rint(unit * 4000).astype(np.int16)


@pytest.mark.parametrize("keep", [1, 5, 7, 8, 9, 20])
def test_only_what_is_left_out_makes_a_floor(keep: int):
    directions = some_directions(9)
    found = Alike.of(directions, keep=keep)
    floor, table = alike(directions, keep)
    np.testing.assert_allclose(found.floor, floor, atol=1e-6)
    np.testing.assert_allclose(found.matrix.toarray(), table, atol=1e-6)


@pytest.mark.parametrize("at_once", [512, 3])
def test_items_added_and_changed_are_told_by_all_others_and_tell_of_them(
    at_once: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("metarec.meta.evidence.alike.ROWS_AT_ONCE", at_once)
    before, more = some_directions(20), some_directions(4, seed=5)
    found = Alike.of(before, keep=6)
    wider = found.with_items(more)
    every = np.concatenate([before, more])
    _expect_told(wider, every, np.arange(20, 24), found.floor)
    rows = np.array([2, 11, 5, 17])
    moved = before.copy()
    moved[rows] = more
    changed = found.with_changed(rows, more)
    _expect_told(changed, moved, rows, found.floor)
    np.testing.assert_array_equal(found.directions, before)
    kept = np.setdiff1d(np.arange(20), rows)
    np.testing.assert_array_equal(
        changed.matrix.toarray()[np.ix_(kept, kept)], found.matrix.toarray()[np.ix_(kept, kept)]
    )
    assert wider.matrix.dtype == changed.matrix.dtype == np.float32


def _expect_told(
    found: Alike, directions: np.ndarray, rows: np.ndarray, floors: np.ndarray
) -> None:
    """The rows as in a new table; the other rows with the floors they had."""
    floor, table = alike(directions, found.keep)
    others = np.setdiff1d(np.arange(len(directions)), rows)
    floor[others] = floors[others]
    near = directions.astype(float) @ directions.T / 4000**2
    np.fill_diagonal(near, 0.0)
    table[others] = np.maximum(near[others] - floors[others, None], 0.0)
    np.testing.assert_array_equal(found.directions, directions)
    np.testing.assert_allclose(found.floor, floor, atol=1e-6)
    np.testing.assert_allclose(found.matrix.toarray(), table, atol=1e-6)
