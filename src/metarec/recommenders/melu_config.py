"""Choices of `MeLU`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from metarec.contracts.settings import Count, NotNegative, Positive
from metarec.recommenders.stepped import SteppedConfig

LAYERS = ("first.weight", "first.bias", "second.weight", "second.bias", "out.weight", "out.bias")
"""What is a person's own."""
PASSES = 30
"""Passes over all people, where nothing says how long (section 4.1 of the paper)."""


@dataclass(frozen=True)
class MeLUConfig(SteppedConfig):
    """Choices of `MeLU`, as its paper has them; a step takes `batch` people."""

    d: Count = 32
    """Length of the embedding of each column."""
    hidden: Count = 64
    """Width of each of the two decision layers."""
    inner_steps: Count = 1
    """Gradient steps that make a person's own decision layers."""
    inner_rate: NotNegative = 5e-6
    """Length of these steps."""
    queries: Count = 10
    """Ratings of a person that a training step asks for; half of them where there are few."""
    max_events: Count = 100
    """Ratings of one person that a step reads at most, drawn at random."""
    batch: Count = 32
    """People of one training step."""
    learning_rate: Positive = 5e-5
    """Length of a training step (Adam)."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "d": (8, 16, 32),
        "hidden": (32, 64),
        "inner_steps": (1, 2, 5),
        "inner_rate": (5e-6, 1e-3, 1e-2, 5e-2),
        "learning_rate": (5e-5, 5e-4, 2e-3),
    }

    def n_steps(self, units: int) -> int:
        """Training steps at most, for so many people to learn from."""
        return PASSES * -(-units // self.batch) if self.steps is None else self.steps
