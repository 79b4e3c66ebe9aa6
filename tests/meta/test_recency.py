"""The order and age of events, worked by hand and against the obvious loops."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metarec as mr
from metarec.contracts import Event, Histories
from metarec.meta.recency import (
    ages,
    clock_order,
    in_clock_order,
    places_without,
    resolve_recency,
)

DAY = 86_400.0
NAN = float("nan")


def test_an_age_in_places_is_counted_from_the_newest_that_counts():
    places = np.arange(4)
    counted = np.array([[True, True, True, True], [True, True, False, False], [False] * 4])
    times = np.full((3, 4), NAN)
    found = ages(times, places, counted, "place")
    # of the second person the newest counted is in place 1; what comes after is not older than now
    assert found.tolist() == [[3, 2, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert ages(times, places, counted, "none").tolist() == np.zeros((3, 4)).tolist()
    assert ages(times[0], places, counted[0], "place", 5.0).tolist() == [5, 4, 3, 2]
    assert ages(times[0], places, counted[0], "place", 1.0).tolist() == [1, 0, 0, 0]


def test_an_age_in_days_is_counted_from_the_newest_clock_that_counts():
    times = DAY * np.array([0.0, 3.0, NAN, 10.0])
    places = np.arange(4)
    every, three = np.ones(4, dtype=bool), np.array([True, True, True, False])
    assert ages(times, places, every, "clock").tolist() == [10, 7, 0, 0]
    assert ages(times, places, three, "clock").tolist() == [3, 0, 0, 0]
    assert ages(times, places, every, "clock", 12 * DAY).tolist() == [12, 9, 0, 2]
    undated = np.array([False, False, True, False])
    assert ages(times, places, undated, "clock").tolist() == [0, 0, 0, 0]
    early = ages(times, places, every, "clock", -5 * DAY)
    assert early.tolist() == [0, 0, 0, 0]  # nothing is younger than new


def test_dated_events_are_ordered_and_undated_ones_stay():
    histories = Histories.of(
        [
            [("a", 1.0, None, 3.0), ("u", 1.0), ("b", 1.0, None, 1.0), ("c", 1.0, None, 3.0)],
            [("d", 1.0, None, 2.0), ("e", 1.0, None, 0.0)],
        ]
    )
    ordered = in_clock_order(histories)
    # equal clocks (a and c) keep the order in which they came
    assert [event.item for event in ordered.events(0)] == ["b", "u", "a", "c"]
    assert [event.item for event in ordered.events(1)] == ["e", "d"]
    assert in_clock_order(ordered) is ordered


def sorted_places(times: list[float | None]) -> list[int]:
    """Which event, by the place in which it came, stands in each place: plain insertion."""
    dated = sorted((e for e, t in enumerate(times) if t is not None), key=lambda e: (times[e], e))
    waiting = iter(dated)
    return [e if t is None else next(waiting) for e, t in enumerate(times)]


@given(st.lists(st.sampled_from([None, 0.0, 1.0, 2.0, 2.0, 5.0]), min_size=1, max_size=8))
def test_places_without_an_event_are_those_of_a_history_that_never_had_it(times):
    clocks = np.array([NAN if t is None else t for t in times])
    order = clock_order(np.zeros(len(times), dtype=np.int64), clocks)
    assert order.tolist() == sorted_places(times)
    gone = np.arange(len(times))
    found = places_without(clocks[order], order, gone)
    for out in range(len(times)):
        left = int(order[out])  # the event that goes, by the place in which it came
        others = [e for e in range(len(times)) if e != left]
        fresh = [others[e] for e in sorted_places([times[e] for e in others])]
        for place, event in enumerate(fresh):
            assert found[out, order.tolist().index(event)] == place


@pytest.mark.parametrize("t", [None, 4.0])
def test_one_event_leaves_nothing_to_place(t):
    event = Event("a", 1.0, None, t)
    times = np.array([NAN if event.t is None else event.t])
    assert places_without(times, np.array([0]), np.array([0])).shape == (1, 1)


def test_the_place_of_an_event_tells_nothing_where_the_shop_tells_no_order():
    shop = mr.generate(users=20, items=10, kind="implicit", rng=0).dataset
    assert resolve_recency(mr.MetaConfig(), shop) == "place"
    assert resolve_recency(mr.MetaConfig(), replace(shop, clock=None)) == "none"
    assert resolve_recency(mr.MetaConfig(recency="place"), replace(shop, clock=None)) == "place"
