"""Foretold: how popular an item that nobody has touched will be, by what it reads."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts.pieces import pieces
from metarec.meta.sizes import MANY_ITEMS
from metarec.recommenders.ridge import chosen_ridge_map

FORETOLD = "popular, foretold"
"""The name of its scores beside those of the tables."""
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Ridge penalties that are tried, as shares of the total spread of the content: none leaves only
the mean, since what little is foretold is weighed by its trust."""
CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class Foretold:
    """A ridge from content to how much more popular an item is than touched ones are on average;
    the same for everyone."""

    slopes: Float[np.ndarray, " d_content"]
    level: float
    """What is said of content 0; of content like that of the touched items on average it is 0."""
    said: Float[np.ndarray, " item"]
    """What is foretold of every item."""
    weight: float = 1.0
    """Its trust, divided by the scale of what it says; for items that nobody has touched."""

    @classmethod
    def of(
        cls,
        content: Float[np.ndarray, "item d_content"],
        popular: Float[np.ndarray, " item"],
        touched: Bool[np.ndarray, " item"],
    ) -> Self:
        """Learned from touched items, of more than `MANY_ITEMS` from the most popular, at the
        penalty whose leave-one-out error is least."""
        learned = np.flatnonzero(touched)
        learned = learned[np.argsort(-popular[learned], kind="stable")[:MANY_ITEMS]]
        features, known = content[learned].astype(np.float64), popular[learned, None]
        slopes, level = chosen_ridge_map(features, known, np.ones(len(learned)), PENALTIES)
        nothing = cls(slopes[:, 0], float(level[0] - known.mean()), np.zeros(0))
        return replace(nothing, said=nothing.read(content))

    def read(self, content: Float[np.ndarray, "item d_content"]) -> Float[np.ndarray, " item"]:
        """What is foretold of items; of each by its own content alone."""
        said = np.empty(len(content))
        for part in pieces(len(content), content.shape[1], CELLS_AT_ONCE):
            # einsum sums each row in one order, whatever stands beside it
            said[part] = np.einsum("ij,j->i", content[part].astype(np.float64), self.slopes)
        return said + self.level

    def with_items(self, content: Float[np.ndarray, "added d_content"]) -> "Foretold":
        """More items behind these."""
        return replace(self, said=np.concatenate([self.said, self.read(content)]))

    def with_changed(
        self, rows: Int[np.ndarray, " changed"], content: Float[np.ndarray, "changed d_content"]
    ) -> "Foretold":
        """The items in these rows with other content."""
        said = self.said.copy()
        said[rows] = self.read(content)
        return replace(self, said=said)
