"""Choices of `MultVAE`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from metarec.contracts.settings import Count, NotNegative, Part, Share
from metarec.recommenders.stepped import SteppedConfig


@dataclass(frozen=True)
class MultVAEConfig(SteppedConfig):
    """Choices of `MultVAE`; a step takes `batch` people."""

    hidden: Count = 600
    """Width of the layer on each side."""
    factors: Count = 200
    """Length of what a history is drawn together to."""
    dropout: Part = 0.5
    """Share of a history that a step leaves out of what is read."""
    beta: NotNegative = 0.2
    """Weight of the divergence from the prior, once it has risen."""
    anneal: Share = 0.5
    """Share of the steps in which that weight rises from 0."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "hidden": (200, 600),
        "factors": (50, 100, 200),
        "dropout": (0.3, 0.5, 0.7),
        "beta": (0.1, 0.2, 0.5, 1.0),
        "learning_rate": (3e-4, 1e-3, 3e-3),
    }
