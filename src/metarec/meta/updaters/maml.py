"""MAML: gradient steps on all layers (Finn, Abbeel and Levine 2017); Meta-SGD, which learns how far
each number steps (Li, Zhou, Chen and Li 2017); and Reptile, whose training asks no gradient of the
steps (Nichol, Achiam and Schulman 2018)."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from metarec.meta.updaters.decision import LAYERS, Array, Dense
from metarec.meta.updaters.exploded import check_finite
from metarec.meta.updaters.inner_loop import InnerLoop
from metarec.meta.updaters.network_updater import Draw, NetworkUpdater, held, layers_at_start
from metarec.meta.updaters.task import Task


class MAML(NetworkUpdater):
    """θ ← θ − rate · ∂L/∂θ, a few times."""

    own_units: ClassVar[bool] = True

    @classmethod
    def begin(cls, d: int, loop: InnerLoop, draw: Draw) -> dict[str, Float[np.ndarray, "..."]]:
        """The layers alone."""
        return layers_at_start(d, loop.width, draw)

    def decide(self, task: Task) -> Dense:
        """The θ that the steps lead to."""
        return descended(task, self.theta(task), dict.fromkeys(LAYERS, self.loop.rate), self.loop)


class MetaSGD(NetworkUpdater):
    """MAML with a learned rate for each number of θ."""

    own_units: ClassVar[bool] = True

    @classmethod
    def begin(cls, d: int, loop: InnerLoop, draw: Draw) -> dict[str, Float[np.ndarray, "..."]]:
        """The layers, and all rates alike."""
        layers = layers_at_start(d, loop.width, draw)
        shapes = {**{layer: numbers.shape for layer, numbers in layers.items()}, "w": (d,)}
        rates = {f"rate_{layer}": np.full(shape, loop.rate) for layer, shape in shapes.items()}
        return {**layers, **rates}

    def decide(self, task: Task) -> Dense:
        """The θ that the steps lead to."""
        rates = {layer: self.numbers[f"rate_{layer}"] for layer in LAYERS}
        return descended(task, self.theta(task), rates, self.loop)


class Reptile(MAML):
    """MAML's steps, from a θ that training moves towards where people's events lead
    (`metarec.meta.loops.reptile`)."""

    reads: ClassVar[tuple[str, ...]] = ("inner_steps", "inner_rate", "decision_width")
    items_stay: ClassVar[bool] = True


def descended(
    task: Task, start: Dense, rates: Mapping[str, Array | float], loop: InnerLoop
) -> Dense:
    """θ after the steps of the loop down the gradient of the inner loss, each layer by its rate."""
    theta, unmoved = start, task.unmoved(start)
    for step in range(1, loop.steps + 1):
        slope = task.slope(theta, unmoved)
        theta = Dense(
            *(
                getattr(theta, layer) - rates[layer] * held(getattr(slope, layer), loop)
                for layer in LAYERS
            )
        )
        check_finite(task.xp, step, total(theta), loop.remedy)
    return theta


def total(theta: Dense) -> Float[Array, "*person"]:
    """The sum of a person's numbers, which is finite if all of them are."""
    return theta.A.sum((-1, -2)) + theta.B.sum((-1, -2)) + theta.w.sum(-1)
