"""Histories from outside, in the rows of a model's own catalogue."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace

from metarec.contracts.catalogue import Catalogue
from metarec.contracts.errors import DataError, UnknownItemWarning, UnknownKindWarning
from metarec.contracts.event_kinds import EventKinds
from metarec.contracts.events import Event, EventLike
from metarec.contracts.histories import Histories, nested_events
from metarec.contracts.printing import counted
from metarec.contracts.vocabulary import forms_told
from metarec.contracts.wording import written


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
        unknown = columns.vocabulary[columns.items[~known]]
        warn_of_unknown([str(i) for i in unknown], catalogue)
    return aligned.keep(known)


def with_rating(event: Event) -> Event:
    """The event; raises DataError where no rating is told, which none could stand for."""
    if event.value is None:
        raise DataError(
            f"the model predicts ratings, so the event on {event.item!r} needs one: "
            + rated(event.item)
        )
    return event


def rated(item_id: str) -> str:
    """How an event with a rating is written."""
    return written(f"({item_id!r}, value)", f"{item_id}:value", 'the field "value"')


def warn_of_kinds(named: Iterable[str | None], met: Iterable[str], event_kinds: EventKinds) -> None:
    """Say that events of kinds that a model has not met count for their items.

    That may not be what was meant, where the shop says of some kinds that they do not.
    """
    if not event_kinds.negative:
        return
    known = {*met, *event_kinds.target, *event_kinds.negative}
    if strange := sorted({kind for kind in named if kind is not None} - known):
        warnings.warn(
            f"the model has met no event of the kinds {', '.join(map(repr, strange))}, which count "
            f"for their items; it knows {', '.join(map(repr, sorted(known)))}",
            UnknownKindWarning,
            stacklevel=4,
        )


def warn_of_unknown(ids: Sequence[str], catalogue: Catalogue) -> None:
    """Say that the events about these items were left out."""
    missing = sorted(set(ids))
    first = "add the items first"
    adding = written(first, f"{first} (metarec items add)", f"{first} (POST /v1/items)")
    remedy = forms_told(missing, catalogue.vocabulary) or f"{adding} to use them"
    warnings.warn(
        f"{counted(len(ids), 'event')} about {counted(len(missing), 'item')} outside the catalogue "
        f"were left out (such as {', '.join(missing[:3])}); {remedy}",
        UnknownItemWarning,
        stacklevel=4,
    )
