"""A learned updater: an LSTM for each coordinate reads gradient and loss and writes the step.

As an optimiser (Andrychowicz et al. 2016) with the gate on the gradient of Ravi and Larochelle
(2017). Its forget gate is left out: w − m is read instead, and what is written can draw it back.
Gradients come scaled here, so they are read as sgn(g) log(1 + |g| / .01) / 5 and not in two parts.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from metarec.meta.updaters.anil import LastLayer
from metarec.meta.updaters.decision import Array, Dense
from metarec.meta.updaters.exploded import check_finite
from metarec.meta.updaters.inner_loop import InnerLoop
from metarec.meta.updaters.network_updater import Draw, NetworkUpdater, held, layers_at_start
from metarec.meta.updaters.task import Task

UNITS = 16
"""Of the LSTM."""
READ = 3
"""Numbers that a coordinate reads: its gradient, the loss, and how far it is from the prior."""
FINE, COARSE = 0.01, 5.0


class LearnedUpdater(NetworkUpdater):
    """w ← w − rate · 2σ(gate) ∂L/∂w + (1 − 1/s) step, a few times; gate and step are of one LSTM
    that reads each coordinate. It starts as ANIL; without an event s is 1, and w stays m."""

    @classmethod
    def begin(cls, d: int, loop: InnerLoop, draw: Draw) -> dict[str, Float[np.ndarray, "..."]]:
        """Plain gradient steps."""
        bias = np.zeros(4 * UNITS)
        bias[UNITS : 2 * UNITS] = 1.0  # what was is kept at first (Jozefowicz et al. 2015)
        return {
            **layers_at_start(d, loop.width, draw),
            "lstm": draw(READ + UNITS, 4 * UNITS) / (READ + UNITS) ** 0.5,
            "lstm_bias": bias,
            "gate": np.zeros(UNITS),
            "step": np.zeros(UNITS),
        }

    def decide(self, task: Task) -> Dense:
        """θ with the w that the written steps lead to."""
        layer, learned, xp = LastLayer.of(task, self.theta(task)), self.numbers, task.xp
        w, memory, said = task.mean, 0.0, None
        heard = held(1 - 1 / layer.bound, self.loop)[..., None]
        for step in range(1, self.loop.steps + 1):
            slope = held(layer.slope(w), self.loop)
            loss = held(layer.loss(w), self.loop)[..., None] + 0 * slope
            away = w - task.mean + 0 * slope
            read = xp.stack([scaled(xp, slope), scaled(xp, loss), away], -1)
            memory, said = recalled(xp, learned, read, memory, said)
            rate = self.loop.rate * 2 * sigmoid(xp, said @ learned["gate"])
            w = w - rate * slope + heard * (said @ learned["step"])
            check_finite(xp, step, w.sum(-1), self.loop.remedy)
        return layer.moved(w)


def recalled(
    xp: Any,
    learned: Any,
    read: Float[Array, "*person d read"],
    memory: Float[Array, "*person d unit"] | float,
    said: Float[Array, "*person d unit"] | None,
) -> tuple[Float[Array, "*person d unit"], Float[Array, "*person d unit"]]:
    """What the LSTM keeps and says after what each coordinate reads (None: it said nothing yet)."""
    gates = read @ learned["lstm"][:READ] + learned["lstm_bias"]
    if said is not None:
        gates = gates + said @ learned["lstm"][READ:]
    take, keep, show = (
        sigmoid(xp, gates[..., place * UNITS : (place + 1) * UNITS]) for place in range(3)
    )
    memory = keep * memory + take * xp.tanh(gates[..., 3 * UNITS :])
    return memory, show * xp.tanh(memory)


def scaled(xp: Any, numbers: Float[Array, "*row"]) -> Float[Array, "*row"]:
    """Numbers of any size as small ones, with their sign."""
    return xp.sign(numbers) * xp.log1p(abs(numbers) / FINE) / COARSE


def sigmoid(xp: Any, numbers: Float[Array, "*row"]) -> Float[Array, "*row"]:
    """1 / (1 + e⁻ˣ), by a function that does not overflow."""
    return 0.5 * (1 + xp.tanh(0.5 * numbers))
