"""Drives recommenders through a split and keeps every user's values."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metarec.contracts import DataError, Episodes, Recommender, whole_number
from metarec.contracts.progress import progress_of
from metarec.data.splits.split import Split
from metarec.evaluation.protocol.answers import Answers, answer, users_of
from metarec.evaluation.protocol.attainable import attainable
from metarec.evaluation.protocol.background import Background, ItemContent
from metarec.evaluation.protocol.lists import RankedLists, Relevance
from metarec.evaluation.protocol.measures import Chosen, Measure, choose
from metarec.evaluation.protocol.provenance import dataset_facts, model_facts, versions
from metarec.evaluation.protocol.returning import excludes_seen
from metarec.evaluation.statistics.results import ATTAINABLE, CALIBRATION, VALUES, Results
from metarec.ranking.ties import TIE_SEED


def evaluate(
    models: Mapping[str, Recommender],
    split: Split,
    *,
    metrics: Sequence[str | Measure[RankedLists]] | None = None,
    k: int = 10,
    curve: Sequence[int] | None = (0, 1, 2, 5, 10, 20),
    rng: int = 0,
    content: ItemContent | None = None,
    exclude_seen: bool | None = None,
    relevance: Relevance = "event",
    likes_from: float | None = None,
    fitted_elsewhere: Collection[str] = (),
    progress: bool = False,
) -> Results:
    """The fitted models' values for every user of every scenario of the split.

    Lists of length `k` are ranked over all that the episode allows; predicted ratings are judged
    where the dataset has ratings. `curve` names the support sizes of the learning curve, measured
    beside the whole support on the same users (one with fewer events brings all of them). A user's
    several draws are averaged before anything else. `rng` is the seed that the models were fitted
    with. Where the dataset declares kinds of events, only queries of those that are to be foretold
    are judged. What a model leaves unanswered is left out of its rating errors; `answered` says how
    much it did answer. `exclude_seen` leaves what a person already has out of every model's lists,
    or shows it in those of every model; None does for each what is better for it on validation,
    where people come back to what they had. `Results.attainable` says how much of the truth lists
    that leave it out lose. `fitted_elsewhere` names models that
    came ready: unless they say that they were fitted on this very training part, the results warn
    that they may have seen the test.
    """
    if not models:
        raise DataError("evaluate needs at least one model")
    if unknown := [name for name in fitted_elsewhere if name not in models]:
        raise DataError(f"fitted_elsewhere names {unknown[0]!r}, which is none of {list(models)}")
    if not (exclude_seen is None or isinstance(exclude_seen, bool)):
        raise DataError(f"exclude_seen must be True, False or None, got {exclude_seen!r}")
    k = whole_number("k", k)
    kinds = split.train.event_kinds
    split = replace(split, test={name: kinds.asked(part) for name, part in split.test.items()})
    background = Background.of(split.train, content, likes_from)
    excluding = {
        name: excludes_seen(model, split.train, split.valid, k)
        if exclude_seen is None
        else exclude_seen
        for name, model in models.items()
    }
    always = all(excluding.values())
    asked = _Question(background, choose(metrics, background), k, always, relevance)
    sizes: list[int | None] = [None, *(sorted(set(curve)) if curve is not None else [])]
    frames, calibrations = [], []
    total, done = len(models) * len(split.test) * len(sizes), 0
    with progress_of("evaluating", total, show=progress) as advance:
        for name, model in models.items():
            own = replace(asked, exclude_seen=excluding[name])
            for scenario, episodes in split.test.items():
                codes, user_ids = users_of(episodes)
                for size, answers in _along(model, episodes, codes, own, sizes):
                    done += 1
                    advance(done, f"{name}: {scenario}")
                    labels = {"model": name, "scenario": scenario, "k": size, "seed": rng}
                    frames.append(_long(answers, user_ids, labels))
                    calibrations.append(_labelled(answers.calibration, labels, CALIBRATION))
    return Results(
        values=pl.concat(frames),
        calibration=pl.concat(calibrations),
        dataset=dataset_facts(split),
        protocol={
            "split": split.name,
            "seeds": [rng],
            "parts": [{"scenarios": list(split.test), "seeds": [rng]}],
            "settings": dict(split.settings),
            "excludes": list(split.excludes),
            "curve": None if curve is None else sorted(set(curve)),
            "ranking": {
                "k": k,
                "candidates": "all on offer",
                "exclude_seen": always,
                "relevance": relevance,
            },
            "likes_from": background.likes_from,
            "ties": f"blake2b of the item id, seed {TIE_SEED}",
            "sort": "by time, ties in the order of the source",
            "models": {
                name: model_facts(model, split.train, name in fitted_elsewhere)
                | {"exclude_seen": excluding[name]}
                for name, model in models.items()
            },
        },
        versions=versions(),
        attainable=_attainable(split, asked, sizes, rng),
    )


@dataclass(frozen=True, eq=False)
class _Question:
    """What is asked of every model alike."""

    background: Background
    chosen: Chosen
    k: int
    exclude_seen: bool
    relevance: Relevance


def _along(
    model: Recommender,
    episodes: Episodes,
    codes: NDArray[np.int64],
    asked: _Question,
    sizes: Sequence[int | None],
) -> Iterator[tuple[int | None, Answers]]:
    """The answers at each support size; `sizes` begin with the whole support."""
    longest = int(episodes.support.lengths.max(initial=0))
    whole: Answers | None = None
    for size in sizes:
        # a cut that cuts nothing has the answers of the whole support
        if whole is not None and size is not None and size >= longest:
            yield size, whole
            continue
        part = episodes if size is None else episodes.at(size)
        found = answer(model, part, codes, **vars(asked))
        whole = found if whole is None else whole
        yield size, found


def _attainable(
    split: Split, asked: _Question, sizes: Sequence[int | None], rng: int
) -> pl.DataFrame:
    """What lists can hold of each scenario at each support size; nothing where none is judged."""
    frames = [pl.DataFrame(schema=ATTAINABLE)]
    for scenario, episodes in split.test.items() if asked.chosen.ranking else ():
        for size in sizes:
            found = attainable(
                episodes if size is None else episodes.at(size),
                asked.background,
                exclude_seen=asked.exclude_seen,
                relevance=asked.relevance,
            )
            labels = {"scenario": scenario, "k": size, "seed": rng}
            frames.append(_labelled(found.frame(), labels, ATTAINABLE))
    return pl.concat(frames)


def _long(answers: Answers, user_ids: pl.Series, labels: Mapping[str, Any]) -> pl.DataFrame:
    kinds = {"user_id": pl.String, "value": pl.Float64, "metric": pl.String}  # also of no users
    tables = [
        pl.DataFrame({"user_id": user_ids, "value": values, "metric": [name] * len(values)}, kinds)
        for name, values in answers.measured.items()
    ]
    system = {"value": list(answers.system.values()), "metric": list(answers.system)}
    kinds.pop("user_id")
    tables.append(pl.DataFrame(system, kinds))
    return _labelled(pl.concat(tables, how="diagonal"), labels, VALUES)


def _labelled(
    frame: pl.DataFrame, labels: Mapping[str, Any], schema: Mapping[str, Any]
) -> pl.DataFrame:
    columns = [pl.lit(value, dtype=schema[name]).alias(name) for name, value in labels.items()]
    labelled = frame.with_columns(columns)
    absent = [pl.lit(None, dtype=schema[n]).alias(n) for n in schema if n not in labelled.columns]
    return labelled.with_columns(absent).select(list(schema)).cast(pl.Schema(schema))
