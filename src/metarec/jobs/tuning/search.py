"""A search of settings: the same number of trials for every model, all of them kept."""

import json
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import polars as pl

from metarec.contracts import DataError, Recommender, Running, whole_number
from metarec.contracts.progress import progress_of
from metarec.data import Split
from metarec.evaluation.protocol.measures import better
from metarec.jobs.tuning.spaces import Space, check_optuna, distributions_of
from metarec.jobs.tuning.study import WHY, Study, opened
from metarec.jobs.tuning.values import Asked

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

DONE, ENDED_EARLY, FAILED = "done", "ended early", "failed"
STATES = {"COMPLETE": DONE, "PRUNED": ENDED_EARLY, "FAIL": FAILED}


@dataclass(frozen=True, eq=False)
class Tuned:
    """The best settings, and the log of all trials."""

    settings: Mapping[str, Any]
    """Those of the best trial; none where the defaults are best."""
    value: float
    """What they have on validation."""
    trials: pl.DataFrame
    """Columns model, trial, settings (JSON), objective, value (a mean over the splits that were
    looked at; null of a trial that failed), best, state (done, ended early or failed)."""
    failures: Sequence[str]
    """Why trials failed, each reason once."""

    def __repr__(self) -> str:
        best = self.trials.filter(pl.col("best")).row(0, named=True)
        return (
            f"Tuned({best['model']}: {best['objective']} {best['value']:.4f} with "
            f"{best['settings']}, trial {best['trial']} of {len(self.trials)})"
        )


def tune(
    make: Callable[..., Recommender],
    space: Space,
    splits: Split | Sequence[Split],
    *,
    objective: str = "ndcg",
    trials: int = 20,
    k: int = 10,
    rng: int = 0,
    exclude_seen: bool | None = None,
    name: str | None = None,
    folder: str | Path | None = None,
    jobs: int = 1,
    time_s: float | None = None,
    progress: bool = False,
) -> Tuned:
    """The settings that do best on validation, of so many trials in `space`.

    `make(**settings)` gives an unfitted model; the first trial is its defaults, `make()`, so that
    tuning never loses to not tuning on validation. Others are drawn by Optuna's tree of Parzen
    estimators (Bergstra et al. 2011), which begins with ten at random. `objective` names a measure,
    averaged over the users of a split's validation and over splits; a trial without a value, or
    whose fit fails, cannot win, and one that is behind the median of the others after some of the
    splits is ended there. With an empty space one trial is all. Every trial fits with the same
    seed. The test of a split is not looked at. `exclude_seen` is that of the `evaluate` which the
    model is tuned for.

    In a `folder` the search is kept, and the same call goes on with it, or with more trials.
    `jobs` trials are fitted at once, each in a process of its own (then `make` must be a function
    of a module, and which trials are drawn depends on which end first). After `time_s` seconds no
    further trial begins.
    """
    check_optuna()
    trials, jobs = whole_number("trials", trials), whole_number("jobs", jobs)
    end = Running(time_s=time_s).end()
    found = distributions_of(space)
    if better(objective) == "neither":
        raise DataError(f"{objective} is neither better high nor low; choose another objective")
    listed = [splits] if isinstance(splits, Split) else list(splits)
    if not listed:
        raise DataError("tune needs a split, or several; split_cold(shop) gives one")
    asked = Asked(make, listed, objective, k, rng, exclude_seen)
    called = name or type(make()).__name__
    with opened(asked, called, found, None if folder is None else Path(folder)) as study:
        total = trials if found else 1
        _search(study, asked, total, jobs, end, show=progress)
        return _tuned(study, called, objective)


@dataclass(frozen=True, eq=False)
class Trying:
    """A trial that goes on."""

    trial: "Trial"
    values: list[float] = field(default_factory=list)
    """Those of the splits that were looked at."""


def _search(
    study: Study, asked: Asked, total: int, jobs: int, end: float | None, *, show: bool
) -> None:
    """Try settings until there are so many trials, some at once."""
    going: dict[Future[float], Trying] = {}
    with (
        _fitting(asked, jobs) as executor,
        progress_of("tuning", total, show=show, done=len(study.told)) as advance,
    ):

        def look(one: Trying) -> None:
            settings, number = dict(one.trial.params), len(one.values)
            going[executor.submit(_value, asked if jobs == 1 else None, settings, number)] = one

        while True:
            open_ = end is None or time.monotonic() < end or not study.told
            while open_ and len(going) < jobs and len(study.told) < total:
                look(Trying(study.next()))
            if not going:
                return
            done, _ = wait(going, return_when=FIRST_COMPLETED)
            for future in done:
                one = going.pop(future)
                if not _ended(study, one, future, len(asked.splits)):
                    look(one)
            advance(len(study.told) - len(going), _best_told(study))


def _ended(study: Study, one: Trying, future: "Future[float]", n_splits: int) -> bool:
    """Take a value in; whether the trial ended with it."""
    from optuna.trial import TrialState

    try:
        one.values.append(future.result())
    except (DataError, FloatingPointError) as error:
        if not one.trial.params:  # nothing would be left to compare with
            study.fail(one.trial, str(error))
            raise
        study.fail(one.trial, str(error))
        return True
    if math.isnan(one.values[-1]):
        study.fail(one.trial, "nobody on validation has a value")
        return True
    mean = sum(one.values) / len(one.values)
    if len(one.values) == n_splits:
        study.trials.tell(one.trial, mean)
        return True
    one.trial.report(mean, len(one.values))
    if one.trial.params and one.trial.should_prune():
        study.trials.tell(one.trial, state=TrialState.PRUNED)
        return True
    return False


def _best_told(study: Study) -> str | None:
    from optuna.trial import TrialState

    if not study.trials.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return None
    return f"tuning (best {study.trials.best_value:.4f})"


def _tuned(study: Study, name: str, objective: str) -> Tuned:
    from optuna.trial import TrialState

    told = [one for one in study.told if one.state != TrialState.RUNNING]
    if not any(one.state == TrialState.COMPLETE for one in told):
        why = "; ".join(dict.fromkeys(one.user_attrs[WHY] for one in told))
        raise DataError(f"no trial has a value of {objective} on validation: {why}")
    best = study.trials.best_trial
    log = pl.DataFrame(
        {
            "model": [name] * len(told),
            "trial": range(len(told)),
            "settings": [json.dumps(one.params) for one in told],
            "objective": [objective] * len(told),
            "value": pl.Series([_value_of(one) for one in told], dtype=pl.Float64),
            "best": [one.number == best.number for one in told],
            "state": [STATES[one.state.name] for one in told],
        }
    )
    failures = dict.fromkeys(one.user_attrs[WHY] for one in told if WHY in one.user_attrs)
    assert best.value is not None, "it is complete"
    return Tuned(dict(best.params), best.value, log, list(failures))


def _value_of(one: "FrozenTrial") -> float | None:
    """The mean over all splits, or over those that were looked at."""
    looked = one.intermediate_values
    if one.value is not None or not looked:
        return one.value
    return looked[max(looked)]


class _Here(Executor):
    """Runs what it is given at once, in this process; an interrupt is not kept for later."""

    def submit(self, fn: Callable[..., Any], /, *given: Any, **named: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*given, **named))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def _fitting(asked: Asked, jobs: int) -> Iterator[Executor]:
    """Where models are fitted: here, or in processes that share nothing."""
    if jobs == 1:
        yield _Here()
        return
    apart = multiprocessing.get_context("spawn")  # PyTorch's threads do not survive a fork
    executor = ProcessPoolExecutor(jobs, apart, _begin, (asked,))
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


_asked: Asked | None = None
"""What this process is asked again and again."""


def _begin(asked: Asked) -> None:
    global _asked
    _asked = asked
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A search that is killed leaves no process behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _value(asked: Asked | None, settings: Mapping[str, Any], number: int) -> float:
    own = _asked if asked is None else asked
    assert own is not None, "said when the process began"
    return own.value(settings, number)
