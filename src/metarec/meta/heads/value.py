"""How will they like it: an expected rating."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import DataError, Event
from metarec.contracts.alignment import rated
from metarec.meta.features.terms import ItemTerms


@dataclass(frozen=True)
class ValueHead:
    """Ratings with Gaussian noise: y_j = o_j + φ_jᵀw + ε, ε ~ N(0, σ_j²)."""

    name: ClassVar[str] = "rating"
    predicts_ratings: ClassVar[bool] = True
    scale: tuple[float, float]
    """Smallest and largest rating."""
    variance_factor: float
    slope: ClassVar[float] = 1.0

    def check(self, event: Event) -> Event:
        """The event; its rating must be told and lie inside the scale."""
        low, high = self.scale
        if event.value is None:
            raise DataError(
                f"the model was fitted to ratings, so the event on {event.item!r} needs one: "
                f"{rated(event.item)} with a value from {low:g} to {high:g}"
            )
        if not low <= event.value <= high:
            raise DataError(
                f"the rating of {event.item!r} must be from {low:g} to {high:g}, "
                f"got {event.value:g}"
            )
        return event

    def targets(
        self, values: Float[np.ndarray, "*event"], offsets: Float[np.ndarray, "*event"]
    ) -> Float[np.ndarray, "*event"]:
        """The rating beyond the item's own level."""
        return values - offsets

    def precisions(
        self, confidence: Float[np.ndarray, "*event"], noise: Float[np.ndarray, "*event"]
    ) -> Float[np.ndarray, "*event"]:
        """Confidence over the item's noise."""
        return confidence / noise

    def scores(
        self, inner: Float[np.ndarray, "*item"], offsets: Float[np.ndarray, "*item"]
    ) -> Float[np.ndarray, "*item"]:
        """The expected rating, not held inside the scale."""
        return inner + offsets

    def shown(self, scores: Float[np.ndarray, "*item"]) -> Float[np.ndarray, "*item"]:
        """Ratings inside their scale."""
        return np.clip(scores, *self.scale)

    def stds(
        self,
        variance: Float[np.ndarray, "*item"],
        terms: ItemTerms,
        rows: Int[np.ndarray, "*item"],
    ) -> tuple[Float[np.ndarray, "*item"], Float[np.ndarray, "*item"]]:
        """Calibrated std of the expected rating, and of a rating that would be given."""
        expected = variance + terms.unsure[rows]
        factor = self.variance_factor
        return np.sqrt(factor * expected), np.sqrt(factor * (expected + terms.noise[rows]))
