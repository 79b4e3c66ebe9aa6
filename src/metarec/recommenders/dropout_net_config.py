"""Choices of `DropoutNet`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from metarec.contracts.settings import Count, Part, Positive, Weight
from metarec.recommenders.stepped import SteppedConfig


@dataclass(frozen=True)
class DropoutNetConfig(SteppedConfig):
    """Choices of `DropoutNet`; a step takes `batch` people and as many items."""

    factors: Count = 64
    """Length of the factors, and of what each side's network answers."""
    alpha: Positive = 10.0
    """Confidence of an event beyond that of a missing one, of the factors."""
    l2: Positive = 10.0
    """Ridge penalty of the factors."""
    hidden: Count = 128
    """Width of the layer of each side."""
    dropout: Part = 0.5
    """Share of people, and of items, whose factors are hidden in a step."""
    recency: Weight = 1.0
    """Weight of an event relative to the next newer one when scoring; 1 turns recency off."""
    batch: Count = 200
    """People, and items, of one training step."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "factors": (32, 64, 128),
        "alpha": (1.0, 3.0, 10.0, 30.0),
        "l2": (3.0, 10.0, 30.0, 100.0),
        "hidden": (64, 128, 256),
        "dropout": (0.2, 0.5, 0.8),
        "recency": (0.6, 0.7, 0.8, 0.9, 0.95),
        "learning_rate": (3e-4, 1e-3, 3e-3),
    }
