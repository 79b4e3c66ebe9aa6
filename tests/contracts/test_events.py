"""An event keeps what is known of the moment, through histories and back."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from metarec.contracts import DataError, Event, Histories
from metarec.contracts.episodes import joined
from metarec.contracts.events import as_string


def test_context_and_text_come_back_from_columns():
    spoken = Event("a", 4.0, context={"device": "phone", "hour": 7}, text="fine")
    plain, silent = Event("b", 2.0, "view", 3.0), Event("a", 1.0, context={"device": "desk"})
    histories = Histories.of([[plain, spoken], [silent]])
    assert histories.events(0) == [plain, spoken]
    assert histories.events(1) == [silent]
    assert histories.take([1, 0]).events(1) == [plain, spoken]
    assert histories.last(1).events(0) == [spoken]
    assert histories.keep(histories.values > 1.5).events(1) == []


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event("a", context=3), "the context of an event on item 'a' must map"),  # type: ignore[arg-type]
        (Event("a", text=3), "the text of an event on item 'a' must be a string"),  # type: ignore[arg-type]
        (Event("a", True), "must be a finite number, got True"),
        (Event("a", 1.0, context={"text": "x"}), "give it as text="),
    ],
)
def test_what_is_no_context_is_refused(event: Event, said: str):
    for histories in ([[event]], [["b"], ["c", event]]):
        with pytest.raises(DataError, match=said):
            Histories.of(histories)


BEYOND = 10**400
"""A whole number that no float can hold."""


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (("a", BEYOND), "the value of an event on item 'a' must be a finite number, got 1000"),
        (("a", -BEYOND), "must be a finite number"),
        (("a", 1.0, None, BEYOND), "the time of an event on item 'a' must be finite seconds"),
        (("a", float("nan")), "must be a finite number, got nan"),
        (("a", np.float32("inf")), "must be a finite number"),
        (("a", "5"), "must be a finite number, got '5'"),
        (("a", Fraction(1, 2)), "must be a finite number"),
        (("a", 1.0, None, True), "must be finite seconds, got True"),
        (("a", 1.0, 3), "the kind of an event on item 'a' must be a string, got 3"),
        ((3,), "an event's item must be a non-empty string, got 3"),
        ("", "an event's item must be a non-empty string, got ''"),
        ((), "an event must be an item id"),
        (("a", 1.0, None, 2.0, {}), "an event must be an item id"),
    ],
)
def test_what_is_no_event_is_refused(raw: Any, said: str):
    with pytest.raises(DataError, match=said):
        Event.of(raw)


@pytest.mark.parametrize(
    "number", [np.float64(2), np.float32(2), np.float16(2), np.int8(2), 2, 2.0]
)
def test_every_number_counts_as_one(number: Any):
    event = Event.of(("a", number, None, number))
    assert Histories.of([[event]]).events(0) == [Event("a", 2.0, None, 2.0)]


def test_joined_histories_keep_what_each_part_knows():
    spoken = Histories.of([[Event("a", 1.0, "buy", text="fine", context={"hour": 7})], []])
    parts = [
        Histories.of([[("a", 1.0, "view"), "a", ("a", 1.0, "buy")]]),
        spoken,
        Histories.of([[Event("a", context={"tv": True})]]),
    ]
    together = joined(parts)
    assert [e for h in range(4) for e in together.events(h)] == [
        e for part in parts for h in range(len(part)) for e in part.events(h)
    ]
    assert joined([parts[0], parts[0]]).details is None


def test_only_a_number_that_stands_for_an_id_is_told_as_text() -> None:
    assert as_string(7) == as_string(np.int64(7)) == "; write it as in the shop, such as '7'"
    assert [as_string(one) for one in (True, "7", 7.0, None)] == [""] * 4
