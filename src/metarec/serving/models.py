"""The model that answers: a saved folder, and what changed in its catalogue since."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from metarec.contracts import Catalogue, DataError, Recommender
from metarec.contracts.availability import FROM, UNTIL, WINDOW
from metarec.contracts.printing import counted, listed
from metarec.files.model_card import read_card
from metarec.files.tensors import sharing_arrays
from metarec.meta import load_model
from metarec.meta.abilities import FollowsItems, following
from metarec.serving.store import Store
from metarec.serving.store.changes import (
    Activation,
    ItemChange,
    Verb,
    activation_of,
    changes_between,
)
from metarec.serving.store.people import newest_of

Rows = Sequence[dict[str, Any]]
RESERVED = ("item_id", "offered", *WINDOW)
"""Columns of items that every catalogue may have."""
UNKNOWN: dict[Verb, str] = {
    "retire": "it stands in no list, so leave it out, or look up how its id is written"
}
"""What to do about an item that is not there, where adding it is not the remedy."""
ItemsOf = Literal["store", "model"]
"""Whose items count: the model's with the changes told to the service, or the model's alone."""


@dataclass(frozen=True, eq=False)
class Served:
    """A model with the item changes up to one of a number."""

    model: Recommender
    activation: Activation
    change: int

    @property
    def version(self) -> str:
        """Names the folder by its hash, and the item changes that were made since."""
        return f"{self.activation.hash[:12]}+{self.change}"


def hash_of_model(folder: str | Path) -> str:
    """The hash that a model folder's card has of itself."""
    return str(read_card(folder)["hash"])


def loaded(activation: Activation) -> Served:
    """The model of a folder as it was saved; raises DataError where another one stands there.

    Processes share its arrays: they stay the file's own, also where the folder is replaced.
    """
    with sharing_arrays():
        model = load_model(activation.folder)
    if (found := hash_of_model(activation.folder)) != activation.hash:
        raise DataError(
            f"{activation.folder} holds another model ({found[:12]}) than the one that was put in "
            f"service ({activation.hash[:12]}); put it in service as a new one"
        )
    return Served(model, activation, activation.items_after)


def brought_up(served: Served, changes: Sequence[ItemChange]) -> Served:
    """The model after these item changes."""
    model: Recommender = served.model
    for change in changes:
        model = changed(model, change.verb, change.rows)
    return replace(served, model=model, change=changes[-1].number) if changes else served


def active_model(store: Store) -> Served | None:
    """The model that answers, with every item change; None where none was put in service."""
    with store.database.reading() as connection:
        activation = activation_of(connection)
    if activation is None:
        return None
    with store.database.reading() as connection:
        changes = changes_between(connection, activation.items_after, 2**62)
    return brought_up(loaded(activation), changes)


def prepared(store: Store, folder: str | Path, items: ItemsOf = "store") -> Served:
    """The model of a folder with the items of the store, as it would answer in its service."""
    with store.database.reading() as connection:
        newest, before = newest_of(connection)[1], activation_of(connection)
    after = newest if items == "model" else before.items_after if before else 0
    served = loaded(Activation(0, str(folder), hash_of_model(folder), after))
    with store.database.reading() as connection:
        return brought_up(served, changes_between(connection, after, newest))


def changed(model: Recommender, verb: Verb, rows: Rows) -> Recommender:
    """The model after one change that was made of it, or of an older one.

    What an older model lacked and this one has is updated, and what this one lacks besides is left
    out: the change was checked by `check_change` when it was made.
    """
    follows = following(model)
    known = model.catalogue.index([row["item_id"] for row in rows]) >= 0
    ours = [row for row, is_known in zip(rows, known, strict=True) if is_known]
    if verb in ("retire", "restore"):
        ids = [row["item_id"] for row in ours]
        return follows.retire_items(ids) if verb == "retire" else follows.restore_items(ids)
    if ours:
        follows = _updated(follows, ours, widen=verb == "widen")
    new = [row for row, is_known in zip(rows, known, strict=True) if not is_known]
    if verb == "add" and new:
        return follows.add_items(frame_of(new))
    return follows


def check_change(model: Recommender, verb: Verb, rows: Rows) -> None:
    """Refuse a change of items that the model has already, lacks, or has no such columns of."""
    catalogue = following(model).catalogue
    ids = check_once(rows)
    known = catalogue.index(ids) >= 0
    if verb == "add" and known.any():
        raise DataError(
            f"{counted(int(known.sum()), 'item')} in the catalogue already, such as "
            f"{ids[int(np.argmax(known))]!r}; update it instead"
        )
    if verb != "add" and not known.all():
        raise DataError(
            f"{counted(int((~known).sum()), 'item')} not in the catalogue, such as "
            f"{ids[int(np.argmin(known))]!r}; {UNKNOWN.get(verb, 'add it first')}"
        )
    check_columns(catalogue, verb, rows)
    check_numbers(catalogue, rows)
    check_windows(catalogue, rows)


def check_columns(catalogue: Catalogue, verb: Verb, rows: Rows) -> None:
    """Refuse columns that the items have not: they would have them for good. Items of which ids
    alone are known take those of the first that are added."""
    if verb == "add" and not set(catalogue.frame.columns) - set(WINDOW):
        return
    columns = {*RESERVED, *catalogue.frame.columns}
    if unknown := sorted({name for row in rows for name in row} - columns):
        raise DataError(
            f"the items have no column {listed(unknown)}; they have {listed(sorted(columns), 50)}. "
            "A snapshot of all items (PUT /v1/items) may bring a new one"
        )


def check_numbers(catalogue: Catalogue, rows: Rows) -> None:
    """Refuse true and false in columns of numbers, which a table would make 1 and 0."""
    numbers = [name for name, kind in catalogue.frame.schema.items() if kind.is_numeric()]
    for row in rows:
        for name in numbers:
            if isinstance(row.get(name), bool):
                raise DataError(
                    f"item {row['item_id']!r}: {name} must be a number, or null where none is "
                    f"known; got {str(row[name]).lower()}"
                )


def check_windows(catalogue: Catalogue, rows: Rows) -> None:
    """Refuse windows in which there is no moment, with the end that an item has already."""
    for row in rows:
        told = [name for name in WINDOW if row.get(name) is not None]
        at = catalogue.row_of.get(row["item_id"]) if told else None
        ends = dict.fromkeys(WINDOW)
        if at is not None:
            ends |= {n: catalogue.frame[n][at] for n in WINDOW if n in catalogue.frame.columns}
        ends |= {name: row[name] for name in WINDOW if name in row}
        first, last = (ends[name] for name in WINDOW)
        if told and first is not None and last is not None and not first < last:
            kept = " (as it is)"
            raise DataError(
                f"item {row['item_id']!r}: available_from {first}{kept if FROM not in row else ''} "
                f"must be before available_until {last}{kept if UNTIL not in row else ''}; send "
                "both, or null to open an end"
            )


def check_once(rows: Rows) -> list[str]:
    """The ids of items; raises DataError where one is named twice."""
    ids = [row["item_id"] for row in rows]
    first, count = next(iter(Counter(ids).most_common(1)), ("", 0))
    if count > 1:
        raise DataError(f"item {first!r} is named twice; name each item once")
    return ids


def _updated(model: FollowsItems, rows: Rows, *, widen: bool) -> FollowsItems:
    """The model with other values of known items, of each only in the columns that its row has."""
    columns = {*RESERVED, *model.catalogue.frame.columns}
    kept = [
        {name: value for name, value in row.items() if widen or name in columns} for row in rows
    ]
    for frame in frames_alike(kept):
        model = following(model.update_items(frame, widen=widen))
    return model


def frames_alike(rows: Rows) -> Iterator[pl.DataFrame]:
    """The items as tables, one for each set of columns: a null would say that a value is missing
    now."""
    for _, alike in groupby(sorted(rows, key=sorted), key=sorted):
        yield frame_of(list(alike))


def frame_of(rows: Rows) -> pl.DataFrame:
    """The items as a table; null where a row lacks a column."""
    try:
        return pl.DataFrame(rows, infer_schema_length=None, strict=True)
    except (TypeError, pl.exceptions.PolarsError) as error:
        told = str(error).partition("\n")[0]
        raise DataError(f"the items cannot be read as a table: {told}") from error
