"""Choices of `RecVAE`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from metarec.contracts.settings import Count, NotNegative, Part, Positive
from metarec.recommenders.stepped import SteppedConfig

ENCODER_PASSES = 3
"""Passes in which the encoder learns, to one of the decoder (section 4.1 of the paper)."""
EPSILON = 0.1
"""Added to the variance that a layer is divided by, as in the authors' code."""


@dataclass(frozen=True)
class RecVAEConfig(SteppedConfig):
    """Choices of `RecVAE`, as its authors' code has them; a step takes `batch` people."""

    hidden: Count = 600
    """Width of the five layers of the encoder."""
    factors: Count = 200
    """Length of what a history is drawn together to."""
    dropout: Part = 0.5
    """Share of a history that a step of the encoder leaves out of what is read."""
    gamma: NotNegative = 5e-3
    """Weight of the divergence from the prior, for each item of a history."""
    learning_rate: Positive = 5e-4
    """Length of a step (Adam)."""
    batch: Count = 500
    """People of one training step."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "hidden": (200, 600),
        "factors": (50, 100, 200),
        "dropout": (0.3, 0.5, 0.7),
        "gamma": (2e-3, 3.5e-3, 5e-3, 1e-2),
        "learning_rate": (2e-4, 5e-4, 1e-3),
    }
