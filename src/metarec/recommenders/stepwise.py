"""From a training set to the frozen numbers of a row that is trained step by step, in PyTorch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor, nn

from metarec.contracts import DataError, Dataset, Episodes, Histories, Running
from metarec.recommenders.judging import judged_on, list_loss
from metarec.recommenders.stepped import USUAL, SteppedConfig
from metarec.recommenders.weights import Weights
from metarec.training.checkpoints import locked
from metarec.training.fingerprint import fingerprint_of
from metarec.training.optimiser import descend, optimiser_of, rate_of
from metarec.training.run import Run, layers_from
from metarec.training.streams import Purpose, stream
from metarec.training.threads import limited

JUDGEMENTS = 100
"""Judgements on validation in a run of all its steps."""
Score = Callable[[Weights, Histories], Float[np.ndarray, "person item"]]
Judge = Callable[[Weights, Episodes, Bool[np.ndarray, " item"]], float]
"""How bad weights are on episodes; the mask is of the items that were learned."""


class Learner(Protocol):
    """A network, what its steps read, and what they lower."""

    @property
    def network(self) -> nn.Module:
        """What is trained."""

    @property
    def units(self) -> int:
        """People or events of one pass over the data."""

    def draw(self, rng: np.random.Generator) -> Any:
        """What one step reads."""

    def loss(self, drawn: Any, share: float) -> Tensor:
        """What the step lowers; `share` of all steps are done."""

    def frozen(self) -> Weights:
        """The numbers that the row serves with, as NumPy arrays."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What a fit found."""

    touched: Bool[np.ndarray, " item"]
    weights: Weights
    metrics: Mapping[str, Any]
    judged: Episodes
    """What it was judged on; empty where there was nothing to hold out."""


def learn(
    data: Dataset,
    valid: Episodes | None,
    content: Float[np.ndarray, "item d_content"],
    config: SteppedConfig,
    running: Running,
    make: Callable[[Histories], Learner],
    judge: Judge,
) -> Learned:
    """Learn from `data`, stop on what `judge` says of `valid`, or else of the last events of some
    people. `make` begins with PyTorch's own generator seeded by the run.
    """
    learned, judged = judged_on(data, valid, running.rng)
    learned = replace(learned, profiles=None, details=None)  # which no step reads
    if not len(learned.items):
        raise DataError("there is no event to learn from")
    touched = np.bincount(learned.items, minlength=len(data.catalogue)) > 0
    with limited(running.threads):  # PyTorch was loaded just now
        with layers_from(stream(running.rng, Purpose.NETWORK)):
            learner = make(learned)
        steps = config.n_steps(learner.units)
        name = type(config).__name__.removesuffix("Config")
        run = Run.of(
            running,
            fingerprint=fingerprint_of(data, judged, content, config),
            what=f"training {name}",
            called=name,
            patience=config.patience,
            judge_every=max(1, steps // JUDGEMENTS),
        )
        with locked(run.folder):
            train(learner, judged, touched, config, run, steps, judge)
    return Learned(touched, learner.frozen(), run.facts(), judged)


def train(
    learner: Learner,
    judged: Episodes,
    touched: Bool[np.ndarray, " item"],
    config: SteppedConfig,
    run: Run,
    steps: int,
    judge: Judge,
) -> None:
    """Step by step; the best weights by what is served are kept."""
    network, how = learner.network, config.optimiser or USUAL
    optimizer = optimiser_of(how, [{"params": list(network.parameters()), "pace": 1.0}])
    run.attach(network, optimizer)
    for drawn in run.batches(learner.draw, steps):
        loss = learner.loss(drawn, run.step / steps)
        run.check(loss)
        rate = rate_of(how, run.step, steps, config.learning_rate)
        descend(network, optimizer, loss, rate)
        run.note(loss=loss.detach(), learning_rate=rate)
        if len(judged) and run.judges_now:
            run.judge(judge(learner.frozen(), judged, touched))
    run.restore_best()


def by_lists(score: Score) -> Judge:
    """By the lists that `score` serves."""
    return lambda weights, judged, touched: list_loss(partial(score, weights), judged, touched)


def numbers_of(network: nn.Module) -> dict[str, NDArray[Any]]:
    """Copies of all parameters by their names."""
    return {name: tensor.detach().numpy().copy() for name, tensor in network.named_parameters()}
