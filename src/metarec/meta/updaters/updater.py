"""The seam between what is shared and what is a person's own."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from metarec.meta.features.terms import ItemTerms
from metarec.posterior import Prior, Statistics


@dataclass(frozen=True, eq=False)
class Support:
    """Events to adapt on, of one person or padded of many; an event of precision 0 is padding.

    `rows` and `targets` may have a 1 in an axis of people where `precisions` has more: people who
    share their events, and differ in which of them count.
    """

    rows: Int[np.ndarray, "*#person event"]
    """The events' items, as rows of the terms."""
    targets: Float[np.ndarray, "*#person event"]
    """What φᵀw is to explain of each event."""
    precisions: Float[np.ndarray, "*person event"]


class Adapted(Protocol):
    """The shared numbers after one support, or many."""

    def scores(
        self, rows: Int[np.ndarray, "*person item"] | None = None
    ) -> Float[np.ndarray, "*person item"]:
        """φᵀw of the items in these rows of the terms; None stands for all rows."""
        ...

    def variance(self, rows: Int[np.ndarray, "*person item"]) -> Float[np.ndarray, "*person item"]:
        """How unsure φᵀw is of each; NaN for an updater that does not know."""
        ...

    def shares(
        self, rows: Int[np.ndarray, " item"], support: Support
    ) -> Float[np.ndarray, "item event"]:
        """What each event of one person's support moved φᵀw of each item, summing to all that it
        moved; raises UnsupportedError for an updater that cannot tell."""
        ...

    def covariance(self) -> Float[np.ndarray, "*person d d"]:
        """The covariance of the weights; raises UnsupportedError where there is none."""
        ...

    def draw(
        self, rows: Int[np.ndarray, " item"], n: int, rng: np.random.Generator
    ) -> Float[np.ndarray, "draw item"]:
        """φᵀ(w − w̄) of each item for `n` weights drawn from what is believed of one person; NaN
        for an updater that knows no distribution."""
        ...


class Updater(Protocol):
    """How the events of a person change the prior."""

    reads: ClassVar[tuple[str, ...]]
    """The settings that it reads, of those that are for updaters alone."""
    own_units: ClassVar[bool]
    """Whether it gives each person hidden units of their own: answers take more memory."""
    items_stay: ClassVar[bool]
    """Whether training learns the updater alone, and nothing of items and events."""

    @property
    def knows_variance(self) -> bool:
        """False where the variance of what is adapted is NaN."""
        ...

    def adapt(self, terms: ItemTerms, support: Support, prior: Prior) -> Adapted:
        """What is believed after the support, for one person or many."""
        ...


@runtime_checkable
class Additive(Updater, Protocol):
    """An updater that knows all of a support by sums over its events, so that one more event is an
    addition."""

    def gather(self, terms: ItemTerms, support: Support) -> Statistics:
        """The sums."""
        ...

    def adapt_from(self, terms: ItemTerms, statistics: Statistics, prior: Prior) -> Adapted:
        """What is believed after the events in these sums."""
        ...
