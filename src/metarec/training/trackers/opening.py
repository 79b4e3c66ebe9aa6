"""Trackers by a word of text, as the command line has them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from metarec.contracts import DataError, Tracker
from metarec.training.trackers.mlflow import MLflow
from metarec.training.trackers.tensorboard import TensorBoard
from metarec.training.trackers.wandb import WandB

KINDS: Mapping[str, Callable[[str], Any]] = {
    "tensorboard": TensorBoard,
    "mlflow": MLflow,
    "wandb": WandB,
}


@contextmanager
def opened(told: str | None) -> Iterator[Tracker | None]:
    """What "tensorboard:FOLDER", "mlflow:URI" or "wandb:PROJECT" names; None where nothing is."""
    if told is None:
        yield None
        return
    kind, colon, place = told.partition(":")
    if kind not in KINDS or not colon or not place:
        raise DataError(
            f"a tracker is tensorboard:FOLDER, mlflow:URI or wandb:PROJECT, got {told!r}"
        )
    with KINDS[kind](place) as tracker:
        yield tracker
