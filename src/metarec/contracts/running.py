"""How a fit is run, in the same words for every model: it changes no number but by its seed."""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from metarec.contracts.dataset import Dataset
from metarec.contracts.errors import DataError, whole_number
from metarec.contracts.roles import Tracker

DEVICES = ("cpu", "cuda")
SHORTEST_S = 1e-3
"""`time_s` of a part of a fit for which nothing is left of the whole."""


def time_left(end: float | None, parts: int = 1) -> float | None:
    """`time_s` of the next of so many parts that share what is left until this moment of the
    monotonic clock; None where there is no end."""
    return None if end is None else max((end - time.monotonic()) / parts, SHORTEST_S)


@dataclass(frozen=True)
class Running:
    """The seed, and what a fit may use of the machine; raises DataError for what it cannot."""

    rng: int = 0
    """Seed of everything random."""
    folder: str | Path | None = None
    """Where checkpoints are written, and continued from to the same bits; None: nowhere."""
    progress: bool = False
    """Show how far it is."""
    device: str = "cpu"
    """What it is computed on: "cpu", or "cuda" for a model that can (each says so by `on`). Equal
    bits are for the CPU."""
    threads: int | None = None
    """Threads of linear algebra; None leaves what is set. Sums run in another order on another
    number of them, so equal bits ask for an equal number."""
    time_s: float | None = None
    """Seconds after which training ends with its best so far; None: when it is done. A model that
    learns in one pass has nothing to cut short, to continue or to show."""
    tracker: Tracker | None = None
    """Where losses are written while it trains; None: nowhere."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rng", whole_number("rng", self.rng, 0))
        if self.folder is not None:
            object.__setattr__(self, "folder", Path(self.folder))
        if not isinstance(self.progress, bool):
            raise DataError(f"progress must be True or False, got {self.progress!r}")
        if self.device not in DEVICES:
            raise DataError(f"device must be one of {DEVICES}, got {self.device!r}")
        if self.threads is not None:
            object.__setattr__(self, "threads", whole_number("threads", self.threads))
        if self.time_s is not None:
            real = isinstance(self.time_s, int | float) and not isinstance(self.time_s, bool)
            if not real or not 0 < self.time_s < math.inf:
                raise DataError(f"time_s must be seconds above 0, got {self.time_s!r}")
        if self.tracker is not None and not isinstance(self.tracker, Tracker):
            raise DataError(
                "tracker must have the methods settings and log, such as TensorBoard(folder) of "
                f"metarec.training.trackers, got {self.tracker!r}"
            )

    def track(self, model: str, config: Any, train: Dataset) -> None:
        """Write down what is fitted, where there is a tracker: the model, its settings (a dataclass
        or None), the seed and the data."""
        if self.tracker is not None:
            told = {} if config is None else dict(vars(config))
            own = {"model": model, "rng": self.rng, "dataset": train.name, "hash": train.hash}
            self.tracker.settings({**told, **own})

    @property
    def place(self) -> Path | None:
        """`folder` as a path."""
        return None if self.folder is None else Path(self.folder)

    def below(self, name: str) -> "Running":
        """How a part of the fit is run: where there is a folder, its own lies below."""
        return self if self.place is None else replace(self, folder=self.place / name)

    def end(self) -> float | None:
        """The moment of the monotonic clock at which time is up, for a fit that begins now."""
        return None if self.time_s is None else time.monotonic() + self.time_s

    def on(self, model: str, *devices: str) -> Self:
        """The same, for a model that is fitted on these devices; raises DataError for another."""
        if self.device not in devices:
            able = " or ".join(map(repr, devices))
            raise DataError(
                f"device must be {able}, on which {model} is fitted, got {self.device!r}"
            )
        return self
