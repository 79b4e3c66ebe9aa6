"""Cells: which items to look among for those nearest to one, where all pairs would be too many."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from jaxtyping import Int

from metarec.contracts.pieces import pieces
from metarec.meta.evidence.grid import likeness, on_grid

ROOTS = 16.0
"""Cells, in roots of the number of items: time and memory grow little more than linearly."""
LOOKED = 25_000
"""Items that are looked among for the nearest of one, at least."""
LARGEST = 2_000
"""Items of one cell, at most: where thousands read the same, a cell of them is cut."""
TAUGHT, ROUNDS = 8, 4
"""Items for each cell from which its centre is learned, and how often it moves."""
CELLS_AT_ONCE = 8_000_000


@dataclass(frozen=True, eq=False)
class Cells:
    """Items of like directions together: k-means by the cosine (Dhillon and Modha 2001).

    An item is looked for in its own cell and in those whose centres are nearest to that of its own.
    The products are of whole numbers, so that cells are the same on every machine.
    """

    centres: Int[np.ndarray, "cell d"]
    """Directions on the grid, as those of items."""
    own: Int[np.ndarray, " item"]
    """The cell of each item; -1 of an item without a direction, which is near to none."""

    @classmethod
    def of(cls, directions: Int[np.ndarray, "item d"]) -> "Cells":
        """The cells of items with these directions."""
        told = np.flatnonzero(directions.any(axis=1))
        n_cells = min(len(told), int(ROOTS * np.sqrt(len(told))))
        sample = directions[_spread(told, TAUGHT * n_cells)]
        centres = _spread(sample, n_cells)
        for _ in range(ROUNDS):
            centres = _moved(centres, sample)
        return cls(centres, _nearest(directions, centres))._cut()

    def with_items(self, added: Int[np.ndarray, "added d"]) -> "Cells":
        """More items behind these; the centres stay."""
        return replace(self, own=np.concatenate([self.own, _nearest(added, self.centres)]))

    def with_changed(
        self, rows: Int[np.ndarray, " changed"], directions: Int[np.ndarray, "changed d"]
    ) -> "Cells":
        """The items in these rows with other directions."""
        own = self.own.copy()
        own[rows] = _nearest(directions, self.centres)
        return replace(self, own=own)

    def groups(
        self, rows: Int[np.ndarray, " row"], at_once: int
    ) -> Iterator[tuple[Int[np.ndarray, " mine"], Int[np.ndarray, " other"]]]:
        """Rows of one cell, at most so many, and the items to look among, ascending.

        These are at least `LOOKED`, or all that have a direction, and hold the rows themselves.
        """
        ordered = rows[np.argsort(self.own[rows], kind="stable")]
        cells, starts = np.unique(self.own[ordered], return_index=True)
        for cell, mine in zip(cells, np.split(ordered, starts[1:]), strict=True):
            if cell >= 0:
                others = self._around(cell)
                for part in pieces(len(mine), 1, at_once):
                    yield mine[part], others

    def _around(self, cell: int) -> Int[np.ndarray, " other"]:
        members, starts = self._members
        near = likeness(self.centres[[cell]], self.centres)[0]
        near[cell] = np.inf  # others may have the same centre
        order = np.argsort(-near, kind="stable")
        held = np.cumsum(starts[order + 1] - starts[order])
        enough = order[: np.searchsorted(held, LOOKED) + 1]
        return np.sort(np.concatenate([members[starts[c] : starts[c + 1]] for c in enough]))

    @cached_property
    def _members(self) -> tuple[Int[np.ndarray, " item"], Int[np.ndarray, " cell+1"]]:
        """The items of all cells, one cell behind the other, and where each begins."""
        told = np.flatnonzero(self.own >= 0)
        counts = np.bincount(self.own[told], minlength=len(self.centres))
        order = told[np.argsort(self.own[told], kind="stable")]
        return order, np.concatenate([[0], np.cumsum(counts)])

    def _cut(self) -> "Cells":
        """Cells of at most `LARGEST` items, of which those cut from one have the same centre."""
        members, starts = self._members
        cells = self.own[members]
        pieces_of = (np.arange(len(members)) - starts[cells]) // LARGEST
        whole = cells.astype(np.int64) * len(self.own) + pieces_of
        kept, place = np.unique(whole, return_inverse=True)
        own = self.own.copy()
        own[members] = place
        return Cells(self.centres[kept // len(self.own)], own)


def _spread(rows: np.ndarray, n: int) -> np.ndarray:
    """`n` of the rows, or all, from the first to the last at equal distances."""
    return rows[np.linspace(0, len(rows) - 1, min(n, len(rows))).astype(np.int64)]


def _moved(
    centres: Int[np.ndarray, "cell d"], sample: Int[np.ndarray, "row d"]
) -> Int[np.ndarray, "cell d"]:
    """The mean direction of what is nearest to each; a centre that has nothing stays."""
    own = _nearest(sample, centres)
    cells = sp.csr_array(
        (np.ones(len(own)), (own, np.arange(len(own)))), shape=(len(centres), len(own))
    )
    moved = on_grid(cells @ sample.astype(np.float64))
    return np.where(moved.any(axis=1, keepdims=True), moved, centres)


def _nearest(
    directions: Int[np.ndarray, "item d"], centres: Int[np.ndarray, "cell d"]
) -> Int[np.ndarray, " item"]:
    """The cell of each, -1 without a direction."""
    own = np.empty(len(directions), dtype=np.int32)
    for part in pieces(len(directions), len(centres), CELLS_AT_ONCE):
        own[part] = np.argmax(likeness(directions[part], centres), axis=1)
    own[~directions.any(axis=1)] = -1
    return own
