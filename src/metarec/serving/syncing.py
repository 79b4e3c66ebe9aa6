"""What a snapshot of all items changes in a catalogue, as changes that can be written."""

from dataclasses import dataclass

from metarec.contracts import Catalogue, DataError, ItemChanges, Recommender
from metarec.contracts.printing import counted
from metarec.data.items import items_of
from metarec.meta.abilities import following
from metarec.serving.models import (
    Rows,
    check_numbers,
    check_once,
    check_windows,
    frame_of,
    frames_alike,
)
from metarec.serving.store.changes import Step

MOST = 0.5
"""A snapshot that takes a larger share of the items on offer is an export that was cut off."""


class MostLeave(DataError):
    """A snapshot that would empty the lists, and does not say that it is meant."""


@dataclass(frozen=True, eq=False)
class Difference:
    """A snapshot against a catalogue."""

    changes: ItemChanges
    steps: list[Step]
    """What makes the catalogue offer what the snapshot holds, and nothing else."""

    def after(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue with the steps made, of which no model has read anything."""
        for verb, rows in self.steps:
            if verb in ("retire", "restore"):
                catalogue = getattr(catalogue, verb)([row["item_id"] for row in rows])
            elif verb == "add":
                catalogue = catalogue.append(frame_of(rows))
            else:
                for frame in frames_alike(rows):
                    catalogue = catalogue.patch(frame, widen=True)
        return catalogue


def difference(model: Recommender, rows: Rows) -> Difference:
    """What a snapshot of all items changes; raises DataError for one that cannot be meant."""
    catalogue = following(model).catalogue
    if not check_once(rows):
        raise DataError("the snapshot has no items, so all would be retired; check its source")
    check_numbers(catalogue, rows)
    check_windows(catalogue, rows)
    items = items_of(frame_of(rows), catalogue)
    changes = ItemChanges.between(catalogue, items.frame, items.notes)
    # under the ids that the model has, where the snapshot writes them in another form
    named = [
        {**row, "item_id": item_id}
        for row, item_id in zip(rows, items.frame["item_id"].to_list(), strict=True)
    ]
    added, updated = set(changes.added["item_id"]), set(changes.updated["item_id"])
    steps: list[Step] = [
        ("widen", [row for row in named if row["item_id"] in updated]),
        ("add", [row for row in named if row["item_id"] in added]),
        ("retire", [{"item_id": item_id} for item_id in changes.retired]),
        ("restore", [{"item_id": item_id} for item_id in changes.restored]),
    ]
    return Difference(changes, [step for step in steps if step[1]])


def loss_of(before: Catalogue, after: Catalogue, at: float) -> str:
    """How many items leave the lists of a moment, where these are most of them; else nothing."""
    there = before.on_offer(at)
    many = int(there.sum())
    leave = int((there & ~after.on_offer(at)[: len(there)]).sum())  # what is added stands behind
    if leave <= MOST * many:
        return ""
    return (
        f"{leave:,} of the {counted(many, 'item')} on offer would leave the lists; look whether "
        "the snapshot is whole, and send it with retire_most=true where this is meant"
    )
