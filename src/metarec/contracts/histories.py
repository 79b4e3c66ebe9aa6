"""Many histories as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int, Shaped
from numpy.typing import NDArray

from metarec.contracts.errors import DataError
from metarec.contracts.events import Event, EventLike
from metarec.contracts.printing import counted, listed
from metarec.contracts.vocabulary import Vocabulary

TEXT = "text"
"""The column of `Histories.details` that holds what a person wrote."""


@dataclass(frozen=True, eq=False, repr=False)
class Histories:
    """Many histories as columns: the events of history `h` are rows `offsets[h]:offsets[h + 1]`.

    Events stand in order of time, oldest first. `items` are rows of `vocabulary`. `times` are
    clocks in seconds or NaN where an event has only its place; `kinds` are rows of `kind_names`,
    or -1 where no kind was given.
    """

    vocabulary: Vocabulary
    items: Int[np.ndarray, " event"]
    values: Float[np.ndarray, " event"]
    times: Float[np.ndarray, " event"]
    offsets: Int[np.ndarray, " history+1"]
    kinds: Int[np.ndarray, " event"]
    kind_names: tuple[str, ...] = ()
    user_ids: NDArray[np.object_] | None = None
    profiles: pl.DataFrame | None = None
    details: pl.DataFrame | None = None
    """What else is known of each event: a column `text`, and those of its context; row = event."""

    @classmethod
    def of(
        cls,
        histories: "Histories | Sequence[Sequence[EventLike]]",
        profiles: pl.DataFrame | None = None,
    ) -> "Histories":
        """Columns from one sequence of events a person (see `Event.of`), in order of time.

        An event without a value weighs 1.
        """
        if isinstance(histories, Histories):
            _check_rows(profiles, len(histories))
            return histories if profiles is None else replace(histories, profiles=profiles)
        nested = nested_events(histories)
        _check_rows(profiles, len(nested))
        events = [event.weighed() for history in nested for event in history]
        row_of: dict[str, int] = {}
        items = [row_of.setdefault(event.item, len(row_of)) for event in events]
        kind_row: dict[str, int] = {}
        kinds = [
            -1 if e.kind is None else kind_row.setdefault(e.kind, len(kind_row)) for e in events
        ]
        times = [np.nan if event.t is None else float(event.t) for event in events]
        return cls(
            vocabulary=Vocabulary.of(row_of),
            items=np.array(items, dtype=np.int64),
            values=np.array([event.value for event in events], dtype=np.float64),
            times=np.array(times, dtype=np.float64),
            offsets=np.cumsum([0] + [len(history) for history in nested], dtype=np.int64),
            kinds=np.array(kinds, dtype=np.int64),
            kind_names=tuple(kind_row),
            profiles=profiles,
            details=details_of(events),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        parts = {
            "kinds": self.kind_names,
            "profiles": [] if self.profiles is None else self.profiles.columns,
            "details": [] if self.details is None else self.details.columns,
        }
        told = [
            counted(len(self), "history", "histories"),
            counted(len(self.items), "event"),
            f"on {counted(len(self.vocabulary), 'item')}",
        ]
        known = [f"; {name}: {listed(names)}" for name, names in parts.items() if len(names)]
        return f"Histories({', '.join(told)}{''.join(known)})"

    @cached_property
    def lengths(self) -> Int[np.ndarray, " history"]:
        """Number of events of each history."""
        return np.diff(self.offsets)

    @cached_property
    def rows(self) -> Int[np.ndarray, " event"]:
        """The history that each event belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def places(self) -> Int[np.ndarray, " event"]:
        """Each event's place in its own history, from 0 (oldest)."""
        return np.arange(len(self.items)) - np.repeat(self.offsets[:-1], self.lengths)

    def padded(
        self, column: Shaped[np.ndarray, " event"], fill: float | int | bool
    ) -> Shaped[np.ndarray, "history place"]:
        """One value an event as one row a history, `fill` behind its newest event."""
        table = np.full((len(self), int(self.lengths.max(initial=0))), fill, dtype=column.dtype)
        table[self.rows, self.places] = column
        return table

    @property
    def present(self) -> Bool[np.ndarray, "history place"]:
        """Where `padded` holds an event and no filling."""
        return np.arange(self.lengths.max(initial=0)) < self.lengths[:, None]

    def events(self, history: int) -> list[Event]:
        """One history as a list of events."""
        start, stop = self.offsets[history], self.offsets[history + 1]
        details: list[dict[str, Any]] = [{}] * (stop - start)
        if self.details is not None:
            details = self.details[start:stop].to_dicts()
        return [
            Event(
                str(self.vocabulary[self.items[e]]),
                float(self.values[e]),
                None if self.kinds[e] < 0 else self.kind_names[self.kinds[e]],
                None if np.isnan(self.times[e]) else float(self.times[e]),
                {k: v for k, v in known.items() if k != TEXT and v is not None} or None,
                known.get(TEXT),
            )
            for e, known in zip(range(start, stop), details, strict=True)
        ]

    def at(self, events: Int[np.ndarray, " chosen"] | Bool[np.ndarray, " event"]) -> Self:
        """The columns of the chosen events alone; their histories are the caller's to tell."""
        return replace(
            self,
            items=self.items[events],
            values=self.values[events],
            times=self.times[events],
            kinds=self.kinds[events],
            details=None if self.details is None else self.details[_rows(events)],
        )

    def permuted(self, order: Int[np.ndarray, " event"]) -> Self:
        """The same histories with their events in another order, which keeps each in its own."""
        return self.at(order)

    def keep(self, mask: Bool[np.ndarray, " event"]) -> "Histories":
        """The same histories with only the events where `mask` is true."""
        lengths = np.bincount(self.rows[mask], minlength=len(self))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return replace(self.at(mask), offsets=offsets)

    def first(self, k: int) -> "Histories":
        """The oldest `k` events of each history."""
        return self.keep(self.places < k)

    def last(self, k: int) -> "Histories":
        """The newest `k` events of each history."""
        return self.keep(self.places >= np.repeat(self.lengths, self.lengths) - k)

    def take(self, histories: Int[np.ndarray, " chosen"] | slice) -> "Histories":
        """The chosen histories, in the order given."""
        chosen = np.arange(len(self))[histories]
        lengths = self.lengths[chosen]
        starts = np.repeat(self.offsets[chosen], lengths)
        ends = np.cumsum(lengths)
        events = starts + np.arange(len(starts)) - np.repeat(ends - lengths, lengths)
        return replace(
            self.at(events),
            offsets=np.concatenate([[0], ends]).astype(np.int64),
            user_ids=None if self.user_ids is None else self.user_ids[chosen],
            profiles=None if self.profiles is None else self.profiles[chosen],
        )


def nested_events(histories: Sequence[Sequence[EventLike]]) -> list[list[Event]]:
    """One list of checked events a person; raises DataError where the nesting is another."""
    if isinstance(histories, str | bytes) or not isinstance(histories, Sequence):
        raise DataError(
            "histories must be a sequence with one sequence of events for each person, "
            f"got {type(histories).__name__}"
            + ("; its histories are .histories" if hasattr(histories, "histories") else "")
        )
    for position, history in enumerate(histories):
        if isinstance(history, str | bytes | Event) or not isinstance(history, Sequence):
            raise DataError(
                f"history {position} must be a sequence of events, got {history!r}; "
                "for one person pass [events]"
            )
    return [[Event.of(raw) for raw in history] for history in histories]


def details_of(events: Sequence[Event]) -> pl.DataFrame | None:
    """Text and context of the events, one row each; None where no event has any."""
    if all(event.text is None and event.context is None for event in events):
        return None
    rows = [{**(event.context or {}), TEXT: event.text} for event in events]
    if any(event.context and TEXT in event.context for event in events):
        raise DataError(f"an event's context may not have a column {TEXT!r}; give it as text=")
    try:
        return pl.DataFrame(rows, infer_schema_length=None)
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise DataError(f"the events' contexts do not fit into columns: {error}") from error


def _rows(events: np.ndarray) -> Int[np.ndarray, " chosen"]:
    return np.flatnonzero(events) if events.dtype == bool else events


def _check_rows(profiles: object, people: int) -> None:
    if profiles is None:
        return
    if not isinstance(profiles, pl.DataFrame):
        raise DataError(f"profiles must be a Polars DataFrame, got {type(profiles).__name__}")
    if len(profiles) != people:
        raise DataError(f"profiles need one row for each history, got {len(profiles)} for {people}")
