"""One training run: its randomness, progress, checkpoints and early stopping, as one value.

A training loop uses it, and stays a loop that can be read:

    run.attach(network, optimizer)
    for batch in run.batches(sample, steps):
        ...
        if run.judges_now:
            run.judge(validation_loss())
    run.restore_best()

Every batch is drawn from a generator that depends on the seed and the step alone. So a run that was
killed at any moment continues from its last checkpoint to the same bits.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from metarec.contracts import DataError, DivergedError, Running, Tracker
from metarec.contracts.progress import progress_of
from metarec.contracts.wording import lower
from metarec.training.checkpoints import read_checkpoint, write_checkpoint
from metarec.training.streams import Purpose, stream

Batch = TypeVar("Batch")
NOTED_EVERY = 10
"""Steps between two whose numbers are written down."""


@dataclass
class Run:
    """The state of one training run; give it a folder to make it resumable."""

    rng: int = 0
    """Seed of everything random in the run."""
    folder: Path | None = None
    """Where checkpoints are written, a folder that is there; None keeps the run in memory only."""
    progress: bool = False
    what: str = "meta-training"
    """What is told of the work while it goes on."""
    called: str = "training"
    """Under what name numbers are written down."""
    tracker: Tracker | None = None
    """Where losses are written down."""
    time_s: float | None = None
    """Seconds of training after which no further step is begun; None: as long as it takes."""
    checkpoint_every_s: float = 30.0
    patience: int = 8
    judge_every: int = 100
    fingerprint: str = ""
    """Names the data and the configuration; a checkpoint of another one is refused."""
    step: int = 0
    """Steps done so far."""
    best: float = float("inf")
    best_step: int = 0
    judged: list[tuple[int, float]] = field(default_factory=list)
    """(step, validation loss) of every judgement."""
    cut_by_time: bool = False
    """True if training ended because its time was up."""
    _stale: int = 0
    _best_weights: dict[str, Tensor] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, running: Running, *, fingerprint: str, **how: Any) -> Self:
        """A run as the fit is run, of data and a configuration by their fingerprint; beside them
        it names the software: sums run in another order on another number of threads, or in
        another PyTorch."""
        return cls(
            rng=running.rng,
            folder=running.place,
            progress=running.progress,
            time_s=running.time_s,
            tracker=running.tracker,
            fingerprint=f"{fingerprint}:{torch.get_num_threads()}:{torch.__version__}",
            **how,
        )

    def attach(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """What the checkpoints hold; continues from the folder's checkpoint if there is one."""
        self._network, self._optimizer = network, optimizer
        found = None if self.folder is None else read_checkpoint(self.folder)
        if found is not None:
            record, arrays = found
            self._resume(record, {name: torch.from_numpy(a) for name, a in arrays.items()})

    @property
    def judges_now(self) -> bool:
        """True at the steps where the loop should judge itself on validation."""
        return self.step % self.judge_every == 0 or self.step == self._steps

    def batches(
        self, sample: Callable[[np.random.Generator], Batch], steps: int
    ) -> Iterator[Batch]:
        """One batch a step, from wherever the run stands, until `steps` or early stopping.

        Where the time is up before, the best so far is what was judged by then, so that a run that
        goes on another day comes to the same bits.
        """
        self._steps = steps
        started = saved = time.monotonic()
        with progress_of(self.what, steps, show=self.progress, done=self.step) as advance:
            try:
                while self.step < steps and self._stale < self.patience:
                    if self.time_s is not None and time.monotonic() - started > self.time_s:
                        self.cut_by_time = True
                        break
                    batch = sample(stream(self.rng, Purpose.STEP, self.step))
                    self.step += 1  # the step that the loop's body is about to do
                    self._in_step = True
                    yield batch
                    self._in_step = False
                    described = f"{self.what} (best {self.best:.4f})" if self.judged else None
                    advance(self.step, described)
                    if time.monotonic() - saved > self.checkpoint_every_s:
                        self.save()
                        saved = time.monotonic()
            finally:
                if not self._in_step:  # never a half-done step: its weights may be half-changed
                    self.save()

    _steps: int = 0
    _in_step: bool = False

    def note(self, **values: float | Tensor) -> None:
        """Write numbers of the step down, where there is a tracker; of some steps alone."""
        if self.tracker is not None and (self.step % NOTED_EVERY == 0 or self.judges_now):
            self._log(values)

    def _log(self, values: Mapping[str, float | Tensor]) -> None:
        if self.tracker is not None:
            told = {f"{self.called}/{name}": float(value) for name, value in values.items()}
            self.tracker.log(told, self.step)

    def check(self, loss: Tensor) -> None:
        """Raise DivergedError for a training loss that is no finite number."""
        if not torch.isfinite(loss):
            raise self.diverged(f"the training loss is {loss.item()}")

    def diverged(self, what: str) -> DivergedError:
        """The error of steps that lead nowhere, with what to do."""
        return DivergedError(
            f"{what} at step {self.step}; {lower('the learning rate', 'learning_rate')}"
        )

    def facts(self) -> dict[str, Any]:
        """How it went, for a model's metrics."""
        return {
            "steps": self.step,
            "best_step": self.best_step,
            "valid_loss": self.best if self.judged else None,
            "cut_by_time": self.cut_by_time,
        }

    def judge(self, loss: float) -> None:
        """Note a validation loss (lower is better); the best weights are kept."""
        if not np.isfinite(loss):
            raise self.diverged(f"the validation loss is {loss}")
        self.judged.append((self.step, loss))
        self._log({"validation_loss": loss})
        if loss < self.best:
            self.best, self.best_step, self._stale = loss, self.step, 0
            self._best_weights = {
                name: tensor.clone() for name, tensor in self._network.state_dict().items()
            }
        else:
            self._stale += 1

    def restore_best(self) -> None:
        """Give the network the weights of the best judgement, if there was one."""
        if self._best_weights:
            self._network.load_state_dict(self._best_weights)

    def back_to_start(self) -> None:
        """Note that the start, which was judged first, is what is kept."""
        self.best_step, self.best = self.judged[0]

    def save(self) -> None:
        """Write a checkpoint, whole or not at all."""
        if self.folder is None:
            return
        tensors = {f"network.{k}": v for k, v in self._network.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self._best_weights.items()}
        for row, state in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{row}.{k}": v for k, v in state.items()}
        record = {
            "rng": self.rng,
            "fingerprint": self.fingerprint,
            "step": self.step,
            "best": None if self.best == float("inf") else self.best,
            "best_step": self.best_step,
            "stale": self._stale,
            "judged": self.judged,
        }
        arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
        write_checkpoint(self.folder, record, arrays)

    def _resume(self, record: Mapping[str, Any], tensors: dict[str, Tensor]) -> None:
        if (record["rng"], record["fingerprint"]) != (self.rng, self.fingerprint):
            raise DataError(
                f"{self.folder} holds a checkpoint of another run (other data, settings, seed or "
                "software); choose another folder or delete it"
            )
        self._network.load_state_dict(_part(tensors, "network."))
        self._best_weights = _part(tensors, "best.")
        described = self._optimizer.state_dict()
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _part(tensors, "optimizer.").items():
            row, key = name.split(".", 1)
            moments.setdefault(int(row), {})[key] = tensor
        self._optimizer.load_state_dict({**described, "state": moments})
        self.step, self.best_step = record["step"], record["best_step"]
        self.best = float("inf") if record["best"] is None else record["best"]
        self._stale = record["stale"]
        self.judged = [(step, loss) for step, loss in record["judged"]]


@contextmanager
def layers_from(rng: np.random.Generator) -> Iterator[None]:
    """New layers start from PyTorch's own generator: inside it follows from `rng`, and after it is
    as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(rng.integers(2**62)))
        yield


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
