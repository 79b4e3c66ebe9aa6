"""Which events are foretold, had, refused and support, by what a shop declares of kinds."""

import numpy as np
import pytest

from metarec.contracts import Episodes, EventKinds, Histories

LOG = [
    [("a", 1.0, "buy"), ("b", 1.0, "view"), ("c", 1.0, "hide"), ("d", 1.0)],
    [("a", 1.0, "hide")],
]
HISTORIES = Histories.of(LOG)


@pytest.mark.parametrize(
    ("kinds", "foretold", "refused", "had"),
    [
        (EventKinds(), "abcda", "", "abcda"),
        (EventKinds(("buy",)), "a", "", "a"),
        (EventKinds(("buy", "view")), "ab", "", "ab"),
        (EventKinds((), ("hide",)), "abd", "ca", "abcda"),
        (EventKinds(("buy",), ("hide",)), "a", "ca", "aca"),
        (EventKinds(("order",), ("return",)), "", "", ""),
    ],
)
def test_kinds_say_what_an_event_is(kinds: EventKinds, foretold: str, refused: str, had: str):
    def items(found: Histories) -> str:
        return "".join(event.item for person in range(2) for event in found.events(person))

    assert items(HISTORIES.keep(kinds.foretold(HISTORIES))) == foretold
    assert items(HISTORIES.keep(kinds.refused(HISTORIES))) == refused
    assert items(HISTORIES.keep(kinds.is_had(HISTORIES))) == had
    assert items(kinds.had(HISTORIES)) == had
    kept = HISTORIES.keep(~np.isin(np.arange(5), [2, 4])) if "hide" in kinds.negative else HISTORIES
    assert items(kinds.support(HISTORIES)) == items(kept)
    episodes = Episodes(HISTORIES, HISTORIES)
    asked = kinds.asked(episodes)
    assert items(asked.query) == foretold
    assert asked.support is HISTORIES
    assert len(asked) == 2
