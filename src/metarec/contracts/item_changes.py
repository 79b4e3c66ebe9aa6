"""What a snapshot of the items on offer changes in a catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from metarec.contracts.catalogue import Catalogue
from metarec.contracts.errors import DataError
from metarec.contracts.printing import listed


@dataclass(frozen=True, eq=False, repr=False)
class ItemChanges:
    """The difference between a catalogue and a table of all that is on offer now."""

    added: pl.DataFrame
    """The rows of items that the catalogue does not know."""
    updated: pl.DataFrame
    """The rows of known items of which at least one value is another one."""
    columns: Mapping[str, int]
    """How many of these have another value, by column."""
    new_columns: tuple[str, ...]
    """Columns that the catalogue has not had."""
    retired: tuple[str, ...]
    """On offer so far, and no longer in the table, or there as not offered."""
    restored: tuple[str, ...]
    """Retired so far, and in the table."""
    unchanged: int
    """Items of the table that are as they were."""
    notes: tuple[str, ...] = ()
    """What was understood of the table without being told."""

    @classmethod
    def between(
        cls, catalogue: Catalogue, snapshot: pl.DataFrame, notes: tuple[str, ...] = ()
    ) -> "ItemChanges":
        """What makes the catalogue offer what the snapshot holds, and nothing else.

        Columns that the snapshot lacks stay as they are; a null in one that it has is a value that
        is missing now. Raises DataError for a snapshot without items: an export that failed.
        """
        given = Catalogue.of(snapshot)
        if not len(given):
            raise DataError("the snapshot has no items, so all would be retired; check its source")
        rows = catalogue.index(given.ids)
        if len(catalogue) and (rows < 0).all():
            raise DataError(
                f"none of the {len(given):,} items of the snapshot is known, so all on offer would "
                f"be retired; its ids look like {given.ids[0]!r}, the model's like "
                f"{catalogue.ids[0]!r}: check its item_id"
            )
        table = given.table
        known = table.filter(pl.Series(rows >= 0))
        before = catalogue.frame[rows[rows >= 0]]
        after = catalogue.patch(known, widen=True).frame[rows[rows >= 0]]
        differing = {
            name: _differs(before[name], after[name]) if name in before.columns else
            after[name].is_not_null()
            for name in given.frame.columns
        }  # fmt: skip
        changed = np.zeros(len(known), dtype=bool)
        for column in differing.values():
            changed |= column.to_numpy()
        sold = np.zeros(len(catalogue), dtype=bool)
        sold[rows[(rows >= 0) & given.offered]] = True
        moved = catalogue.offered[rows[rows >= 0]] != sold[rows[rows >= 0]]
        return cls(
            added=table.with_columns(offered=pl.Series(given.offered)).filter(pl.Series(rows < 0)),
            updated=known.filter(pl.Series(changed)),
            columns={name: int(c.sum()) for name, c in differing.items() if c.any()},
            new_columns=tuple(c for c in given.frame.columns if c not in before.columns),
            retired=tuple(catalogue.ids[catalogue.offered & ~sold]),
            restored=tuple(catalogue.ids[~catalogue.offered & sold]),
            unchanged=int((~changed & ~moved).sum()),
            notes=notes,
        )

    def __bool__(self) -> bool:
        """True if anything changes."""
        return bool(len(self.added) or len(self.updated) or self.retired or self.restored)

    @property
    def told(self) -> list[str]:
        """What changes, a line each."""
        by_column = ", ".join(f"{name} {count:,}" for name, count in self.columns.items())
        parts = [
            _told("added", self.added["item_id"].to_list()),
            _told(f"updated ({by_column})", self.updated["item_id"].to_list()),
            _told("retired", self.retired),
            _told("restored", self.restored),
            f"new columns: {listed(self.new_columns)}" if self.new_columns else "",
            f"{self.unchanged:,} as they were",
        ]
        return list(filter(None, parts))

    def __repr__(self) -> str:
        return f"ItemChanges({'; '.join([*self.told, *self.notes])})"


def _told(what: str, ids: list[str] | tuple[str, ...]) -> str:
    return f"{len(ids):,} {what}: {listed(ids, most=3)}" if ids else ""


def _differs(before: pl.Series, after: pl.Series) -> pl.Series:
    return before.cast(after.dtype).ne_missing(after)
