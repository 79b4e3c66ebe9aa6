"""The trials of a search, drawn and kept by Optuna; one that was killed goes on where it was."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metarec.contracts import DataError
from metarec.evaluation.protocol.measures import better
from metarec.jobs.tuning.values import Asked
from metarec.training.checkpoints import locked
from metarec.training.fingerprint import fingerprint_of

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, Trial

FILE = "study.db"
NAME = "metarec"
WHY = "why"
"""What is noted of a trial that failed by itself; one that died with its process has no note."""
OF = "of"
"""Under what the study notes which search it is of."""
STARTUP_TRIALS = 5
"""Trials before any is ended for being behind the median of the others."""


@dataclass(frozen=True, eq=False)
class Study:
    """Trials of settings in `space`; the first is the defaults, which says none of them."""

    trials: "optuna.Study"
    space: "Mapping[str, BaseDistribution]"
    rng: int

    @property
    def told(self) -> "list[FrozenTrial]":
        """Those that ended or go on, and not those that died with their process."""
        from optuna.trial import TrialState

        return [
            one
            for one in self.trials.get_trials(deepcopy=False)
            if one.state != TrialState.WAITING
            and (one.state != TrialState.FAIL or WHY in one.user_attrs)
        ]

    def next(self) -> "Trial":
        """The settings to try next.

        They follow from the seed and from what ended before, so that a search of one trial at a
        time that was killed comes to the same settings as one that was not.
        """
        from optuna.samplers import TPESampler

        told = self.told
        self.trials.sampler = TPESampler(seed=(self.rng + len(told)) % 2**32)
        if all(one.params for one in told):  # not even the defaults
            return self.trials.ask()
        return self.trials.ask(dict(self.space))

    def revive(self) -> None:
        """Try again what was under way when the process of the search died."""
        from optuna.trial import TrialState

        for one in self.trials.get_trials(states=(TrialState.RUNNING,)):
            self.trials.tell(one.number, state=TrialState.FAIL)
            self.trials.enqueue_trial(one.params)

    def fail(self, trial: "Trial", why: str) -> None:
        """The trial has no value."""
        from optuna.trial import TrialState

        trial.set_user_attr(WHY, why)
        self.trials.tell(trial, state=TrialState.FAIL)


@contextmanager
def opened(
    asked: Asked, name: str, space: "Mapping[str, BaseDistribution]", folder: Path | None
) -> Iterator[Study]:
    """The study of a search, for one process alone, in a file of the folder or in memory.

    Raises DataError where another search lies in the folder. One that fails before any trial has a
    value leaves nothing there.
    """
    import optuna

    with locked(folder), _quiet(), _nothing_left(folder) as begun:
        storage = None if folder is None else f"sqlite:///{folder / FILE}"
        trials = optuna.create_study(
            storage=storage,
            study_name=NAME,
            load_if_exists=True,
            direction="minimize" if better(asked.objective) == "lower" else "maximize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
        )
        of = fingerprint(asked, name, space)
        if trials.user_attrs.get(OF, of) != of:
            raise DataError(
                f"{folder} holds another search (of another model, space, objective, seed, other "
                "data or versions); choose another folder, or delete it"
            )
        trials.set_user_attr(OF, of)
        study = Study(trials, space, asked.rng)
        study.revive()
        begun.append(study)
        yield study


@dataclass(frozen=True)
class Named:
    """What decides what trials give, beside the data."""

    model: str
    defaults: str
    encoder: str
    space: Mapping[str, str]
    objective: str
    k: int
    rng: int
    exclude_seen: bool | None


def fingerprint(asked: Asked, name: str, space: "Mapping[str, BaseDistribution]") -> str:
    """A hash of all that decides what trials give."""
    usual = asked.make()
    named = Named(
        name,
        repr(getattr(usual, "config", None)),
        str(getattr(getattr(usual, "encoder", None), "fingerprint", None)),
        {setting: repr(where) for setting, where in space.items()},
        asked.objective,
        asked.k,
        asked.rng,
        asked.exclude_seen,
    )
    digest = hashlib.sha256()
    for split in asked.splits:
        told = fingerprint_of(split.train, split.valid, np.zeros((0, 0)), named)
        digest.update(told.encode())
    return digest.hexdigest()


@contextmanager
def _nothing_left(folder: Path | None) -> Iterator[list[Study]]:
    """Remove the file of a search that began inside and failed without any value."""
    from optuna.trial import TrialState

    new = folder is not None and not (folder / FILE).exists()
    begun: list[Study] = []
    try:
        yield begun
    except Exception:
        done = [study.trials.get_trials(states=(TrialState.COMPLETE,)) for study in begun]
        if new and folder is not None and not any(done):
            (folder / FILE).unlink(missing_ok=True)
        raise


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna tells of no trial inside: the search does."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
