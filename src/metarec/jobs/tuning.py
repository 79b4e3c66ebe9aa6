"""Random search on validation: the same number of trials for every model, all of them kept."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import polars as pl

from metarec.contracts import DataError, Dataset, Episodes, Recommender
from metarec.contracts.progress import tracked
from metarec.evaluation.protocol.answers import answer, users_of
from metarec.evaluation.protocol.background import Background
from metarec.evaluation.protocol.measures import better, choose
from metarec.evaluation.protocol.returning import excludes_seen


@runtime_checkable
class Range(Protocol):
    """Where a hyperparameter may lie."""

    def draw(self, rng: np.random.Generator) -> Any:
        """One value at random."""
        ...


@dataclass(frozen=True)
class Uniform:
    """A real number between `low` and `high`, all equally likely."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """One value at random."""
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class LogUniform:
    """A positive number whose logarithm is uniform: for scales and penalties."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """One value at random."""
        return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`, both included."""

    low: int
    high: int

    def draw(self, rng: np.random.Generator) -> int:
        """One value at random."""
        return int(rng.integers(self.low, self.high + 1))


@dataclass(frozen=True)
class Choice:
    """One of the options."""

    options: Sequence[Any]

    def draw(self, rng: np.random.Generator) -> Any:
        """One value at random."""
        return self.options[int(rng.integers(len(self.options)))]


@dataclass(frozen=True, eq=False)
class Tuned:
    """The best of the trials, fitted, and the log of all."""

    model: Recommender
    settings: Mapping[str, Any]
    trials: pl.DataFrame
    """Columns model, trial, settings (JSON), objective, value, best."""

    def __repr__(self) -> str:
        best = self.trials.filter(pl.col("best")).row(0, named=True)
        return (
            f"Tuned({best['model']}: {best['objective']} {best['value']:.4f} with "
            f"{best['settings']}, trial {best['trial']} of {len(self.trials)})"
        )


def tune(
    make: Callable[..., Recommender],
    space: Mapping[str, Range],
    train: Dataset,
    valid: Episodes,
    *,
    objective: str = "ndcg",
    trials: int = 20,
    k: int = 10,
    rng: int = 0,
    exclude_seen: bool | None = None,
    name: str | None = None,
    progress: bool = False,
) -> Tuned:
    """The model whose settings do best on `valid`, of `trials` drawn from `space`.

    `make(**settings)` gives an unfitted model. The first trial is its defaults, `make()`, so that
    tuning never loses to not tuning on validation. `objective` names a measure, averaged over
    users; a trial without a value (NaN) cannot win. With an empty space there is nothing to draw,
    and one trial is all. Every trial fits with the same seed. `exclude_seen` is that of the
    `evaluate` which the model is tuned for.
    """
    if trials < 1:
        raise DataError(f"trials must be at least 1, got {trials}")
    generator = np.random.default_rng(rng)
    settings: list[dict[str, Any]] = [{}]
    for _ in range(trials - 1 if space else 0):
        settings.append({key: space[key].draw(generator) for key in space})
    sign = -1.0 if better(objective) == "lower" else 1.0
    best: Recommender | None = None
    values: list[float] = []
    winner = -1
    for trial, chosen in enumerate(tracked(settings, "tuning", show=progress)):
        model = make(**chosen).fit(train, valid, rng=rng)
        values.append(
            validation_value(model, train, valid, objective, k, exclude_seen=exclude_seen)
        )
        if not math.isnan(values[-1]) and (
            best is None or sign * values[-1] > sign * values[winner]
        ):
            best, winner = model, trial
    if best is None:
        raise DataError(f"no trial has a value of {objective} on the validation episodes")
    return Tuned(best, settings[winner], _log(settings, values, winner, objective, name, best))


def validation_value(
    model: Recommender,
    train: Dataset,
    valid: Episodes,
    objective: str,
    k: int = 10,
    *,
    exclude_seen: bool | None = None,
) -> float:
    """The mean of a measure over the users of the validation episodes, NaN if nobody has one."""
    background = Background.of(train)
    codes, _ = users_of(valid)
    chosen = choose([objective], background)
    if exclude_seen is None:
        exclude_seen = excludes_seen(model, train, valid, k)
    measured = answer(model, valid, codes, background, chosen, k, exclude_seen).measured
    if not measured:
        raise DataError(f"{type(model).__name__} cannot be tuned on {objective}")
    values = next(iter(measured.values()))
    present = ~np.isnan(values)
    return float(values[present].mean()) if present.any() else math.nan


def _log(
    settings: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    winner: int,
    objective: str,
    name: str | None,
    best: Recommender,
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "model": [name or type(best).__name__] * len(values),
            "trial": range(len(values)),
            "settings": [json.dumps(dict(s), default=str) for s in settings],
            "objective": [objective] * len(values),
            "value": values,
            "best": [trial == winner for trial in range(len(values))],
        }
    )
