"""The few types that every room of metarec shares.

Outside, items and users are *ids* (strings). Inside, they are *indices* (rows of a vocabulary).
The two never share a name: `ids` are strings, `items` and `users` are indices.
"""

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, SupportsIndex, runtime_checkable

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

if TYPE_CHECKING:  # the ground imports nothing of ours at run time
    from metarec.data import Catalogue, Dataset, Episodes


class MetarecError(Exception):
    """Base of the errors a caller may want to catch."""


class DataError(MetarecError, ValueError):
    """The caller's data or argument is wrong; the message says where and what to do."""


class NotFittedError(MetarecError, RuntimeError):
    """The model was asked to recommend before `fit`."""


class UnsupportedError(MetarecError, TypeError):
    """The model cannot answer this kind of question by its nature."""


class UnknownItemWarning(UserWarning):
    """Events about items outside the catalogue, or candidates outside it, were left out."""


def whole_number(name: str, value: object, least: int = 1) -> int:
    """`value` as an int; raises DataError where it is another thing or below `least`."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise DataError(f"{name} must be a whole number of at least {least}, got {value!r}")
    number = operator.index(value)
    if number < least:
        raise DataError(f"{name} must be at least {least}, got {number}")
    return number


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a person did.

    `value` is the rating, or the weight of an implicit event. `kind` names the sort of event
    (None: the only sort there is). `t` is a clock in seconds, or None: its place in the history.
    """

    item: str
    value: float = 1.0
    kind: str | None = None
    t: float | None = None

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
                f"got {raw!r}"
            )
        if not isinstance(event.item, str) or not event.item:
            raise DataError(f"an event's item must be a non-empty string, got {event.item!r}")
        if not _is_finite(event.value):
            raise DataError(
                f"the value of an event on item {event.item!r} must be a finite number, "
                f"got {event.value!r}"
            )
        if event.t is not None and not _is_finite(event.t):
            raise DataError(
                f"the time of an event on item {event.item!r} must be finite seconds, "
                f"got {event.t!r}"
            )
        if event.kind is not None and not isinstance(event.kind, str):
            raise DataError(
                f"the kind of an event on item {event.item!r} must be a string, got {event.kind!r}"
            )
        return event


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and bool(np.isfinite(value))


def _check_rows(profiles: object, people: int) -> None:
    if profiles is None:
        return
    if not isinstance(profiles, pl.DataFrame):
        raise DataError(f"profiles must be a Polars DataFrame, got {type(profiles).__name__}")
    if len(profiles) != people:
        raise DataError(f"profiles need one row for each history, got {len(profiles)} for {people}")


EventLike = Event | str | tuple[Any, ...] | list[Any]


def vocabulary_of(ids: Iterable[str]) -> NDArray[np.object_]:
    """The ids as a one-dimensional array of Python strings (row = index)."""
    listed = list(ids)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


@dataclass(frozen=True, eq=False)
class Histories:
    """Many histories as columns: the events of history `h` are rows `offsets[h]:offsets[h + 1]`.

    Events stand in order of time, oldest first. `items` are rows of `vocabulary`. `times` are
    clocks in seconds or NaN where an event has only its place; `kinds` are rows of `kind_names`,
    or -1 where no kind was given.
    """

    vocabulary: NDArray[np.object_]
    items: Int[np.ndarray, " event"]
    values: Float[np.ndarray, " event"]
    times: Float[np.ndarray, " event"]
    offsets: Int[np.ndarray, " history+1"]
    kinds: Int[np.ndarray, " event"]
    kind_names: tuple[str, ...] = ()
    user_ids: NDArray[np.object_] | None = None
    profiles: pl.DataFrame | None = None

    @classmethod
    def of(
        cls,
        histories: "Histories | Sequence[Sequence[EventLike]]",
        profiles: pl.DataFrame | None = None,
    ) -> "Histories":
        """Columns from one sequence of events a person (see `Event.of`), in order of time."""
        if isinstance(histories, Histories):
            _check_rows(profiles, len(histories))
            return histories if profiles is None else replace(histories, profiles=profiles)
        if isinstance(histories, str | bytes) or not isinstance(histories, Sequence):
            raise DataError(
                "histories must be a sequence with one sequence of events for each person, "
                f"got {type(histories).__name__}"
            )
        _check_rows(profiles, len(histories))
        for position, history in enumerate(histories):
            if isinstance(history, str | bytes | Event) or not isinstance(history, Sequence):
                raise DataError(
                    f"history {position} must be a sequence of events, got {history!r}; "
                    "for one person pass [events]"
                )
        nested = [[Event.of(raw) for raw in history] for history in histories]
        events = [event for history in nested for event in history]
        row_of: dict[str, int] = {}
        items = [row_of.setdefault(event.item, len(row_of)) for event in events]
        kind_row: dict[str, int] = {}
        kinds = [
            -1 if e.kind is None else kind_row.setdefault(e.kind, len(kind_row)) for e in events
        ]
        times = [np.nan if event.t is None else float(event.t) for event in events]
        return cls(
            vocabulary=vocabulary_of(row_of),
            items=np.array(items, dtype=np.int64),
            values=np.array([float(event.value) for event in events], dtype=np.float64),
            times=np.array(times, dtype=np.float64),
            offsets=np.cumsum([0] + [len(history) for history in nested], dtype=np.int64),
            kinds=np.array(kinds, dtype=np.int64),
            kind_names=tuple(kind_row),
            profiles=profiles,
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

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

    def events(self, history: int) -> list[Event]:
        """One history as a list of events."""
        start, stop = self.offsets[history], self.offsets[history + 1]
        return [
            Event(
                str(self.vocabulary[self.items[e]]),
                float(self.values[e]),
                None if self.kinds[e] < 0 else self.kind_names[self.kinds[e]],
                None if np.isnan(self.times[e]) else float(self.times[e]),
            )
            for e in range(start, stop)
        ]

    def keep(self, mask: Bool[np.ndarray, " event"]) -> "Histories":
        """The same histories with only the events where `mask` is true."""
        lengths = np.bincount(self.rows[mask], minlength=len(self))
        return replace(
            self,
            items=self.items[mask],
            values=self.values[mask],
            times=self.times[mask],
            kinds=self.kinds[mask],
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        )

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
            self,
            items=self.items[events],
            values=self.values[events],
            times=self.times[events],
            kinds=self.kinds[events],
            offsets=np.concatenate([[0], ends]).astype(np.int64),
            user_ids=None if self.user_ids is None else self.user_ids[chosen],
            profiles=None if self.profiles is None else self.profiles[chosen],
        )


@dataclass(frozen=True, eq=False)
class Recommendations:
    """Ranked items, best first: for one person (` rank`), or for many (`history rank`).

    `items` are rows of `vocabulary`, -1 where fewer than k items could be scored; there `scores`
    and `stds` are NaN. `stds` are NaN throughout for a model that does not know its uncertainty.
    """

    vocabulary: NDArray[np.object_] = field(repr=False)
    items: Int[np.ndarray, "*history rank"]
    scores: Float[np.ndarray, "*history rank"]
    stds: Float[np.ndarray, "*history rank"]

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """Item ids in the shape of `items`, None where there is no item."""
        if len(self.vocabulary) == 0:
            return np.full(self.items.shape, None, dtype=object)
        found = self.vocabulary[np.maximum(self.items, 0)]
        found[self.items < 0] = None
        return found

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, history: int) -> "Recommendations":
        """One person's list out of many, without the empty places at its end."""
        if self.items.ndim != 2:
            raise TypeError("these recommendations belong to one person; use .ids and .scores")
        filled = self.items[history] >= 0
        return Recommendations(
            self.vocabulary,
            self.items[history][filled],
            self.scores[history][filled],
            self.stds[history][filled],
        )

    def to_frame(self) -> pl.DataFrame:
        """Columns [history,] rank (from 1), item_id, score, std; empty places left out."""
        items = np.atleast_2d(self.items)
        rows, ranks = np.nonzero(items >= 0)
        columns = {
            "history": rows,
            "rank": ranks + 1,
            "item_id": np.atleast_2d(self.ids)[rows, ranks].tolist(),
            "score": np.atleast_2d(self.scores)[rows, ranks],
            "std": np.atleast_2d(self.stds)[rows, ranks],
        }
        frame = pl.DataFrame(columns, schema_overrides={"item_id": pl.String})
        return frame if self.items.ndim == 2 else frame.drop("history")


@dataclass(frozen=True, eq=False)
class Predictions:
    """Scores of named (history, item) pairs, NaN in place where the model cannot answer.

    `stds` is the standard deviation of the expected value, `predictive_stds` of what would be
    observed (noise included); both NaN for a model that does not know its uncertainty.
    """

    scores: Float[np.ndarray, " pair"]
    stds: Float[np.ndarray, " pair"]
    predictive_stds: Float[np.ndarray, " pair"]


@runtime_checkable
class Recommender(Protocol):
    """Histories in, ranked items out. Every model of metarec answers this."""

    serves_new_users: bool
    """False if the model cannot serve a person who was not in training by itself."""
    has_uncertainty: bool
    """True if `stds` are more than NaN."""

    @property
    def predicts_ratings(self) -> bool:
        """True if the scores are on the scale of the ratings, and not only an order."""
        ...

    @property
    def catalogue(self) -> "Catalogue":
        """The items that the fitted model can rank."""
        ...

    def fit(self, train: "Dataset", valid: "Episodes | None" = None, *, rng: int = 0) -> Self:
        """A fitted copy; `self` stays as it was. `valid` may be used for early stopping."""
        ...

    def score(
        self, histories: "Histories | Sequence[Sequence[EventLike]]", ids: Sequence[str]
    ) -> Float[np.ndarray, "history item"]:
        """The score of each named item for each history; NaN in place where unknown."""
        ...

    def predict(self, histories: Histories, query: Histories) -> Predictions:
        """Scores of each history's own query items, one a query event, in its order."""
        ...

    def recommend(
        self,
        histories: "Histories | Sequence[Sequence[EventLike]]",
        k: int = 10,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[str] | None = None,
    ) -> Recommendations:
        """The `k` best items of each history; what cannot be scored is never recommended."""
        ...

    def save(self, path: str | Path) -> None:
        """Write the model to a folder; nothing in it is ever unpickled."""
        ...


class Encoder(Protocol):
    """Content to vectors."""

    @property
    def fingerprint(self) -> str:
        """Names the encoder and everything that changes its vectors."""
        ...

    def encode(self, frame: pl.DataFrame, *, progress: bool = False) -> Float[np.ndarray, "row d"]:
        """One vector a row of `frame` (an item table), float32."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """What is needed to build the encoder again, as JSON values."""
        ...
