"""Choices of `SASRec`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from metarec.contracts import DataError
from metarec.contracts.settings import Count, NotNegative, Part, Positive, Settings
from metarec.training.optimiser_config import OptimiserConfig

PASSES = 200
LEAST_STEPS, MOST_STEPS = 500, 40_000


@dataclass(frozen=True)
class SASRecConfig(Settings):
    """Choices of `SASRec`."""

    network: Literal["transformer", "gru", "lstm"] = "transformer"
    """What reads the history: a causal Transformer, or a recurrent network in the same frame."""
    d: Count = 64
    """Length of the item vectors and of all inner vectors; a multiple of `heads`."""
    layers: Count = 2
    """Blocks, or recurrent layers, one upon another."""
    heads: Count = 2
    """Heads of attention of a Transformer."""
    max_events: Count = 200
    """The newest events that are read of a history; training reads random stretches of as many."""
    dropout: Part = 0.2
    """Share of inner numbers set to 0 in training; sparse shops want more."""
    learning_rate: Positive = 2e-3
    """Length of a step (AdamW), after a short rise."""
    weight_decay: NotNegative = 0.01
    """How fast weights that nothing asks for fall (AdamW): by this times the learning rate."""
    optimiser: OptimiserConfig | None = None
    """How steps are taken, in place of AdamW, `weight_decay` and a rise of at most 100 steps."""
    batch: Count = 3000
    """Events of one training step: as many people are drawn as have these on average."""
    negatives: Count = 1024
    """Items that compete with the next event, drawn for a step and shared by its people; with as
    many as have events it is the full softmax."""
    hidden: Part = 0.05
    """Share of items whose learned part is hidden in a step where there is content, so that content
    alone serves an item that nobody has touched."""
    steps: Count | None = None
    """Training steps at most; None: 200 passes over the people, at least 500 and at most 40,000."""
    patience: Count = 10
    """Judgements on validation without a better one that end training; 100 fill all its steps."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "d": (32, 64, 128),
        "layers": (1, 2, 3),
        "max_events": (50, 100, 200),
        "dropout": (0.1, 0.2, 0.3, 0.5),
        "learning_rate": (1e-3, 2e-3, 4e-3),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.network == "transformer" and self.d % self.heads:
            raise DataError(f"d must be a multiple of heads, got d={self.d}, heads={self.heads}")
        if self.optimiser is not None and self.weight_decay != type(self).weight_decay:
            raise DataError(
                "weight_decay is that of the usual AdamW; say optimiser.weight_decay in its place"
            )

    def n_steps(self, people: int, at_once: int) -> int:
        """Training steps at most, for so many people to learn from and so many of them a step."""
        if self.steps is not None:
            return self.steps
        return min(max(PASSES * -(-people // at_once), LEAST_STEPS), MOST_STEPS)
