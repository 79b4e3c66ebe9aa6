"""What the order of a history says of every item: a network that reads it, and the trust in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from metarec.meta.evidence.spoken import Spoken
from metarec.recommenders.sasrec_config import SASRecConfig
from metarec.recommenders.sequence_serving import FrozenNetwork

ORDER = "order"
"""The name of its scores beside those of the tables."""
READ = "the order of your history"
"""What it says, in words."""


@dataclass(frozen=True, eq=False)
class Order:
    """weight · (h·v_i − the mean of h·v over the items that the network knows).

    h is what the network reads in the events on items that it knows, in their order; all of them
    together, so that no event has a share of its own. Of an item that it does not know (nobody had
    touched it when the network was learned, or it came later) it says 0, the mean.
    """

    config: SASRecConfig
    known: Bool[np.ndarray, " item"]
    """The items that it knows."""
    vectors: Float[np.ndarray, "known d"]
    """v of these items."""
    weights: Mapping[str, NDArray[Any]]
    """The rest of the network, by the names of its parts."""
    weight: float = 1.0
    """Its trust, divided by the scale of what it says."""

    def read(self, spoken: Spoken) -> Float[np.ndarray, "person d"]:
        """h of each person, whose events stand together and in their order."""
        heard = self.known[spoken.items]
        lengths = np.bincount(spoken.people[heard], minlength=spoken.n_people)
        return self._network.after(self._row_of[spoken.items[heard]], lengths)

    def add(self, spoken: Spoken, table: Float[np.ndarray, "person item"]) -> None:
        """Add to `table` what it says of every item for each person."""
        said = self.read(spoken) @ self._centred.T
        said *= self.weight
        table[:, self.known] += said

    def base(self, row: int) -> float:
        """What it says of one item for someone without events."""
        return float((self._nothing @ self._direction(row))[0])

    def moved(self, read: Float[np.ndarray, "person d"], row: int) -> Float[np.ndarray, " person"]:
        """How far what was read of people moved one item, from what it is without events."""
        return (read - self._nothing) @ self._direction(row)

    def with_items(self, n: int) -> "Order":
        """With more items, up to `n`, none of which it knows."""
        return replace(self, known=np.pad(self.known, (0, n - len(self.known))))

    def _direction(self, row: int) -> Float[np.ndarray, " d"]:
        if not self.known[row]:
            return np.zeros(self.config.d)
        return np.asarray(self.weight * self._centred[self._row_of[row]])

    @cached_property
    def _network(self) -> FrozenNetwork:
        return FrozenNetwork(self.config, self.vectors, self.weights)

    @cached_property
    def _row_of(self) -> Int[np.ndarray, " item"]:
        """The row of each known item in `vectors`."""
        return np.cumsum(self.known) - 1

    @cached_property
    def _centred(self) -> Float[np.ndarray, "known d"]:
        """The vectors without their mean, so that what is said has the mean 0."""
        vectors = self.vectors.astype(np.float64)
        return vectors - vectors.mean(axis=0)

    @cached_property
    def _nothing(self) -> Float[np.ndarray, "1 d"]:
        """What is read where there is nothing to read."""
        return self._network.after(np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64))
