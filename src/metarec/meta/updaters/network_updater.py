"""What all updaters share that adapt a decision network: how they are learned, served and saved."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import UnsupportedError
from metarec.contracts.pieces import pieces
from metarec.meta.features.terms import ROW_BLOCK, ItemTerms
from metarec.meta.updaters.decision import Array, Decision, Dense
from metarec.meta.updaters.exploded import Exploded
from metarec.meta.updaters.inner_loop import INNER, InnerLoop
from metarec.meta.updaters.task import Task
from metarec.meta.updaters.updater import Support
from metarec.posterior import Prior

CELLS_AT_ONCE = 2_000_000
"""Numbers of one kind held at once while many people are adapted or answered (16 MB)."""
Draw = Callable[..., Float[np.ndarray, "..."]]
"""Standard normal numbers of a shape."""
SMALL = 0.3
"""Of random weights, as those of content: smaller the more of them add up."""


@dataclass(frozen=True, eq=False)
class NetworkAdapted:
    """The decision of a person, or of many, and how sure it is."""

    name: str
    terms: ItemTerms
    decision: Decision
    spread: Float[np.ndarray, "*person"]
    """The variance of the expected value, the same of all items; NaN where it is not known."""

    def scores(
        self, rows: Int[np.ndarray, "*person item"] | None = None
    ) -> Float[np.ndarray, "*person item"]:
        """f of the items in these rows of the terms; None stands for all rows."""
        features = self.terms.features
        if rows is not None:
            return np.asarray(self.decision.scores(features[rows]))
        people = self.spread.size if self.decision.A.ndim > 2 else 1
        width = people * self.decision.A.shape[-2] * ROW_BLOCK
        told = [
            self.decision.scores_of_all(features[block.start * ROW_BLOCK : block.stop * ROW_BLOCK])
            for block in pieces(len(features) // ROW_BLOCK, width, CELLS_AT_ONCE)
        ]
        return np.concatenate(told, axis=-1)

    def variance(self, rows: Int[np.ndarray, "*person item"]) -> Float[np.ndarray, "*person item"]:
        """v₀ / (1 + Σ_j b_j / n₀), of every item alike."""
        return np.broadcast_to(self.spread[..., None], rows.shape).copy()

    def shares(self, rows: Int[np.ndarray, " item"], support: Support) -> NoReturn:
        """Steps of a network do not add up over events."""
        raise UnsupportedError(
            f"a model with updater={self.name!r} cannot tell what each event moved, as its steps "
            'do not add up over events; fit one with updater="ClosedForm" to explain'
        )

    def draw(
        self, rows: Int[np.ndarray, " item"], n: int, rng: np.random.Generator
    ) -> Float[np.ndarray, "draw item"]:
        """NaN: steps of a network end at one decision."""
        return np.full((n, len(rows)), np.nan)

    def covariance(self) -> NoReturn:
        """There is none of a network."""
        raise UnsupportedError(
            f"a model with updater={self.name!r} knows no covariance of what a person likes, so it "
            'cannot tell what to ask; fit one with updater="ClosedForm"'
        )


@dataclass(frozen=True, eq=False)
class NetworkUpdater(ABC):
    """An updater that changes a decision network by a person's events.

    Its arrays are of NumPy where people are served and of PyTorch in training, where
    `metarec.meta.updaters.training` holds them as parameters: one definition does both.
    """

    reads: ClassVar[tuple[str, ...]] = tuple(INNER)
    own_units: ClassVar[bool] = False
    items_stay: ClassVar[bool] = False

    numbers: Mapping[str, Array]
    """What training learns, by its name."""
    landmarks: Float[Array, "landmark d"]
    """φ of the items that shall keep their scores; none for a head that does not ask it."""
    scales: tuple[Array | float, Array | float]
    """λ and α of the prior."""
    loop: InnerLoop
    spread: tuple[float, float] = (float("nan"), 1.0)
    """v₀ and n₀ of the variance; NaN where nothing tells."""

    @classmethod
    @abstractmethod
    def begin(cls, d: int, loop: InnerLoop, draw: Draw) -> dict[str, Float[np.ndarray, "..."]]:
        """The numbers before training."""

    @abstractmethod
    def decide(self, task: Task) -> Dense:
        """θ after the events of each person."""

    @classmethod
    def adapted_numbers(cls, d: int, loop: InnerLoop) -> int:
        """How many numbers are a person's own, where an item has `d` features: w, or all layers."""
        return d + 2 * loop.width * d if cls.own_units else d

    @property
    def knows_variance(self) -> bool:
        """False of a head whose loss does not ask how sure the updater is."""
        return not np.isnan(self.spread[0])

    def theta(self, task: Task) -> Dense:
        """θ of everyone, before any event."""
        learned = self.numbers
        return Dense(learned["A"], learned["B"], task.mean)

    def width(self, n_events: int) -> int:
        """Numbers of one kind that are held while one person with so many events is adapted."""
        return self.loop.width * (n_events + len(self.landmarks) + 4 * self.landmarks.shape[-1])

    def adapt(self, terms: ItemTerms, support: Support, prior: Prior) -> NetworkAdapted:
        """The decision after the support, for one person or many."""
        b, (v, n) = support.precisions, self.spread
        spread = np.asarray(v / (1 + b.sum(axis=-1) / n))
        if b.ndim == 1 or not len(b):
            parts = [self._decided(terms, support, prior)]
        else:
            cut = pieces(len(b), self.width(b.shape[-1]), CELLS_AT_ONCE)
            parts = [self._decided(terms, *some(part, support, prior), part.start) for part in cut]
        decision = parts[0] if len(parts) == 1 else joined(np, parts)
        return NetworkAdapted(type(self).__name__, terms, decision, spread)

    def _decided(
        self, terms: ItemTerms, support: Support, prior: Prior, first: int = 0
    ) -> Decision:
        """The decision of some people, the first of whom is in this row of all."""
        task = Task.of(
            np,
            prior.mean,
            terms.features[support.rows],
            support.targets,
            support.precisions,
            self.landmarks,
            self.scales,
        )
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return self.decide(task).decision(task.whitening)
        except Exploded as error:
            error.person += first
            raise


def layers_at_start(d: int, width: int, draw: Draw) -> dict[str, Float[np.ndarray, "..."]]:
    """A linear score, and hidden units that say nothing yet."""
    return {
        "A": SMALL / d**0.5 * draw(width, d),
        "B": np.zeros((d, width)),
    }


def held(slope: Array, loop: InnerLoop) -> Array:
    """The gradient; of the first order a plain number, of which training asks no derivative."""
    return slope.detach() if loop.first_order and hasattr(slope, "detach") else slope


def some(part: slice, support: Support, prior: Prior) -> tuple[Support, Prior]:
    """A part of the people; what they share stays as it is."""
    columns = (support.rows, support.targets, support.precisions)
    own = (column if len(column) == 1 else column[part] for column in columns)
    mean = prior.mean if prior.mean.ndim == 1 else prior.mean[part]
    return Support(*own), Prior(mean, prior.precision)


def joined(xp: Any, parts: Sequence[Decision]) -> Decision:
    """The decisions of all parts; what is one for all stays so."""

    def column(name: str, axes: int) -> Array:
        own = [getattr(part, name) for part in parts]
        return own[0] if own[0].ndim == axes else xp.concatenate(own)

    return Decision(column("v", 1), column("A", 2), column("q", 1))
