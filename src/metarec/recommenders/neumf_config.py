"""Choices of `NeuMF`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from metarec.contracts.settings import Count, NotNegative, Positive
from metarec.recommenders.stepped import SteppedConfig


@dataclass(frozen=True)
class NeuMFConfig(SteppedConfig):
    """Choices of `NeuMF`; a step takes `batch` events."""

    factors: Count = 32
    """Length of the factors that are multiplied, and half of what the layers read of each side."""
    negatives: Count = 4
    """Items drawn for each event that its person did not take."""
    l2: NotNegative = 1e-5
    """Ridge penalty on the factors that a step meets."""
    batch: Count = 1024
    """Events of one training step."""
    learning_rate: Positive = 2e-3
    """Length of a step (Adam)."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "factors": (8, 16, 32, 64),
        "negatives": (2, 4, 8),
        "l2": (1e-6, 1e-5, 1e-4),
        "learning_rate": (5e-4, 1e-3, 2e-3, 5e-3),
    }
