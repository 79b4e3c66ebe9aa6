"""What the benchmarks share: where the data lies, tuning, seeds, and result files with goals."""

import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from metarec import recommenders as rows
from metarec.contracts import Dataset, Episodes, Recommender
from metarec.data import Split
from metarec.encoders import ContentFeatures, TextEncoder
from metarec.evaluation import Results, combine, load_results, save_results
from metarec.evaluation.protocol.provenance import versions
from metarec.jobs import tune
from metarec.jobs.tuning import Tuned
from metarec.meta import MetaConfig, MetaRecommender

RESULTS = Path(__file__).parent / "results"
KEPT = Path(__file__).parent / ".kept"
"""Measured rows with their per-user values, which the result files leave out."""
SOURCE = Path(__file__).parents[1] / "src" / "metarec"
ROOMS_OF_ROWS = (
    "contracts",
    "encoders",
    "evaluation",
    "metrics",
    "posterior",
    "recommenders",
    "training",
)
HEART = "MetaRecommender"
SEEDS = (0, 1, 2)
VALID_PEOPLE = 1000


def data_folder(name: str) -> Path:
    """A folder of real data: below `METAREC_DATA`, or in ../shared/data."""
    roots = [os.environ.get("METAREC_DATA"), Path(__file__).parents[2] / "shared" / "data"]
    for root in roots:
        if root and (Path(root) / name).is_dir():
            return Path(root) / name
    sys.exit(f"this benchmark needs {name}; set METAREC_DATA to the folder that holds it")


def content_of(shop: Dataset) -> ContentFeatures:
    """The default encoder's features of a catalogue, shared by every model that reads content."""
    return ContentFeatures.fit(TextEncoder(), shop.catalogue.frame, progress=True)


@dataclass(frozen=True)
class Row:
    """A simple model and what may be chosen of it."""

    make: Callable[..., Recommender]
    space: Mapping[str, Sequence[Any]]
    name: str
    fixed: Mapping[str, Any]
    parts: Sequence[str]
    """Fingerprints of the encoders it reads content with."""


def row(model: Any, config: Any, *parts: Any, **fixed: Any) -> Row:
    """A row from a recommender's class, its config class, and settings that are not tuned."""
    space = {name: options for name, options in config.space.items() if name not in fixed}
    return Row(
        lambda **chosen: model(*parts, config(**{**fixed, **chosen})),
        space,
        model.__qualname__,
        fixed,
        [part.fingerprint for part in parts],
    )


def kept_rows(
    name: str, entries: Mapping[str, Row], split: Split, compute: Callable[[], Results], **how: Any
) -> Results:
    """What `compute` measures of the rows, or what it measured before on the same of everything.

    Rows take most of the time, and a change of the heart does not change them. The key holds the
    data, the split, the spaces, the versions and the source of the rooms that make rows of them.
    """
    what = {
        "train": split.train.hash,
        "split": dict(split.settings),
        "rows": {k: [r.name, dict(r.space), dict(r.fixed), r.parts] for k, r in entries.items()},
        "versions": versions(),
        "how": how,
    }
    digest = hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode())
    for episodes in split.test.values():
        for events in (episodes.support, episodes.query):
            digest.update(events.items.tobytes() + events.rows.tobytes())
    for room in ROOMS_OF_ROWS:
        for file in sorted((SOURCE / room).rglob("*.py")):
            if file.name != "persistence.py":  # saving changes no number
                digest.update(file.read_bytes())
    folder = KEPT / f"{name}-{digest.hexdigest()[:16]}"
    if not (folder / "results.json").exists():
        save_results(compute(), folder)
    else:
        say(f"{name}: the rows are those of {folder}")
    return load_results(folder)


def search(
    name: str,
    make: Callable[..., Recommender],
    space: Mapping[str, Sequence[Any]],
    split: Split,
    *,
    objective: str,
    trials: int,
    k: int,
) -> Tuned:
    """The best of the trials on validation, said aloud: one search for the rows and the heart."""
    started = time.monotonic()
    tuned = tune(
        make,
        space,
        split,
        objective=objective,
        trials=trials,
        k=k,
        name=name,
    )
    say(f"{name}: {dict(tuned.settings)} ({time.monotonic() - started:.0f} s)")
    return tuned


Fit = Callable[[int], Recommender]
"""A seed to the model fitted with it."""
SEEDED = (rows.Random, rows.BPR, rows.IALS, rows.IALSRidge, rows.BiasedMF, rows.SVDPlusPlus)
"""Rows that a seed changes, beside those that train in steps; the others are fitted once."""


def seeded(model: Recommender) -> bool:
    """True for a row that another seed fits otherwise."""
    return isinstance(model, SEEDED) or getattr(model, "trains_in_steps", False)


def fit_rows(
    entries: Mapping[str, Row],
    tuning: Split,
    final: Split,
    *,
    objective: str,
    trials: int,
    k: int = 10,
) -> tuple[dict[str, Fit], pl.DataFrame]:
    """Each row tuned on `tuning`'s validation, to be fitted to all of `final`'s training part."""
    fits: dict[str, Fit] = {}
    logs = []
    for name, entry in entries.items():
        tuned = search(
            name, entry.make, entry.space, tuning, objective=objective, trials=trials, k=k
        )
        fits[name] = fit_on(final, entry.make(**tuned.settings))
        logs.append(tuned.trials)
    return fits, pl.concat(logs)


def fit_on(split: Split, model: Recommender) -> Fit:
    """Fits the model to the training part with a seed."""
    return lambda seed: model.fit(split.train, rng=seed)


def tune_heart(
    content: ContentFeatures,
    config: MetaConfig,
    space: Mapping[str, Sequence[Any]],
    split: Split,
    *,
    objective: str,
    trials: int,
    k: int = 10,
) -> tuple[MetaConfig, pl.DataFrame]:
    """The heart's settings, by the search that chooses those of the rows; the first trial is
    `config`."""

    def make(**chosen: Any) -> MetaRecommender:
        return MetaRecommender(content, replace(config, **chosen))

    tuned = search(HEART, make, space, split, objective=objective, trials=trials, k=k)
    return replace(config, **tuned.settings), tuned.trials


def heart_over_seeds(
    split: Split,
    content: ContentFeatures,
    config: MetaConfig,
    measure: Callable[[Mapping[str, Recommender], int], Results],
    *,
    valid: bool,
    seeds: Sequence[int] = SEEDS,
) -> tuple[list[Results], MetaRecommender]:
    """The heart fitted with each seed and measured; the last fitted one besides."""
    found = []
    for seed in seeds:
        started = time.monotonic()
        judged = some_of(split.valid) if valid else None
        model = MetaRecommender(content, config).fit(split.train, judged, rng=seed, progress=True)
        say(f"{HEART}, seed {seed}: {dict(model.metrics)} ({time.monotonic() - started:.0f} s)")
        found.append(measure({HEART: model}, seed))
    return found, model


def some_of(episodes: Episodes, most: int = VALID_PEOPLE) -> Episodes:
    """At most `most` random episodes: enough to judge on, and quick."""
    n = min(most, len(episodes))
    return episodes.take(np.random.default_rng(0).choice(len(episodes), n, replace=False))


def rows_over_seeds(
    fits: Mapping[str, Fit],
    measure: Callable[[Mapping[str, Recommender], int], Results],
    seeds: Sequence[int] = SEEDS,
) -> Results:
    """Every row under each of the heart's seeds, to be compared in pairs.

    A row that a seed changes is fitted anew for each; what another measures is repeated.
    """
    fitted = {name: fit(seeds[0]) for name, fit in fits.items()}
    changing = [name for name, model in fitted.items() if seeded(model)]
    first = measure(fitted, seeds[0])
    parts = [first]
    for seed in seeds[1:]:
        if changing:
            parts.append(measure({name: fits[name](seed) for name in changing}, seed))
        if len(changing) < len(fits):
            parts.append(repeated(first, changing, seed))
    return combine(parts)


def repeated(results: Results, without: Sequence[str], seed: int) -> Results:
    """The same numbers under another seed, but for the models that the seed would change."""
    kept = ~pl.col("model").is_in(list(without))
    other = pl.lit(seed, dtype=pl.Int64).alias("seed")
    return replace(
        results,
        values=results.values.filter(kept).with_columns(other),
        calibration=results.calibration.filter(kept).with_columns(other),
        attainable=results.attainable.with_columns(other),
        protocol={
            **results.protocol,
            "models": {
                name: facts
                for name, facts in results.protocol["models"].items()
                if name not in without
            },
            "seeds": [seed],
            "parts": [{**part, "seeds": [seed]} for part in results.parts],
        },
    )


def together(hearts: Sequence[Results], simple: Results) -> Results:
    """The heart's seeds and the rows as one result."""
    return combine([*hearts, simple])


def cell(comparisons: pl.DataFrame, **where: str) -> dict[str, Any]:
    """The one comparison whose columns have these values."""
    asked = (pl.col(name) == value for name, value in where.items())
    return comparisons.filter(*asked).row(0, named=True)


def value(results: Results, model: str, scenario: str, metric: str, k: int | None = None) -> float:
    """One mean out of the summary."""
    size = pl.col("k").is_null() if k is None else pl.col("k") == k
    cell = results.summary().filter(
        size
        & (pl.col("model") == model)
        & (pl.col("scenario") == scenario)
        & (pl.col("metric") == metric)
    )
    return float(cell["mean"][0])


@dataclass(frozen=True)
class Goal:
    """What was aimed at, what was measured, and whether that is enough."""

    goal: str
    measured: str
    met: bool


def write(
    name: str,
    results: Results | None,
    goals: Sequence[Goal],
    comparisons: pl.DataFrame | None = None,
    *,
    data: str | None = None,
    **more: Any,
) -> None:
    """The benchmark's summary as JSON: small enough to be kept, with the command that made it.

    One that is measured on the `data` that is named has a file for each.
    """
    file = name if data is None else f"{name}_{data.replace('-', '_')}"
    written: dict[str, Any] = {
        "command": " ".join(["python -m benchmarks", name, *([] if data is None else [data])]),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "goals": [vars(goal) for goal in goals],
        **more,
    }
    if results is not None:
        written |= {
            "dataset": dict(results.dataset),
            "protocol": dict(results.protocol),
            "seeds": results.seeds,
            "versions": dict(results.versions),
            "results": rounded(results.summary()),
            "trials": [] if results.trials is None else rounded(results.trials),
        }
    if comparisons is not None:
        written["comparisons"] = rounded(comparisons)
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(written, indent=1, allow_nan=False)
    (RESULTS / f"{file}.json").write_text(text + "\n", encoding="utf-8")
    for goal in goals:
        say(f"{'met   ' if goal.met else 'MISSED'} {goal.goal}: {goal.measured}")


def rounded(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON values with six digits; NaN becomes null."""
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    return frame.with_columns(pl.col(floats).fill_nan(None).round_sig_figs(6)).to_dicts()


def say(text: str) -> None:
    """Progress, to the error stream."""
    print(text, file=sys.stderr, flush=True)


def cpu_ms(work: Callable[[], object]) -> float:
    """Milliseconds of CPU time that the work takes."""
    started = time.process_time_ns()
    work()
    return (time.process_time_ns() - started) / 1e6
