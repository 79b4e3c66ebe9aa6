"""One thing a person did."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metarec.contracts.errors import DataError


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a person did.

    `value` is the rating, or the weight of an implicit event; None where it is not told: an
    implicit event then weighs 1, and a model of ratings asks for it. `kind` names the sort of event
    (None: the only sort there is). `t` is a clock in seconds, or None: its place in the history.
    `context` holds what else is known of the moment, by column; `text` what the person wrote. No
    model reads these two yet; they are kept.
    """

    item: str
    value: float | None = None
    kind: str | None = None
    t: float | None = None
    context: Mapping[str, Any] | None = None
    text: str | None = None

    @classmethod
    def of(cls, raw: "EventLike") -> "Event":
        """The event that `raw` stands for: an Event, an item id, or a tuple in field order."""
        if isinstance(raw, Event):
            event = raw
        elif isinstance(raw, str):
            event = cls(raw)
        elif isinstance(raw, tuple | list) and 1 <= len(raw) <= 4:
            event = cls(*raw)
        else:
            raise DataError(
                "an event must be an item id, (id, value[, kind[, t]]) or metarec.Event, "
                f"got {raw!r}{as_string(raw)}"
            )
        event._check()
        return event

    def weighed(self) -> "Event":
        """The event with a value: 1 where none is told."""
        return replace(self, value=1.0) if self.value is None else self

    def _check(self) -> None:
        if not isinstance(self.item, str) or not self.item:
            raise DataError(
                f"an event's item must be a non-empty string, got {self.item!r}"
                + as_string(self.item)
            )
        if self.value is not None and not _is_finite(self.value):
            raise self._wrong("value", "must be a finite number", self.value)
        if self.t is not None and not _is_finite(self.t):
            raise self._wrong("time", "must be finite seconds", self.t)
        if self.kind is not None and not isinstance(self.kind, str):
            raise self._wrong("kind", "must be a string", self.kind)
        if self.context is not None and not isinstance(self.context, Mapping):
            raise self._wrong("context", "must map column names to values", self.context)
        if self.text is not None and not isinstance(self.text, str):
            raise self._wrong("text", "must be a string", self.text)

    def _wrong(self, part: str, expected: str, got: object) -> DataError:
        return DataError(f"the {part} of an event on item {self.item!r} {expected}, got {got!r}")


def as_string(one: object) -> str:
    """What to write for a number that stands where an id must; nothing for other values."""
    if isinstance(one, bool) or not isinstance(one, int | np.integer):
        return ""
    return f"; write it as in the shop, such as '{one}'"


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


EventLike = Event | str | tuple[Any, ...] | list[Any]
