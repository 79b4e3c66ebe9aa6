"""Several evaluations as one: seeds, folds, or models that were measured apart."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from metarec.contracts import DataError
from metarec.evaluation.statistics.merging import merged, merged_models
from metarec.evaluation.statistics.results import Results


def combine(results: Iterable[Results]) -> Results:
    """One result over several seeds (or models): the values of all, users paired by id.

    All must come from one dataset (by name and size), and no model may be measured twice under one
    seed. The splits may differ: where facts of the dataset or the protocol do, they become
    `{"each": [...]}`, one a part, in the order of `protocol["parts"]`.
    """
    listed = list(results)
    if not listed:
        raise DataError("combine needs at least one result")
    names = {
        (r.dataset.get("name"), r.dataset.get("users"), r.dataset.get("items")) for r in listed
    }
    if len(names) > 1:
        raise DataError(f"results of {len(names)} different datasets cannot be combined")
    values = pl.concat([r.values for r in listed])
    keys = ["model", "scenario", "k", "metric", "user_id", "seed"]
    twice = values.filter(values.select(keys).is_duplicated())
    if len(twice):
        model, seed = twice["model"][0], twice["seed"][0]
        raise DataError(
            f"model {model!r} is measured twice under seed {seed}; give each fit its own rng"
        )
    calibration = pl.concat([r.calibration for r in listed])
    trials = [r.trials for r in listed if r.trials is not None]
    return replace(
        listed[0],
        values=values,
        calibration=calibration,
        dataset=merged([(r.dataset, r.n_parts) for r in listed]),
        protocol=_merged_protocol(listed),
        versions=merged([(r.versions, r.n_parts) for r in listed]),
        attainable=pl.concat([r.attainable for r in listed]).unique(maintain_order=True),
        comparisons=None,
        trials=pl.concat(trials, how="diagonal_relaxed") if trials else None,
    )


def _merged_protocol(listed: Sequence[Results]) -> dict[str, Any]:
    """What all share, and the seeds and scenarios of each part that the rest is said of."""
    apart = ("models", "parts", "seeds")
    plain = [({k: v for k, v in r.protocol.items() if k not in apart}, r.n_parts) for r in listed]
    return merged(plain) | {
        "models": merged_models([(r.protocol.get("models", {}), r.n_parts) for r in listed]),
        "seeds": sorted({seed for r in listed for seed in r.seeds}),
        "parts": [part for r in listed for part in r.parts],
    }
