"""How much an event counts, by its kind, its value and its age, when people are served."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Histories

REFUSAL = -1.0
"""What an event that speaks against its item says of φᵀw, where one that speaks for it says 1."""
OF_REFUSALS = 0.3
"""What an event of a negative kind counts until it is learned: less than one for an item, since it
may have been the item alone that was refused, and not what is like it."""


def value_confidence(
    values: Float[np.ndarray, "*event"], value_weight: Literal["none", "log"]
) -> Float[np.ndarray, "*event"]:
    """Confidence of events by their weight: all alike, or 1 + log(1 + value)."""
    if value_weight == "none":
        return np.ones(values.shape)
    return 1.0 + np.log1p(np.maximum(values, 0.0))


def own_kinds(histories: Histories, kind_names: tuple[str, ...]) -> Int[np.ndarray, " event"]:
    """Each event's kind as a row of `kind_names`, -1 for none or an unknown one."""
    row_of = {name: row for row, name in enumerate(kind_names)}
    own = np.array([row_of.get(name, -1) for name in histories.kind_names] + [-1])
    return own[histories.kinds].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Confidence:
    """c(kind) · c(value) · (ε + (1 − ε) ρ^age)."""

    recency: str
    """What an age is: "none", "place" or "clock"."""
    eps: float
    rho: float
    kind_names: tuple[str, ...]
    of_kind: Float[np.ndarray, " kind"]
    value_weight: Literal["none", "log"]
    negative_kinds: tuple[str, ...] = ()
    """The kinds whose events are heard as speaking against their item."""

    @property
    def hears_refusals(self) -> bool:
        """False where events that speak against their item are left out."""
        return bool(self.negative_kinds)

    @property
    def of_refusals(self) -> dict[str, float]:
        """What an event of each negative kind counts before its age."""
        return {kind: float(self.of_kind[self.kind_row[kind]]) for kind in self.negative_kinds}

    @cached_property
    def kind_row(self) -> dict[str, int]:
        """Row of each kind of event."""
        return {name: row for row, name in enumerate(self.kind_names)}

    def undated(
        self, values: Float[np.ndarray, "*event"], kinds: Int[np.ndarray, "*event"]
    ) -> Float[np.ndarray, "*event"]:
        """Confidence before age."""
        known = np.concatenate([self.of_kind, [1.0]])  # row -1: no kind, or a new one
        return known[kinds] * value_confidence(values, self.value_weight)

    def of_age(self, ages: Float[np.ndarray, "*event"]) -> Float[np.ndarray, "*event"]:
        """ε + (1 − ε) ρ^age; 1 where age does not count."""
        if self.recency == "none":
            return np.ones(ages.shape)
        return self.eps + (1 - self.eps) * self.rho**ages
