"""ANIL: gradient steps on the last layer alone (Raghu, Raghu, Bengio and Vinyals 2020)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from metarec.meta.updaters.decision import Array, Dense, along
from metarec.meta.updaters.exploded import check_finite
from metarec.meta.updaters.inner_loop import InnerLoop
from metarec.meta.updaters.network_updater import Draw, NetworkUpdater, held, layers_at_start
from metarec.meta.updaters.task import Task


@dataclass(frozen=True, eq=False)
class LastLayer:
    """The inner loss of a task as a function of w alone, where it is a square."""

    task: Task
    start: Dense
    features: Float[Array, "*#person event d"]
    curvature: Float[Array, "d d"]
    """Of the prior."""
    bound: Float[Array, "*person"]
    """s."""

    @classmethod
    def of(cls, task: Task, start: Dense) -> "LastLayer":
        """The layers below w stay as they are at the `start`."""
        seen = start.features(task.landmarks)
        curvature = task.ridge + task.pull * (seen.swapaxes(-1, -2) @ seen)
        events = task.events.seen_by(start)
        return cls(task, start, events.features, curvature, 1 + events.curvature_of_weights())

    def slope(self, w: Float[Array, "*#person d"]) -> Float[Array, "*person d"]:
        """The gradient of the inner loss in w, over s."""
        task = self.task
        told = task.events.slope_of_weights(self.features, w)
        return (told + (w - task.mean) @ self.curvature) / self.bound[..., None]

    def loss(self, w: Float[Array, "*#person d"]) -> Float[Array, "*person"]:
        """The inner loss, over s."""
        task, away = self.task, w - self.task.mean
        error = task.events.targets - along(self.features, w)
        told = (task.events.weights * error**2).sum(-1)
        return 0.5 * (told + ((away @ self.curvature) * away).sum(-1)) / self.bound

    def moved(self, w: Float[Array, "*person d"]) -> Dense:
        """θ with these weights."""
        return Dense(self.start.A, self.start.B, w)


class ANIL(NetworkUpdater):
    """w ← w − rate · ∂L/∂w, a few times; hidden units are everyone's."""

    @classmethod
    def begin(cls, d: int, loop: InnerLoop, draw: Draw) -> dict[str, Float[np.ndarray, "..."]]:
        """A linear score, and hidden units that say nothing yet."""
        return layers_at_start(d, loop.width, draw)

    def decide(self, task: Task) -> Dense:
        """θ with the w that the steps lead to."""
        layer = LastLayer.of(task, self.theta(task))
        w = task.mean
        for step in range(1, self.loop.steps + 1):
            w = w - self.loop.rate * held(layer.slope(w), self.loop)
            check_finite(task.xp, step, w.sum(-1), self.loop.remedy)
        return layer.moved(w)
