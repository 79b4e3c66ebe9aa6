"""An event keeps what is known of the moment, through histories and back."""

import pytest

from metarec.contracts import DataError, Event, Histories


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
    with pytest.raises(DataError, match=said):
        Histories.of([[event]])
