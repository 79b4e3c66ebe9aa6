"""Will they take it: a logit over the catalogue."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import DataError, Event
from metarec.meta.features.terms import ItemTerms


@dataclass(frozen=True)
class ChoiceHead:
    """Every event says 1 of φᵀw, the prior says 0 of all items a little (Hu, Koren and Volinsky
    2008); the logit is κ φᵀw + o."""

    name: ClassVar[str] = "implicit"
    predicts_ratings: ClassVar[bool] = False
    kappa: float
    variance_factor: float
    other_variance: float = 0.0
    """Of the logit, beside that of taste; the same of all items."""

    @property
    def slope(self) -> float:
        """κ."""
        return self.kappa

    def check(self, event: Event) -> Event:
        """The event with its weight, 1 where none is told; a weight must be above 0."""
        weighed = event.weighed()
        if weighed.value is None or not weighed.value > 0:
            raise DataError(
                f"the weight of an event must be above 0, got {event.value:g} for "
                f"{event.item!r}; leave out what did not happen"
            )
        return weighed

    def targets(
        self, values: Float[np.ndarray, "*event"], offsets: Float[np.ndarray, "*event"]
    ) -> Float[np.ndarray, "*event"]:
        """1 of every event: it happened."""
        return np.ones_like(values)

    def precisions(
        self, confidence: Float[np.ndarray, "*event"], noise: Float[np.ndarray, "*event"]
    ) -> Float[np.ndarray, "*event"]:
        """The confidence itself: an event has no noise of its own."""
        return confidence

    def scores(
        self, inner: Float[np.ndarray, "*item"], offsets: Float[np.ndarray, "*item"]
    ) -> Float[np.ndarray, "*item"]:
        """The logit."""
        logits = self.kappa * inner
        logits += offsets
        return logits

    def shown(self, scores: Float[np.ndarray, "*item"]) -> Float[np.ndarray, "*item"]:
        """The logits as they are."""
        return scores

    def stds(
        self,
        variance: Float[np.ndarray, "*item"],
        terms: ItemTerms,
        rows: Int[np.ndarray, "*item"],
    ) -> tuple[Float[np.ndarray, "*item"], Float[np.ndarray, "*item"]]:
        """Calibrated std of the logit; what would be observed has none, so NaN."""
        std = np.sqrt(self.kappa**2 * self.variance_factor * variance + self.other_variance)
        return std, np.full(std.shape, np.nan)
