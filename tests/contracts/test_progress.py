"""A pipe gets a line a minute and no bar."""

import pytest

from metarec.contracts import progress


def test_a_pipe_gets_a_line_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    moments = iter([0.0, 30.0, 61.0, 90.0, 150.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(moments))
    with progress.progress_of("counting", 2000, show=True) as advance:
        for done, what in ((100, None), (1200, None), (1300, None), (2000, "checking")):
            advance(done, what)
    assert capsys.readouterr().err.splitlines() == [
        "counting: 1,200 of 2,000 after 1 min",
        "checking: 2,000 of 2,000 after 2 min",
    ]


def test_nothing_is_told_unasked_and_every_item_comes(capsys: pytest.CaptureFixture[str]):
    assert list(progress.tracked("abc", "spelling", show=False)) == ["a", "b", "c"]
    assert list(progress.tracked(iter("abc"), "spelling", show=True)) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")
