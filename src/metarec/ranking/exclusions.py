"""What a person is not shown: named items, and what they had."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Catalogue, DataError, Filters
from metarec.contracts.event_kinds import ANY_KIND, EventKinds
from metarec.contracts.wording import argument, written
from metarec.ranking.candidates import (
    checked_flag,
    checked_ids,
    found_rows,
    in_some_order,
)

NOUN = "excluded items"


class Had(Protocol):
    """The events of some people, as columns; `metarec.contracts.Histories` is one."""

    @property
    def rows(self) -> Int[np.ndarray, " event"]:
        """Whose each event is."""
        ...

    @property
    def items(self) -> Int[np.ndarray, " event"]:
        """Rows of the catalogue."""
        ...

    @property
    def kinds(self) -> Int[np.ndarray, " event"]:
        """Rows of `kind_names`, -1 where none was given."""
        ...

    @property
    def kind_names(self) -> tuple[str, ...]:
        """The kinds of events."""
        ...

    @property
    def times(self) -> Float[np.ndarray, " event"]:
        """When each event was, NaN where none was told."""
        ...


@dataclass(frozen=True, eq=False)
class OwnEvents:
    """The events of one person."""

    items: Int[np.ndarray, " event"]
    kinds: Int[np.ndarray, " event"]
    kind_names: tuple[str, ...] = ()
    dated: Float[np.ndarray, " event"] | None = None
    """When each event was; None: nobody told."""

    @classmethod
    def on(cls, items: Int[np.ndarray, " event"]) -> "OwnEvents":
        """Events of no kind on these rows of the catalogue."""
        return cls(items, np.full(len(items), -1))

    @property
    def times(self) -> Float[np.ndarray, " event"]:
        """When each event was, NaN where none was told."""
        return np.full(len(self.items), np.nan) if self.dated is None else self.dated

    @property
    def rows(self) -> Int[np.ndarray, " event"]:
        """0 for each event."""
        return np.zeros(len(self.items), dtype=np.int64)


def excluding_seen(filters: Filters, shows_seen: bool) -> object:
    """What the caller says of `exclude_seen`, or what a model does that `shows_seen` or not."""
    asked = filters.get("exclude_seen")
    return not shows_seen if asked is None else asked


def seen_kinds(exclude_seen: object, known: Iterable[str]) -> bool | frozenset[str]:
    """True or False, or the kinds of events whose items are left out; an unknown one is refused."""
    if isinstance(exclude_seen, str) or not isinstance(exclude_seen, Collection):
        if isinstance(exclude_seen, bool | np.bool_):
            return checked_flag("exclude_seen", exclude_seen)
        raise DataError(
            f"exclude_seen must be True or False, or a list of kinds, got {exclude_seen!r}"
        )
    asked, kinds = list(exclude_seen), sorted(set(known))
    for kind in asked:
        if kind not in kinds:
            flags = (
                "True or False",
                "--exclude-seen or --no-exclude-seen",
                "exclude_seen: true or false",
            )
            either = written(*flags)
            told = f"there are {kinds}" if kinds else f"the events have no kinds; use {either}"
            name = written("exclude_seen", "--exclude-kinds", "exclude_kinds")
            raise DataError(f"{name} names the kind {kind!r}; {told}")
    return frozenset(asked)


def counted_events(
    events: Had,
    seen: bool | frozenset[str],
    event_kinds: EventKinds = ANY_KIND,
    since: float | None = None,
) -> Bool[np.ndarray, " event"] | slice:
    """The events whose items are not shown again: of these kinds, and not before `since`."""
    if since is not None:
        every = np.zeros(len(events.items), dtype=bool)
        every[counted_events(events, seen, event_kinds)] = True
        return every & ~(events.times < since)
    if seen is True:
        return event_kinds.is_had(events) if event_kinds.target else slice(None)
    if seen is False:
        return slice(0)
    named = [kind in seen for kind in events.kind_names] + [False]  # row -1: no kind
    return np.array(named)[events.kinds]


@dataclass(frozen=True, eq=False)
class Exclusions:
    """Items that single people are not shown: those of person h are `items[offsets[h]:...]`."""

    items: Int[np.ndarray, " excluded"]
    offsets: Int[np.ndarray, " person+1"]

    def of(self, first: int, people: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and items of a table of `people` people, the first of whom is number `first`."""
        offsets = self.offsets[first : first + people + 1]
        rows = np.repeat(np.arange(people), np.diff(offsets))
        return rows, self.items[offsets[0] : offsets[-1]]


def excluded_rows(
    exclude: Any, catalogue: Catalogue, people: int | None
) -> Exclusions | np.ndarray:
    """Rows of the catalogue that nobody is shown, or a list for each of `people`.

    `people` is None for one person alone, who can have one list only.
    """
    nested = people is not None and is_nested(exclude)
    if not nested:
        return found_rows(argument("exclude"), in_some_order(exclude), catalogue, noun=NOUN)
    lists = [
        checked_ids(f"exclude, person {h},", in_some_order(ids)) for h, ids in enumerate(exclude)
    ]
    if len(lists) != people:
        raise DataError(
            f"exclude must be one list of item ids, or one for each of {people} people, got "
            f"{len(lists)} lists"
        )
    lengths = [len(ids) for ids in lists]
    flat = [item_id for ids in lists for item_id in ids]
    found = found_rows("exclude", flat, catalogue, noun=NOUN, keep=True)
    owners = np.repeat(np.arange(people), lengths)[found >= 0]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=people))])
    return Exclusions(found[found >= 0], offsets)


def is_nested(exclude: object) -> bool:
    """True for a list of items for each person."""
    if isinstance(exclude, str) or not isinstance(exclude, Sequence) or not len(exclude):
        return False
    return not isinstance(exclude[0], str) and isinstance(exclude[0], Collection)
