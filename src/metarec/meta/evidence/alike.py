"""Alike: items that read alike, whoever took them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from metarec.contracts.pieces import pieces
from metarec.meta.evidence.cells import Cells
from metarec.meta.evidence.grid import likeness, on_grid
from metarec.meta.evidence.pairs import index_kind
from metarec.meta.sizes import MANY_ITEMS

WIDTH = 128
"""Axes of content in which items are near."""
ROWS_AT_ONCE = 512
CELLS_AT_ONCE = 4_000_000
ALL_PAIRS = 50_000
"""Items of which each is looked at for each: a minute of one core. Of more, most of the nearest
are found among some."""
JUDGED = 100
"""Items of which all others are looked at, to tell how many of the nearest are found."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """The directions of content in which nearness is measured."""

    centre: Float[np.ndarray, " d_content"]
    axes: Float[np.ndarray, "d_content d"]

    @classmethod
    def of(cls, content: Float[np.ndarray, "item d_content"], *, width: int) -> "Likeness":
        """The `width` widest principal axes, each divided by its variance to the power 1/4.

        Half-whitened: what all items share is taken away, and a few wide axes do not drown the
        others.
        """
        return cls._of(content, width, content.mean(axis=0, dtype=np.float64), 0.25)

    @classmethod
    def plain(cls, content: Float[np.ndarray, "item d_content"], *, width: int) -> "Likeness":
        """The `width` widest axes of the content as it is: its cosine, where these hold it all."""
        return cls._of(content, width, np.zeros(content.shape[1]), 0.0)

    @classmethod
    def _of(
        cls,
        content: Float[np.ndarray, "item d_content"],
        width: int,
        centre: Float[np.ndarray, " d_content"],
        power: float,
    ) -> "Likeness":
        squares = np.zeros((content.shape[1], content.shape[1]))
        for part in pieces(len(content), 1, MANY_ITEMS):
            centred = content[part] - centre
            squares += centred.T @ centred
        variances, axes = np.linalg.eigh(squares / len(content))
        widest = np.argsort(-variances, kind="stable")[:width]
        told = widest[variances[widest] > 1e-9 * variances.max(initial=0.0)]
        return cls(centre, axes[:, told] * variances[told] ** -power)

    def directions(self, content: Float[np.ndarray, "item d_content"]) -> Int[np.ndarray, "item d"]:
        """Unit vectors on the grid; those of an item depend on its own content alone."""
        found = np.empty((len(content), self.axes.shape[1]), dtype=np.int16)
        for part in pieces(len(content), content.shape[1], CELLS_AT_ONCE):
            # einsum sums each row in one order, whatever stands beside it
            centred = content[part].astype(np.float64) - self.centre
            found[part] = on_grid(np.einsum("ij,jk->ik", centred, self.axes))
        return found


@dataclass(frozen=True, eq=False)
class Plain:
    """The content of every item as it is, neither centred nor whitened."""

    axes: Float[np.ndarray, "d_content d"]
    """The widest: of short content the cosine is kept."""
    directions: Int[np.ndarray, "item d"]

    @classmethod
    def of(cls, content: Float[np.ndarray, "item d_content"], *, width: int) -> "Plain":
        """The directions of all items in the `width` widest axes."""
        likeness = Likeness.plain(content, width=width)
        return cls(likeness.axes, likeness.directions(content))

    def with_items(self, content: Float[np.ndarray, "added d_content"]) -> "Plain":
        """More items behind these."""
        return replace(self, directions=np.concatenate([self.directions, self._read(content)]))

    def with_changed(
        self, rows: Int[np.ndarray, " changed"], content: Float[np.ndarray, "changed d_content"]
    ) -> "Plain":
        """The items in these rows with other content."""
        directions = self.directions.copy()
        directions[rows] = self._read(content)
        return replace(self, directions=directions)

    def _read(self, content: Float[np.ndarray, "item d_content"]) -> Int[np.ndarray, "item d"]:
        return Likeness(np.zeros(len(self.axes)), self.axes).directions(content)


@dataclass(frozen=True, eq=False)
class Alike:
    """For each item those nearest to it, and how near one has to be to be told."""

    directions: Int[np.ndarray, "item d"]
    floor: Float[np.ndarray, " item"]
    """The likeness to an item beyond which another is told."""
    matrix: sp.csr_array
    """Row: an item; column: how far beyond the floor this one is."""
    keep: int
    cells: Cells | None = None
    """Where the nearest are looked for; None: among all."""

    @classmethod
    def of(cls, directions: Int[np.ndarray, "item d"], *, keep: int) -> "Alike":
        """The `keep` nearest of each item: the floor is the likeness of the nearest left out.

        So an item that is told begins at 0, and no list jumps where a row ends. Of more than
        `ALL_PAIRS` most of the nearest are found, in cells; `recall` tells how many.
        """
        n = len(directions)
        cells = Cells.of(directions) if n > ALL_PAIRS and directions.any() else None
        nothing = cls(directions, np.zeros(n, np.float32), _no_entries(n), keep, cells)
        return nothing._retold(np.arange(n), columns=False)

    def recall(self) -> float:
        """The share of the truly nearest that are told, of items spread over the catalogue."""
        n = len(self.directions)
        rows = np.unique(np.linspace(0, n - 1, min(n, JUDGED)).astype(np.int64))
        parts = list(pieces(n, self.directions.shape[1], CELLS_AT_ONCE))
        near = [likeness(self.directions[rows], self.directions[part]) for part in parts]
        exact = np.concatenate(near, axis=1)
        exact[np.arange(len(rows)), rows] = 0.0
        nearest = exact > _floors(exact, self.keep)[:, None]
        told = sp.csr_array(self.matrix[rows]).toarray() > 0
        return float((nearest & told).sum() / max(nearest.sum(), 1))

    def with_items(self, added: Int[np.ndarray, "added d"]) -> "Alike":
        """More items behind these, each told by the others as if it had always been there.

        The floors of the others stay.
        """
        n = len(self.directions) + len(added)
        wider = replace(
            self,
            directions=np.concatenate([self.directions, added]),
            floor=np.concatenate([self.floor, np.zeros(len(added), np.float32)]),
            matrix=resized(self.matrix, n),
            cells=None if self.cells is None else self.cells.with_items(added),
        )
        return wider._retold(np.arange(len(self.directions), n), columns=True)

    def with_changed(
        self, rows: Int[np.ndarray, " changed"], directions: Int[np.ndarray, "changed d"]
    ) -> "Alike":
        """The items in these rows with other directions."""
        moved = self.directions.copy()
        moved[rows] = directions
        gone = np.zeros(len(moved), dtype=bool)
        gone[rows] = True
        matrix = self.matrix.copy()
        matrix.data[np.repeat(gone, np.diff(matrix.indptr)) | gone[matrix.indices]] = 0.0
        matrix.eliminate_zeros()
        cells = None if self.cells is None else self.cells.with_changed(rows, directions)
        changed = replace(self, directions=moved, matrix=matrix, cells=cells)
        return changed._retold(np.sort(rows), columns=True)

    def _retold(self, rows: Int[np.ndarray, " row"], *, columns: bool) -> "Alike":
        """These rows anew, with floors of their own; where `columns`, what others say of them too.

        The rows ascend; they and their columns must be empty.
        """
        n, floor = len(self.directions), self.floor.copy()
        floor[rows] = 0.0
        own, place = _Rows.empty(len(rows), min(self.keep, n)), np.zeros(n, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        others_told: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for mine, others in self._looked(rows):
            near = likeness(self.directions[mine], self.directions[others])
            near[np.arange(len(mine)), np.searchsorted(others, mine)] = 0.0
            floor[mine] = _floors(near, self.keep)
            own.put(place[mine], others, near - floor[mine, None])
            if columns:
                beyond = near.T - self.floor[others, None]
                beyond[np.isin(others, rows)] = 0.0  # told above, from their own rows
                other, column = np.nonzero(beyond > 0)
                others_told.append((beyond[other, column], others[other], mine[column]))
        matrix = own.matrix(rows, n)
        if others_told:
            said, row, column = (np.concatenate(part) for part in zip(*others_told, strict=True))
            matrix = matrix + sp.csr_array((said, (row, column)), shape=(n, n))
        return replace(
            self, floor=floor, matrix=matrix + self.matrix if self.matrix.nnz else matrix
        )

    def _looked(
        self, rows: Int[np.ndarray, " row"]
    ) -> Iterator[tuple[Int[np.ndarray, " mine"], Int[np.ndarray, " other"]]]:
        """A few of the rows, and the items to look among for them, ascending."""
        if self.cells is not None:
            yield from self.cells.groups(rows, ROWS_AT_ONCE)
            return
        every = np.arange(len(self.directions))
        for part in pieces(len(rows), 1, ROWS_AT_ONCE):
            yield rows[part], every


def resized(matrix: sp.csr_array, n: int) -> sp.csr_array:
    """The matrix with empty rows and columns behind, up to `n` of each."""
    empty = np.full(n - matrix.shape[0], matrix.indptr[-1], dtype=matrix.indptr.dtype)
    starts = np.concatenate([matrix.indptr, empty])
    return sp.csr_array((matrix.data, matrix.indices, starts), shape=(n, n))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of a few entries each, while they are found in whatever order."""

    columns: Int[np.ndarray, "row entry"]
    values: Float[np.ndarray, "row entry"]
    counts: Int[np.ndarray, " row"]

    @classmethod
    def empty(cls, n: int, most: int) -> "_Rows":
        """Rows of at most `most` entries, none of which is known yet."""
        shape = (n, most)
        return cls(np.zeros(shape, np.int32), np.zeros(shape, np.float32), np.zeros(n, np.int64))

    def put(
        self,
        place: Int[np.ndarray, " mine"],
        others: Int[np.ndarray, " other"],
        beyond: Float[np.ndarray, "mine other"],
    ) -> None:
        """What some rows say of others, where that is more than 0."""
        here, column = np.nonzero(beyond > 0)
        counts = np.bincount(here, minlength=len(place))
        rank = np.arange(len(here)) - np.repeat(np.cumsum(counts) - counts, counts)
        self.columns[place[here], rank] = others[column]
        self.values[place[here], rank] = beyond[here, column]
        self.counts[place] = counts

    def matrix(self, rows: Int[np.ndarray, " row"], n: int) -> sp.csr_array:
        """The square matrix of `n` rows of which these are some."""
        lengths = np.zeros(n, dtype=np.int64)
        lengths[rows] = self.counts
        starts = np.concatenate([[0], np.cumsum(lengths)])
        known = np.arange(self.columns.shape[1]) < self.counts[:, None]
        kind = index_kind(max(n, int(starts[-1])))
        parts = self.values[known], self.columns[known].astype(kind, copy=False), starts
        return sp.csr_array((*parts[:2], starts.astype(kind)), shape=(n, n))


def likenesses_of(
    content: Float[np.ndarray, "item d_content"], keep: int
) -> tuple[Likeness, Alike, Plain]:
    """In what directions items are near, the `keep` nearest of each, and the content as it is."""
    likeness = Likeness.of(content, width=WIDTH)
    alike = Alike.of(likeness.directions(content), keep=keep)
    return likeness, alike, Plain.of(content, width=WIDTH)


def _floors(near: Float[np.ndarray, "row other"], keep: int) -> Float[np.ndarray, " row"]:
    """The likeness of the nearest that is left out of each row, at least 0."""
    if keep + 1 >= near.shape[1]:
        return np.zeros(len(near), np.float32)
    last = near.shape[1] - keep - 1
    return np.maximum(np.partition(near, last)[:, last], 0.0)


def _no_entries(n: int) -> sp.csr_array:
    return sp.csr_array((n, n), dtype=np.float32)
