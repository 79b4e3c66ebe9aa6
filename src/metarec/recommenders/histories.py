"""Histories from outside, in the rows of a model's own catalogue."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from jaxtyping import Int

from metarec.contracts import (
    Catalogue,
    DataError,
    Event,
    EventLike,
    Histories,
    UnknownItemWarning,
    nested_events,
    whole_number,
)


def align(
    histories: Histories | Sequence[Sequence[EventLike]],
    catalogue: Catalogue,
    *,
    warn: bool = True,
    rated: bool = False,
) -> Histories:
    """The histories with `items` as rows of `catalogue`; `rated` asks every event for its value.

    Events about items that the catalogue does not hold are left out, with a warning that names
    some of them: they say nothing that the model could use.
    """
    if rated and not isinstance(histories, Histories):
        histories = [[with_rating(event) for event in h] for h in nested_events(histories)]
    columns = Histories.of(histories)
    if columns.vocabulary == catalogue.vocabulary:
        return columns
    row = catalogue.index(columns.vocabulary)
    items = row[columns.items] if len(columns.items) else columns.items
    known = items >= 0
    aligned = replace(columns, vocabulary=catalogue.vocabulary, items=items)
    if known.all():
        return aligned
    if warn:
        warn_of_unknown([str(i) for i in columns.vocabulary[columns.items[~known]]])
    return aligned.keep(known)


def with_rating(event: Event) -> Event:
    """The event; raises DataError where no rating is told, which none could stand for."""
    if event.value is None:
        raise DataError(
            f"the model predicts ratings, so the event on {event.item!r} needs one: "
            f"({event.item!r}, value)"
        )
    return event


def warn_of_unknown(ids: Sequence[str]) -> None:
    """Say that the events about these items were left out."""
    missing = sorted(set(ids))
    warnings.warn(
        f"{len(ids)} events about {len(missing)} items outside the catalogue were left out (such "
        f"as {', '.join(missing[:3])}); add the items first to use them",
        UnknownItemWarning,
        stacklevel=4,
    )


def candidate_rows(
    candidates: Sequence[str] | None, catalogue: Catalogue
) -> Int[np.ndarray, " candidate"]:
    """Rows of the items that may be recommended: the named ones that are offered, or all offered.

    A named item that is unknown cannot be recommended, so it is left out with an
    `UnknownItemWarning`; a retired one without.
    """
    if candidates is None:
        return np.flatnonzero(catalogue.offered)
    ids = checked_ids("candidates", candidates)
    found = catalogue.index(ids)
    if n_unknown := int((found < 0).sum()):
        first = ids[int(np.argmax(found < 0))]
        warnings.warn(
            f"{n_unknown} of {len(found)} candidates are not in the catalogue and were left out, "
            f"the first is {first!r}",
            UnknownItemWarning,
            stacklevel=3,
        )
    rows: Int[np.ndarray, " candidate"] = np.unique(found[found >= 0])
    rows = rows[catalogue.offered[rows]]
    return rows


def checked_ids(name: str, ids: object) -> list[str]:
    """The item ids as a list; raises DataError where they are no sequence of strings."""
    if isinstance(ids, str | bytes) or not isinstance(ids, Sequence | np.ndarray | pl.Series):
        got = f"one string {ids!r}" if isinstance(ids, str | bytes) else type(ids).__name__
        raise DataError(f"{name} must be a sequence of item ids, such as a list, got {got}")
    listed = list(ids)
    for place, item_id in enumerate(listed):
        if not isinstance(item_id, str):
            raise DataError(
                f"{name} must hold item ids, which are strings, got {item_id!r} at place {place}"
            )
    return listed


def checked_flag(name: str, value: object) -> bool:
    """`value` as a bool; raises DataError for anything that is only taken for one."""
    if not isinstance(value, bool | np.bool_):
        raise DataError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def list_length(k: object, catalogue: Catalogue) -> int:
    """How many places a list has: `k`, and no more than there are items."""
    return min(whole_number("k", k), max(1, len(catalogue)))
