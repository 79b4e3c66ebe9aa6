"""A conditional neural process (Garnelo et al. 2018): an encoder of the set of events says w."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from metarec.meta.updaters.decision import Dense, along, relu, squares, summed
from metarec.meta.updaters.exploded import check_finite
from metarec.meta.updaters.inner_loop import InnerLoop
from metarec.meta.updaters.network_updater import (
    Draw,
    NetworkUpdater,
    layers_at_start,
)
from metarec.meta.updaters.task import Task

TINY = 1e-9


class NeuralProcess(NetworkUpdater):
    """w = m + gain · z + G relu(K [z; g]), where z and g are pooled over a person's events.

    An event is the direction of x and r = t − f₀(x), what is surprising of it: z = Σ_j b_j r_j h_j
    / s is a step down the gradient, and g = Σ_j b_j relu(E [x_j / ‖x_j‖; r_j]) / (1 + Σ_j b_j).
    It starts as the step alone. Without an event w is m.
    """

    reads: ClassVar[tuple[str, ...]] = ("decision_width",)

    @classmethod
    def begin(cls, d: int, loop: InnerLoop, draw: Draw) -> dict[str, Float[np.ndarray, "..."]]:
        """One gradient step, and an encoder that says nothing yet."""
        width = loop.width
        return {
            **layers_at_start(d, width, draw),
            "E": draw(width, d + 1) / (d + 1) ** 0.5,
            "K": draw(width, d + width) / (d + width) ** 0.5,
            "G": np.zeros((d, width)),
            "gain": np.ones(d),
        }

    def decide(self, task: Task) -> Dense:
        """θ with the w that the encoder says."""
        start, learned = self.theta(task), self.numbers
        events = task.events.seen_by(start)
        b = task.events.weights
        surprise = task.events.targets - along(events.features, start.w)
        bound = 1 + events.curvature_of_weights()
        z = summed(events.features, b * surprise) / bound[..., None]
        x = task.events.x
        direction = x / (squares(x) + TINY)[..., None] ** 0.5
        d = x.shape[-1]
        told = direction @ learned["E"][:, :d].T + surprise[..., None] * learned["E"][:, d]
        g = summed(relu(told), b) / (1 + b.sum(-1))[..., None]
        units = relu(z @ learned["K"][:, :d].T + g @ learned["K"][:, d:].T)
        w = task.mean + learned["gain"] * z + units @ learned["G"].T
        check_finite(task.xp, 1, w.sum(-1), "look at the values of the events, and fit again")
        return Dense(start.A, start.B, w)
