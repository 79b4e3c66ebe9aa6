"""What one person did, as arrays."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.meta.recency import places_without
from metarec.meta.refusals import comes_after, places_among


@dataclass(frozen=True, eq=False)
class Seen:
    """A person's events as arrays, in order of their clock; `items` are rows of the catalogue."""

    items: Int[np.ndarray, " event"]
    values: Float[np.ndarray, " event"]
    kinds: Int[np.ndarray, " event"]
    times: Float[np.ndarray, " event"]
    came: Int[np.ndarray, " event"]
    """The place in which each event came."""
    refused: Bool[np.ndarray, " event"]
    """The events that speak against their item."""

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def taken(self) -> "Seen":
        """The events that speak for their item."""
        if not self.refused.any():
            return self
        kept = ~self.refused
        came = np.argsort(np.argsort(self.came[kept]))
        return Seen(
            self.items[kept],
            self.values[kept],
            self.kinds[kept],
            self.times[kept],
            came,
            self.refused[kept],
        )

    @property
    def places(self) -> Int[np.ndarray, " event"]:
        """The place of each event among those that speak for their item."""
        return places_among(self.refused)

    @property
    def newest(self) -> int:
        """The event that came last."""
        return int(np.argmax(self.came))

    def places_without(self, gone: Int[np.ndarray, " out"]) -> Int[np.ndarray, "out event"]:
        """The place of every event where the event `gone[o]` had never come."""
        taken = self.taken
        if taken is self:
            return places_without(self.times, self.came, gone)
        places = np.repeat(self.places[None, :], len(gone), axis=0)
        moving = np.flatnonzero(~self.refused[gone])  # without something refused all stay
        first, against = gone[moving][:, None], np.flatnonzero(self.refused)[None, :]
        closer = comes_after(self.times, self.came, first, against)
        places[moving[:, None], against] -= closer
        places[moving[:, None], np.flatnonzero(~self.refused)[None, :]] = places_without(
            taken.times, taken.came, self.places[gone[moving]]
        )
        return places
