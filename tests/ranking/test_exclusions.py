"""What single people are not shown."""

import numpy as np
import polars as pl
import pytest

from metarec.contracts import Catalogue, DataError, UnknownItemWarning
from metarec.contracts.event_kinds import EventKinds
from metarec.ranking.exclusions import (
    Exclusions,
    OwnEvents,
    counted_events,
    excluded_rows,
    is_nested,
    seen_kinds,
)

CATALOGUE = Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c"]}))
EVENTS = OwnEvents(np.array([0, 1, 2, 1]), np.array([0, 1, -1, 2]), ("buy", "view", "return"))


@pytest.mark.parametrize(
    ("exclude", "nested"),
    [
        ([], False),
        ("ab", False),
        ({"a"}, False),
        (["a", ["b"]], False),
        ([["a"], "b"], True),
        ([{"a"}], True),
        ([3], False),
    ],
)
def test_a_list_for_each_person_is_told_from_one_for_all(exclude, nested: bool):
    assert is_nested(exclude) is nested


@pytest.mark.parametrize("ids", [["c", "b"], {"b", "c"}, frozenset("bc"), pl.Series(["b", "c"])])
def test_one_collection_is_for_everybody(ids):
    assert sorted(excluded_rows(ids, CATALOGUE, people=2)) == [1, 2]
    (items,) = [excluded_rows([ids], CATALOGUE, people=1).of(0, 1)[1]]
    assert sorted(items) == [1, 2]


def test_each_person_has_what_their_own_list_names():
    with pytest.warns(UnknownItemWarning, match="^2 of 5 excluded items .* the first is 'x'$"):
        own = excluded_rows([["a", "x"], [], ["c", "b"], ["y"]], CATALOGUE, people=4)
    assert isinstance(own, Exclusions)
    rows, items = own.of(0, 4)
    assert (rows.tolist(), items.tolist()) == ([0, 2, 2], [0, 2, 1])
    rows, items = own.of(1, 2)  # of a part of the people
    assert (rows.tolist(), items.tolist()) == ([1, 1], [2, 1])
    assert own.of(3, 1)[1].tolist() == []


def test_lists_that_are_no_lists_of_ids_are_refused():
    with pytest.raises(DataError, match="one for each of 3 people, got 2 lists"):
        excluded_rows([["a"], ["b"]], CATALOGUE, people=3)
    with pytest.raises(DataError, match="exclude, person 1, must be a sequence"):
        excluded_rows([["a"], "b"], CATALOGUE, people=2)
    with pytest.raises(DataError, match=r"exclude must hold item ids, .* got .'a'. at place 0"):
        excluded_rows([["a"]], CATALOGUE, people=None)
    with pytest.raises(DataError, match="exclude must be a sequence of item ids"):
        excluded_rows({"a", 3}, CATALOGUE, people=None)


def test_kinds_to_leave_out_are_named_in_a_list_that_knows_them():
    assert seen_kinds(np.False_, []) is False
    assert seen_kinds({"buy"}, ["view", "buy"]) == {"buy"}
    assert seen_kinds([], []) == frozenset()
    for word in ("buy", 1, None):
        with pytest.raises(DataError, match="must be True or False, or a list of kinds, got"):
            seen_kinds(word, ["buy"])
    with pytest.raises(DataError, match=r"'gift'; there are \['buy', 'view'\]$"):
        seen_kinds(["buy", "gift"], ["view", "buy", "view"])
    with pytest.raises(DataError, match="'buy'; the events have no kinds; use True or False"):
        seen_kinds(["buy"], [])


def test_events_that_count_are_all_or_of_the_kinds_that_are_named_or_declared():
    def counted(*asked) -> list[int]:
        return EVENTS.items[counted_events(EVENTS, *asked)].tolist()

    assert counted(True) == [0, 1, 2, 1]
    assert counted(False) == []
    assert counted(frozenset({"view"})) == [1]
    assert counted(frozenset({"buy", "return"})) == [0, 1]
    assert counted(True, EventKinds(("buy",), ("return",))) == [0, 1]
    assert counted(True, EventKinds((), ("return",))) == [0, 1, 2, 1]
    assert counted(frozenset({"view"}), EventKinds(("buy",))) == [1]


def test_own_events_are_all_of_the_first_row_and_of_no_kind_unless_told():
    own = OwnEvents.on(np.array([2, 0]))
    assert (own.rows.tolist(), own.kinds.tolist(), own.kind_names) == ([0, 0], [-1, -1], ())
    assert np.arange(3)[own.rows].tolist() == [0, 0]
