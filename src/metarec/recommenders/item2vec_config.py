"""Choices of `Item2Vec`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from metarec.contracts.settings import Count, NotNegative, Positive, Weight
from metarec.recommenders.stepped import SteppedConfig


@dataclass(frozen=True)
class Item2VecConfig(SteppedConfig):
    """Choices of `Item2Vec`; a step takes `batch` pairs of items."""

    factors: Count = 64
    """Length of the vectors."""
    window: Count = 10
    """Places apart at which two events are a pair; without an order all of a history are."""
    negatives: Count = 10
    """Items drawn for each pair, with which its first item is none."""
    power: NotNegative = 0.5
    """They are drawn by their number of pairs to this power."""
    recency: Weight = 1.0
    """Weight of an event relative to the next newer one when scoring; 1 turns recency off."""
    learning_rate: Positive = 5e-3
    """Length of a step (Adam)."""
    batch: Count = 4096
    """Pairs of one training step."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "factors": (32, 64, 128),
        "window": (2, 5, 10, 20),
        "negatives": (5, 10, 20),
        "power": (0.0, 0.25, 0.5, 0.75, 1.0),
        "recency": (0.6, 0.7, 0.8, 0.9, 0.95),
        "learning_rate": (1e-3, 5e-3, 1e-2),
    }
