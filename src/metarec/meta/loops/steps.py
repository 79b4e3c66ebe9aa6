"""The random choices of one training step: users, episodes, and what is hidden."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from metarec.meta.config import MetaConfig
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes
from metarec.meta.network import HeartNetwork
from metarec.meta.updaters.exploded import Exploded
from metarec.training.optimiser import optimiser_of, rate_of
from metarec.training.optimiser_config import OptimiserConfig
from metarec.training.run import Run

PROFILE_DROPOUT = 0.1
"""Share of users whose profile is hidden in a step, so that people without one are served too."""
Batch = TypeVar("Batch")
Sampler = Callable[[Int[np.ndarray, " person"], np.random.Generator], Batch]
"""Draws a batch of episodes of these users."""


@dataclass(frozen=True, eq=False)
class Step(Generic[Batch]):
    """One training step's random choices."""

    batch: Batch
    users: Int[np.ndarray, " person"]
    """Rows of the profiles; -1 where a profile is hidden in this step."""
    z: Float[Tensor, " item"]
    dropout: torch.Generator
    drawn: Int[np.ndarray, " person"] | None = None
    """Whose episodes these are, hidden profile or not."""

    def whose(self, rows: Int[np.ndarray, " row"]) -> Int[np.ndarray, " row"] | None:
        """Whose episodes some rows of the batch are."""
        return None if self.drawn is None else self.drawn[rows]


def begun(
    network: HeartNetwork,
    inputs: Inputs,
    valid: PaddedEpisodes | None,
    config: MetaConfig,
    run: Run,
) -> tuple[torch.optim.Optimizer, Callable[[np.random.Generator], Step[Any]]]:
    """The optimiser and the draws of a run, which stands at its head's start or at the checkpoint
    that was found."""
    optimizer = optimiser_of(config.optimiser or OptimiserConfig(), network.groups())
    run.attach(network, optimizer)
    episodes = network.head.sampler(inputs, config)

    def sample(rng: np.random.Generator) -> Step[Any]:
        return draw_step(inputs, config, rng, episodes)

    if run.step == 0 and not run.judged and not network.settled:
        network.head.begin(network, inputs, valid, config, run, sample)
    elif run.step == 0 and not run.judged and valid is not None:
        run.judge(network.head.judge(network, inputs, valid, config))
    return optimizer, sample


def rate_now(config: MetaConfig, run: Run) -> float:
    """The learning rate of the step that the run is at."""
    how = config.optimiser or OptimiserConfig()
    return rate_of(how, run.step, config.n_steps, config.learning_rate)


@contextmanager
def named(run: Run, inputs: Inputs) -> Iterator[None]:
    """Tells of an inner loop that explodes in which step of training, and on whose events; of
    weights with which nobody can be adapted, what to do."""
    try:
        yield
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise run.diverged("people's equations have no solution any more") from error
    except Exploded as error:
        raise error.of(f"training step {run.step}, {inputs.named(error.user)}") from error


def draw_step(
    inputs: Inputs,
    config: MetaConfig,
    rng: np.random.Generator,
    sample: Sampler[Batch],
) -> Step[Batch]:
    """Random users, the batch that `sample` draws for them, and what is hidden in the step."""
    users = rng.choice(inputs.users, size=config.batch_users)
    batch = sample(users, rng)
    z = mask_residuals(inputs.touched, rng, config)
    hidden = rng.random(len(users)) < PROFILE_DROPOUT
    return Step(batch, np.where(hidden, -1, users), z, torch_seed(rng), users)


def torch_seed(rng: np.random.Generator) -> torch.Generator:
    """A PyTorch generator that follows from `rng`."""
    return torch.Generator().manual_seed(int(rng.integers(2**62)))


def mask_residuals(
    touched: Float[Tensor, " item"], rng: np.random.Generator, config: MetaConfig
) -> Float[Tensor, " item"]:
    """z of one step: 1 for items whose residuals are used, 0 for hidden and untouched ones."""
    if rng.random() < config.all_masked:
        return torch.zeros_like(touched)
    kept = torch.from_numpy(rng.random(len(touched)) >= config.masked)
    return touched * kept


def query_weights(
    asked: Bool[np.ndarray, "user event"], config: MetaConfig
) -> Float[Tensor, "user event"]:
    """What each query event counts in the loss: n to the power −evenness for one of a user's n."""
    n = np.maximum(asked.sum(axis=1, keepdims=True), 1).astype(np.float64)
    return torch.from_numpy(asked * n**-config.evenness).float()
