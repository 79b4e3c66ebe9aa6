"""What changed around the events: the items since the model was saved, and which model answers."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from metarec.serving.store.tables import ACTIVATIONS, ITEM_CHANGES

Verb = Literal["add", "update", "widen", "retire", "restore"]
"""`widen` is an update that may bring columns which the items had not."""

Step = tuple[Verb, Sequence[dict[str, Any]]]
"""One change of a catalogue that is not written yet."""


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One change of the catalogue: rows of items, or of their ids alone."""

    number: int
    verb: Verb
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Activation:
    """A model that answers from then on."""

    number: int
    folder: str
    hash: str
    items_after: int
    """Item changes up to this number are part of the folder."""


def append_changes(connection: sa.Connection, steps: Sequence[Step], after: int) -> int | None:
    """Write changes that were made one after another, of the catalogue as it was after the change
    numbered `after`; the number of the last.

    None where another came in between: then look again, and make them of that catalogue.
    """
    if connection.dialect.name == "postgresql":  # where others could write between look and write
        connection.exec_driver_sql(f"LOCK TABLE {ITEM_CHANGES.name} IN SHARE ROW EXCLUSIVE MODE")
    newest = connection.execute(sa.select(sa.func.max(ITEM_CHANGES.c.id))).scalar() or 0
    if newest != after:
        return None
    for verb, rows in steps:
        row = {"verb": verb, "rows": json.dumps(rows, ensure_ascii=False), "received": time.time()}
        written = connection.execute(sa.insert(ITEM_CHANGES).values(row)).inserted_primary_key
        assert written is not None, "one row was written"
        newest = int(written[0])
    return newest


def changes_between(connection: sa.Connection, after: int, to: int) -> list[ItemChange]:
    """The changes behind one number, up to another."""
    asked = (
        sa.select(ITEM_CHANGES)
        .where(ITEM_CHANGES.c.id > after, ITEM_CHANGES.c.id <= to)
        .order_by(ITEM_CHANGES.c.id)
    )
    return [ItemChange(row.id, row.verb, json.loads(row.rows)) for row in connection.execute(asked)]


def activate(connection: sa.Connection, folder: str, model_hash: str, items_after: int) -> int:
    """Make a model folder the one that answers; its number."""
    row = {"folder": folder, "hash": model_hash, "items_after": items_after}
    written = connection.execute(sa.insert(ACTIVATIONS).values(**row, received=time.time()))
    assert written.inserted_primary_key is not None, "one row was written"
    return int(written.inserted_primary_key[0])


def activation_of(connection: sa.Connection, number: int | None = None) -> Activation | None:
    """The model that answers, or the one of a number; None where there is none."""
    asked = sa.select(ACTIVATIONS).order_by(ACTIVATIONS.c.id.desc()).limit(1)
    if number is not None:
        asked = asked.where(ACTIVATIONS.c.id == number)
    row = connection.execute(asked).one_or_none()
    return None if row is None else Activation(row.id, row.folder, row.hash, row.items_after)
