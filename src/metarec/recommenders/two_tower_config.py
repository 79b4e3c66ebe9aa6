"""Choices of `TwoTower`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from metarec.contracts.settings import Count, NotNegative, Part, Positive, Weight
from metarec.recommenders.stepped import SteppedConfig


@dataclass(frozen=True)
class TwoTowerConfig(SteppedConfig):
    """Choices of `TwoTower`; a step takes `batch` people, and what they took competes."""

    d: Count = 64
    """Length of the vectors of people and items."""
    dropout: Part = 0.3
    """Share of a person's items that a step leaves out of what is read."""
    hidden: Part = 0.1
    """Share of items whose learned part is hidden in a step where there is content, so that content
    alone serves an item that nobody has touched."""
    weight_decay: NotNegative = 0.1
    """Ridge penalty on the vectors that a step meets, over their number."""
    recency: Weight = 1.0
    """Weight of an event relative to the next newer one when scoring; 1 turns recency off."""
    learning_rate: Positive = 3e-3
    """Length of a step (Adam)."""
    batch: Count = 256
    """People of one training step."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "d": (32, 64, 128),
        "dropout": (0.1, 0.3, 0.5),
        "weight_decay": (0.01, 0.03, 0.1, 0.3),
        "recency": (0.6, 0.7, 0.8, 0.9, 0.95),
        "learning_rate": (1e-3, 3e-3, 1e-2),
    }
