"""Why an item has its score."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import Event


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why an item has its score: `base` plus the shares, and what all events say `together`, is
    `score`, exactly.

    A share tells how far an event moved the score because it differed from what was expected of
    everyone; an effect is the score minus the score without that event. They are two answers to
    two questions.
    """

    item: str
    score: float
    """Not held inside the rating scale, so that the parts sum to it."""
    base: float
    """The score that is not due to any event of this person."""
    events: tuple[Event, ...]
    reasons: Mapping[str, Float[np.ndarray, " event"]]
    """The share of each event by what it says: "taste"; where there is evidence, "often next",
    "goes together" and "reads alike" beside it."""
    effects: Float[np.ndarray, " event"]
    together: Mapping[str, float] = field(default_factory=dict)
    """What all events moved the score together and none of them alone: "the order of your history",
    where the model reads it (`MetaConfig.order`)."""

    @property
    def shares(self) -> Float[np.ndarray, " event"]:
        """What each event moved the score, for all reasons."""
        return np.sum(list(self.reasons.values()), axis=0)

    def __repr__(self) -> str:
        told = ", ".join(f"{name} {said.sum():+.3f}" for name, said in self.reasons.items())
        together = "".join(f"{name} {said:+.3f}, " for name, said in self.together.items())
        return (
            f"Explanation({self.item!r}: base {self.base:.3f}, {len(self.events)} events "
            f"({told}), {together}score {self.score:.3f})"
        )

    def to_frame(self) -> pl.DataFrame:
        """Columns item_id, value, kind where some event has one, share, effect, and one for each
        reason; one row an event, largest share first. What all say `together` has no row."""
        kinds = [event.kind for event in self.events]
        return pl.DataFrame(
            {
                "item_id": [event.item for event in self.events],
                "value": [event.value for event in self.events],
                **({"kind": kinds} if any(kinds) else {}),
                "share": self.shares,
                "effect": self.effects,
                **(self.reasons if len(self.reasons) > 1 else {}),
            },
            schema_overrides={"item_id": pl.String, "value": pl.Float64},
        ).sort(pl.col("share").abs(), descending=True)
