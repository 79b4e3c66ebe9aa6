"""From a training set to the frozen numbers of a sequence model: the part that needs PyTorch."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from metarec.contracts import DataError, Dataset, Episodes, Running
from metarec.recommenders.content import scaled
from metarec.recommenders.judging import judged_on
from metarec.recommenders.sasrec_config import SASRecConfig
from metarec.recommenders.sequence_batches import Sampler, Sequences, competing_chances
from metarec.recommenders.sequence_network import SequenceNetwork
from metarec.recommenders.sequence_training import train
from metarec.training.checkpoints import locked
from metarec.training.fingerprint import fingerprint_of
from metarec.training.run import Run, layers_from
from metarec.training.streams import Purpose, stream
from metarec.training.threads import limited

JUDGEMENTS = 100
"""Judgements on validation in a run of all its steps."""


@dataclass(frozen=True, eq=False)
class LearnedSequences:
    """What a fit found."""

    vectors: Float[np.ndarray, "item d"]
    known: Bool[np.ndarray, " item"]
    """The items whose vectors say something: those with events, or with content."""
    weights: Mapping[str, NDArray[Any]]
    """The rest of the network, by the names of its parts."""
    metrics: Mapping[str, Any]


def learn(
    data: Dataset,
    valid: Episodes | None,
    content: Float[np.ndarray, "item d_content"],
    config: SASRecConfig,
    running: Running,
) -> LearnedSequences:
    """Learn from `data`, stop on `valid`, or else on the last events of some people.

    The content is centred, and scaled to a mean square length of 1.
    """
    check_device(running.device)
    content = scaled(content)
    learned, judged = judged_on(data, valid, running.rng)
    learned = replace(learned, profiles=None, details=None)  # which no step reads
    sequences = Sequences(learned, data.event_kinds.foretold(learned), data.clock is not None)
    if not len(sequences.people):
        raise DataError("no event is to be foretold, so there is no next event to learn")
    at_once = sequences.people_at_once(config.batch, config.max_events + 1)
    steps = config.n_steps(len(sequences.people), at_once)
    sampler = Sampler(
        sequences,
        at_once,
        config.max_events,
        config.hidden if content.shape[1] else 0.0,
        competing_chances(sequences.counts, config.negatives),
    )
    run = Run.of(
        running,
        fingerprint=f"{fingerprint_of(data, judged, content, config)}:{running.device}",
        what="training SASRec",
        called="SASRec",
        patience=config.patience,
        judge_every=max(1, steps // JUDGEMENTS),
    )
    # PyTorch was loaded just now, so that what `fit` limits did not hold it
    with limited(running.threads), short_floats(running.device):
        network = _new_network(content, config, running)
        with locked(run.folder):
            mean = train(network, sampler, judged if len(judged) else None, config, run, steps)
    return _frozen(mean.cpu(), sequences.counts > 0, run)


def check_device(device: str) -> None:
    """Raises DataError for a device that is not there."""
    if device == "cuda" and not torch.cuda.is_available():
        raise DataError("device must be 'cpu' here: PyTorch finds no CUDA device")


def _new_network(content: np.ndarray, config: SASRecConfig, running: Running) -> SequenceNetwork:
    with layers_from(stream(running.rng, Purpose.NETWORK)):
        network = SequenceNetwork(torch.from_numpy(content.astype(np.float32)), config)
    return network.to(running.device)


@contextmanager
def short_floats(device: str) -> Iterator[None]:
    """Products of 32-bit floats may be rounded (TF32) on a GPU, and nowhere else."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if device == "cuda" else before)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@torch.no_grad()
def _frozen(
    network: SequenceNetwork, touched: Bool[np.ndarray, " item"], run: Run
) -> LearnedSequences:
    rows, residual = torch.arange(len(touched)), torch.from_numpy(touched).float()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    for name in ("residual", "map"):  # all that they say is in the vectors
        del weights[name]
    known = touched | (network.content.abs().sum(1) > 0).numpy()
    return LearnedSequences(
        network.vectors(rows, residual).numpy(),
        known,
        weights,
        {
            "steps": run.step,
            "best_step": run.best_step,
            "valid_loss": run.best if run.judged else None,
            "cut_by_time": run.cut_by_time,
        },
    )
