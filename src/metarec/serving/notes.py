"""What a model warns of while it answers, as notes in that answer and in no other."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from metarec.contracts import (
    AlikeItemWarning,
    MissingValueWarning,
    UnknownItemWarning,
    UnknownKindWarning,
)
from metarec.encoders.columns import UnusedColumnWarning

KINDS = (
    *(AlikeItemWarning, MissingValueWarning, UnknownItemWarning, UnknownKindWarning),
    UnusedColumnWarning,
)
_NOTES: ContextVar[list[str] | None] = ContextVar("notes", default=None)


def hear_warnings() -> None:
    """Let the warnings of metarec reach the request that they are about.

    Python keeps one list of filters for all threads, so catching them request by request would mix
    them up; what shows them is called in the thread that warns.
    """
    for kind in KINDS:
        warnings.filterwarnings("always", category=kind)
    before = warnings.showwarning
    if getattr(before, "hears_notes", False):
        return

    def show(message: Warning | str, category: type[Warning], *rest: object) -> None:
        notes = _NOTES.get()
        if notes is not None and issubclass(category, KINDS):
            notes.append(str(message))
        else:
            before(message, category, *rest)  # type: ignore[arg-type]

    show.hears_notes = True  # type: ignore[attr-defined]
    warnings.showwarning = show  # type: ignore[assignment]


@contextmanager
def noted() -> Iterator[list[str]]:
    """The warnings of what runs inside, in this thread."""
    notes: list[str] = []
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)
