"""Alike: items that read alike, whoever took them."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from metarec.contracts.directions import unit_rows
from metarec.contracts.pieces import pieces
from metarec.meta.evidence.pairs import settled

ROWS_AT_ONCE = 512
GRID = 4000
"""Directions are whole numbers of this part of 1. The sums of their products stay below 2^24, so
float32 holds each exactly, in whatever order a kernel adds: two items of the same content are
alike to others to the bit, wherever they stand."""


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
        centred = content - centre
        variances, axes = np.linalg.eigh(centred.T @ centred / len(content))
        widest = np.argsort(-variances, kind="stable")[:width]
        told = widest[variances[widest] > 1e-9 * variances.max(initial=0.0)]
        return cls(centre, axes[:, told] * variances[told] ** -power)

    def directions(self, content: Float[np.ndarray, "item d_content"]) -> Int[np.ndarray, "item d"]:
        """Unit vectors on the grid; those of an item depend on its own content alone."""
        # einsum sums each row in one order, whatever stands beside it
        turned = np.einsum("ij,jk->ik", content.astype(np.float64) - self.centre, self.axes)
        return np.rint(unit_rows(turned) * GRID).astype(np.int16)


def nearness(
    sums: Float[np.ndarray, "person d"], directions: Float[np.ndarray, "d item"]
) -> Float[np.ndarray, "person item"]:
    """The sum of the likenesses of an item to others, from the sum of their directions.

    Both hold whole numbers, and so do all sums of their products, up to 2^53: whatever order a
    kernel adds in, the same content is as near to the bit.
    """
    return sums @ directions / GRID**2


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

    @classmethod
    def of(cls, directions: Int[np.ndarray, "item d"], *, keep: int) -> "Alike":
        """The `keep` nearest of each item: the floor is the likeness of the nearest left out.

        So an item that is told begins at 0, and no list jumps where a row ends.
        """
        n = len(directions)
        nothing = cls(directions, np.zeros(n, np.float32), sp.csr_array((n, n)), keep)
        return nothing._retold(np.arange(n), columns=False)

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
        )
        return wider._retold(np.arange(len(self.directions), n), columns=True)

    def with_changed(
        self, rows: Int[np.ndarray, " changed"], directions: Int[np.ndarray, "changed d"]
    ) -> "Alike":
        """The items in these rows with other directions."""
        moved = self.directions.copy()
        moved[rows] = directions
        kept = np.ones(len(moved))
        kept[rows] = 0.0
        others = sp.diags_array(kept)
        matrix = sp.csr_array(others @ self.matrix @ others)
        matrix.eliminate_zeros()
        return replace(self, directions=moved, matrix=matrix)._retold(rows, columns=True)

    def _retold(self, rows: Int[np.ndarray, " row"], *, columns: bool) -> "Alike":
        """These rows anew, with floors of their own; where `columns`, what others say of them too.

        The rows and columns must be empty.
        """
        n, floor = len(self.directions), self.floor.copy()
        parts = [self.matrix]
        for block in pieces(len(rows), 1, ROWS_AT_ONCE):
            mine = rows[block]
            near = self._likeness(mine)
            if self.keep + 1 < n:
                last = n - self.keep - 1
                floor[mine] = np.maximum(np.partition(near, last)[:, last], 0.0)
            parts.append(_placed(np.maximum(near - floor[mine, None], 0.0), mine, n))
            if columns:
                others = np.maximum(near.T - self.floor[:, None], 0.0)
                others[rows] = 0.0  # told above, from their own rows
                parts.append(sp.csr_array(_placed(others.T, mine, n).T))
        return replace(self, floor=floor, matrix=_total(parts))

    def _likeness(self, rows: Int[np.ndarray, " row"]) -> Float[np.ndarray, "row item"]:
        every = self.directions.astype(np.float32)
        near = every[rows] @ every.T / np.float32(GRID**2)
        near[np.arange(len(rows)), rows] = 0.0
        return np.asarray(near)


def resized(matrix: sp.csr_array, n: int) -> sp.csr_array:
    """The matrix with empty rows and columns behind, up to `n` of each."""
    empty = np.full(n - matrix.shape[0], matrix.indptr[-1], dtype=matrix.indptr.dtype)
    starts = np.concatenate([matrix.indptr, empty])
    return sp.csr_array((matrix.data, matrix.indices, starts), shape=(n, n))


def _placed(
    block: Float[np.ndarray, "row item"], rows: Int[np.ndarray, " row"], n: int
) -> sp.csr_array:
    here, column = np.nonzero(block)
    return sp.csr_array((block[here, column], (rows[here], column)), shape=(n, n))


def _total(parts: list[sp.csr_array]) -> sp.csr_array:
    """The sum of matrices that share no entry."""
    coords = [part.tocoo() for part in parts]
    data = np.concatenate([part.data for part in coords])
    rows, columns = (np.concatenate([part.coords[axis] for part in coords]) for axis in (0, 1))
    return settled(sp.csr_array((data, (rows, columns)), shape=parts[0].shape))
