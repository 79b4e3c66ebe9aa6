"""Reptile (Nichol, Achiam and Schulman 2018): MAML's steps, learned without a gradient of them."""

import numpy as np
from jaxtyping import Float

from metarec.meta.config import InnerLoop
from metarec.meta.updaters.decision import LAYERS, Dense
from metarec.meta.updaters.maml import descended, numbers_of_layers
from metarec.meta.updaters.network_updater import Draw, NetworkUpdater, layers_at_start
from metarec.meta.updaters.task import Task


class Reptile(NetworkUpdater):
    """θ ← θ − rate · ∂L/∂θ, a few times, from a θ that training moves towards what people's
    events lead to (`metarec.meta.loops.reptile`)."""

    @classmethod
    def begin(cls, d: int, loop: InnerLoop, draw: Draw) -> dict[str, Float[np.ndarray, "..."]]:
        """The layers alone."""
        return layers_at_start(d, loop.width, draw)

    @staticmethod
    def adapted_numbers(d: int, loop: InnerLoop) -> int:
        """Those of all layers."""
        return numbers_of_layers(d, loop)

    def decide(self, task: Task) -> Dense:
        """The θ that the steps lead to."""
        return descended(task, self.theta(task), dict.fromkeys(LAYERS, self.loop.rate), self.loop)
