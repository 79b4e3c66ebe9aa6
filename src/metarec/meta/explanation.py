"""Why an item has its score."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import Event


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why an item has its score: `base` plus the shares is `score`, exactly.

    A share tells how far an event moved the score because it differed from what was expected of
    everyone; an effect is the score minus the score without that event. They are two answers to
    two questions.
    """

    item: str
    score: float
    """Not held inside the rating scale, so that the parts sum to it."""
    base: float
    """The score before any event."""
    events: tuple[Event, ...]
    shares: Float[np.ndarray, " event"]
    effects: Float[np.ndarray, " event"]

    def __repr__(self) -> str:
        return (
            f"Explanation({self.item!r}: base {self.base:.3f}, {len(self.events)} events "
            f"{self.shares.sum():+.3f}, score {self.score:.3f})"
        )

    def to_frame(self) -> pl.DataFrame:
        """Columns item_id, value, share, effect; one row an event, largest share first."""
        return pl.DataFrame(
            {
                "item_id": [event.item for event in self.events],
                "value": [event.value for event in self.events],
                "share": self.shares,
                "effect": self.effects,
            },
            schema_overrides={"item_id": pl.String, "value": pl.Float64},
        ).sort(pl.col("share").abs(), descending=True)
