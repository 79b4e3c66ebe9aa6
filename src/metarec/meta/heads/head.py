"""What a head answers when people are served: plain functions of arrays."""

from typing import ClassVar, Protocol

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Event
from metarec.meta.features.terms import ItemTerms


class Head(Protocol):
    """What is foretold of an item, and what an event says of it."""

    name: ClassVar[str]
    """Its class of training set: the value kind of the data that it is learned from."""
    predicts_ratings: ClassVar[bool]

    @property
    def variance_factor(self) -> float:
        """Calibration: variances are multiplied by this; NaN while the head is not calibrated."""
        ...

    def check(self, event: Event) -> Event:
        """The event as it counts; raises DataError for a value that the head cannot take."""
        ...

    def targets(
        self, values: Float[np.ndarray, "*event"], offsets: Float[np.ndarray, "*event"]
    ) -> Float[np.ndarray, "*event"]:
        """What φᵀw is to explain of each event."""
        ...

    def precisions(
        self, confidence: Float[np.ndarray, "*event"], noise: Float[np.ndarray, "*event"]
    ) -> Float[np.ndarray, "*event"]:
        """What an event of this confidence weighs in the posterior."""
        ...

    def scores(
        self, inner: Float[np.ndarray, "*item"], offsets: Float[np.ndarray, "*item"]
    ) -> Float[np.ndarray, "*item"]:
        """The score of items of these φᵀw and offsets."""
        ...

    @property
    def slope(self) -> float:
        """How far the score moves with φᵀw."""
        ...

    def shown(self, scores: Float[np.ndarray, "*item"]) -> Float[np.ndarray, "*item"]:
        """Scores as a person sees them."""
        ...

    def stds(
        self,
        variance: Float[np.ndarray, "*item"],
        terms: ItemTerms,
        rows: Int[np.ndarray, "*item"],
    ) -> tuple[Float[np.ndarray, "*item"], Float[np.ndarray, "*item"]]:
        """Calibrated std of the expected value, and of what would be observed, of items of these
        variances of φᵀw."""
        ...
