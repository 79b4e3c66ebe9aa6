"""Training batches hold real events of the right user, split as they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarec.contracts import DataError, Histories
from metarec.data import sample_prefix_batch, sample_rating_batch


def histories_of(lengths: list[int]) -> Histories:
    """User u's event p is on item `100 u + p`, with value p, at time 10 p."""
    return Histories.of([[(f"{u}-{p}", float(p), "buy", 10.0 * p) for p in range(n)]
                         for u, n in enumerate(lengths)])  # fmt: skip


shapes = st.lists(st.integers(0, 30), min_size=1, max_size=8)


@settings(deadline=None, max_examples=60)
@given(lengths=shapes, seed=st.integers(0, 99), max_events=st.integers(1, 25), data=st.data())
def test_a_rating_batch_is_a_random_part_of_each_history(lengths, seed, max_events, data) -> None:
    histories = histories_of(lengths)
    users = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=6)), dtype=int)
    batch = sample_rating_batch(
        histories, users, np.random.default_rng(seed), max_events=max_events
    )
    for row, user in enumerate(users):
        mask = batch.event_mask[row]
        events = [histories.vocabulary[item] for item in batch.items[row, mask]]
        assert len(events) == len(set(events)) == min(lengths[user], max_events)
        assert all(event.startswith(f"{user}-") for event in events)
        places = [float(event.split("-")[1]) for event in events]
        assert batch.values[row, mask].tolist() == places
        assert batch.times[row, mask].tolist() == [10 * place for place in places]
        support = batch.support_mask[row]
        assert not (support & ~mask).any()
        assert batch.query_mask[row].any() == (lengths[user] > 0)
        assert not (support[1:] & ~support[:-1]).any()  # support first


@settings(deadline=None, max_examples=60)
@given(
    lengths=shapes,
    seed=st.integers(0, 99),
    max_events=st.integers(1, 25),
    prefixes=st.integers(1, 30),
    data=st.data(),
)
def test_a_prefix_batch_is_a_window_in_order(lengths, seed, max_events, prefixes, data) -> None:
    histories = histories_of(lengths)
    users = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=6)), dtype=int)
    rng = np.random.default_rng(seed)
    batch = sample_prefix_batch(histories, users, rng, max_events=max_events, prefixes=prefixes)
    for row, user in enumerate(users):
        size = min(lengths[user], max_events)
        assert batch.event_mask[row].tolist() == [p < size for p in range(batch.items.shape[1])]
        places = batch.values[row, :size]
        assert (np.diff(places) == 1).all()
        items = [histories.vocabulary[item] for item in batch.items[row, :size]]
        assert items == [f"{user}-{int(place)}" for place in places]
        positions = batch.positions[row, batch.position_mask[row]]
        assert len(positions) == min(size, prefixes)
        assert (np.diff(positions) > 0).all()
        assert (positions < max(size, 1)).all()


def test_one_users_row_depends_on_that_user_only() -> None:
    histories = histories_of([4, 9, 2])
    batch = sample_rating_batch(
        histories, np.array([2, 0]), np.random.default_rng(0), max_events=10
    )
    assert {histories.vocabulary[i] for i in batch.items[0, :2]} == {"2-0", "2-1"}
    assert batch.event_mask.sum(axis=1).tolist() == [2, 4]


def test_padding_is_as_documented() -> None:
    histories = histories_of([1, 3])
    batch = sample_rating_batch(histories, np.array([0, 1]), np.random.default_rng(0), max_events=9)
    assert batch.items[0, 1:].tolist() == [0, 0]
    assert batch.values[0, 1:].tolist() == [0.0, 0.0]
    assert np.isnan(batch.times[0, 1:]).all()
    assert batch.kinds[0].tolist() == [0, -1, -1]


def test_support_sizes_reach_from_none_to_all_but_one_with_many_small_ones() -> None:
    histories = histories_of([40] * 2000)
    rng = np.random.default_rng(1)
    sizes = sample_rating_batch(histories, np.arange(2000), rng, max_events=40).support_mask.sum(1)
    assert sizes.min() == 0
    assert sizes.max() == 39
    assert 0.4 < (sizes <= 10).mean() < 0.75
    assert (np.bincount(sizes, minlength=40)[11:] > 0).all()


def test_every_event_is_as_likely_to_be_asked_for() -> None:
    histories = histories_of([10] * 3000)
    rng = np.random.default_rng(2)
    batch = sample_prefix_batch(histories, np.arange(3000), rng, max_events=10, prefixes=2)
    counts = np.bincount(batch.positions.ravel(), minlength=10)
    assert (np.abs(counts - 600) < 120).all()


def test_a_seed_repeats() -> None:
    histories, users = histories_of([5, 8]), np.array([0, 1])
    one, two = (
        sample_rating_batch(histories, users, np.random.default_rng(7), max_events=4)
        for _ in range(2)
    )
    assert np.array_equal(one.items, two.items)
    assert np.array_equal(one.support_mask, two.support_mask)


@settings(deadline=None, max_examples=60)
@given(lengths=st.lists(st.integers(0, 200), min_size=1, max_size=12), seed=st.integers(0, 99))
def test_parts_by_length_hold_every_event_once_and_little_padding(lengths, seed) -> None:
    rng = np.random.default_rng(seed)
    batch = sample_rating_batch(histories_of(lengths), np.arange(len(lengths)), rng, max_events=150)
    seen = []
    for rows, part in batch.by_length():
        seen += rows.tolist()
        n = part.event_mask.sum(axis=1)
        assert part.width == n.max()
        assert (2 * np.maximum(n, 8) >= part.width).all()
        for name in ("items", "values", "times", "kinds", "event_mask", "support_mask"):
            whole, own = getattr(batch, name)[rows], getattr(part, name)
            assert np.array_equal(whole[batch.event_mask[rows]], own[part.event_mask])
    assert sorted(seen) == list(range(len(lengths)))


def test_windows_and_prefixes_need_room() -> None:
    histories, users, rng = histories_of([3]), np.array([0]), np.random.default_rng(0)
    with pytest.raises(DataError, match="max_events"):
        sample_rating_batch(histories, users, rng, max_events=0)
    with pytest.raises(DataError, match="prefixes"):
        sample_prefix_batch(histories, users, rng, max_events=3, prefixes=0)
