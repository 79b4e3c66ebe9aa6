"""What serving knows of items: plain arrays, NumPy float64."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

ROW_BLOCK = 64
"""Item arrays are padded to this many rows. The kernels of a matrix product treat the rows at the
end of a matrix differently, so an item's score could otherwise depend on its neighbours' number."""
RESIDUALS = ("v", "beta", "nu", "told")
"""The learned numbers that are an item's own, beside its content."""


@dataclass(frozen=True, eq=False)
class ItemTerms:
    """All that the posterior needs of items: one row an item, then padding with zeros."""

    features: Float[np.ndarray, "row d"]
    """φ, the constant γ in the last column."""
    offsets: Float[np.ndarray, " row"]
    """o; for a choice a logit."""
    unsure: Float[np.ndarray, " row"]
    """τ_i² = (1/τ² + n_i/ω²)⁻¹: the variance of what neither content nor an item's own events
    tell."""
    noise: Float[np.ndarray, " row"]
    """σ²: how much one rating of the item varies for a person who is known through and through."""
    popularity: Float[np.ndarray, " row"]
    """Share of training users with an event on the item."""

    @property
    def d(self) -> int:
        """Length of a feature vector, with its constant."""
        return self.features.shape[1]

    @cached_property
    def columns(self) -> Float[np.ndarray, "d row"]:
        """The features a column at a time: of many items one person's scores are summed so in half
        the time."""
        return np.ascontiguousarray(self.features.T)

    def padded(self) -> "ItemTerms":
        """The terms with zero rows up to a multiple of `ROW_BLOCK`."""
        return ItemTerms(*(pad_rows(getattr(self, f.name)) for f in fields(self)))

    def followed_by(self, others: "ItemTerms", n_items: int) -> "ItemTerms":
        """The first `n_items` rows with the others behind them, padded anew."""
        return ItemTerms(
            *(
                pad_rows(np.concatenate([getattr(self, f.name)[:n_items], getattr(others, f.name)]))
                for f in fields(self)
            )
        )

    def changed(self, rows: Int[np.ndarray, " changed"], others: "ItemTerms") -> "ItemTerms":
        """The terms with those of the others in these rows; how popular they were stays."""
        columns = {f.name: getattr(self, f.name).copy() for f in fields(self)}
        for name in columns.keys() - {"popularity"}:
            columns[name][rows] = getattr(others, name)
        return ItemTerms(**columns)


def pad_rows(rows: np.ndarray) -> np.ndarray:
    """`rows` as float64 with zero rows up to a multiple of `ROW_BLOCK`."""
    missing = -len(rows) % ROW_BLOCK
    widths = [(0, missing)] + [(0, 0)] * (rows.ndim - 1)
    return np.ascontiguousarray(np.pad(rows.astype(np.float64), widths))
