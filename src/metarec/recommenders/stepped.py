"""Choices of how a row is trained step by step, the same for each that is."""

from dataclasses import dataclass

from metarec.contracts.settings import Count, Positive, Settings
from metarec.training.optimiser_config import OptimiserConfig

PASSES = 200
USUAL = OptimiserConfig(schedule="constant", warm_up=0.0)
LEAST_STEPS, MOST_STEPS = 500, 40_000


@dataclass(frozen=True)
class SteppedConfig(Settings):
    """How it is trained; each row says in its docstring what a step takes."""

    learning_rate: Positive = 1e-3
    """Length of a step, or of the longest."""
    optimiser: OptimiserConfig | None = None
    """How steps are taken; None is Adam with steps of one length."""
    batch: Count = 100
    """People, or events, of one training step."""
    steps: Count | None = None
    """Training steps at most; None: 200 passes, at least 500 and at most 40,000."""
    patience: Count = 20
    """Judgements on validation without a better one that end training; 100 fill all its steps."""

    def n_steps(self, units: int) -> int:
        """Training steps at most, for so many people or events to learn from."""
        if self.steps is not None:
            return self.steps
        return min(max(PASSES * -(-units // self.batch), LEAST_STEPS), MOST_STEPS)
