"""Choices of `LightGCN`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from metarec.contracts.settings import Count, NotNegative, Part, Positive
from metarec.recommenders.stepped import SteppedConfig


@dataclass(frozen=True)
class LightGCNConfig(SteppedConfig):
    """Choices of `LightGCN`; a step takes `batch` events."""

    factors: Count = 64
    """Length of the factors."""
    layers: Count = 3
    """How often they are spread over the graph."""
    graph: NotNegative = 0.0
    """Weight of the entities of the shop's triples in the factors of items; 0 leaves them out."""
    masked: Part = 0.3
    """Share of the items that a step knows by their entities alone, where `graph` is above 0."""
    l2: NotNegative = 1e-4
    """Ridge penalty on the factors that a step meets."""
    learning_rate: Positive = 2e-2
    """Length of a step (Adam)."""
    batch: Count = 2048
    """Events of one training step."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "factors": (32, 64, 128),
        "layers": (1, 2, 3, 4),
        "l2": (1e-5, 1e-4, 1e-3),
        "learning_rate": (1e-3, 5e-3, 1e-2, 2e-2),
    }
