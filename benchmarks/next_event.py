"""The next event, leave-last-out with full ranking: MovieLens-100k and 1M, Amazon Beauty.

Every row is tuned on the event before the last. So is the heart on MovieLens-100k, in as many
trials, the first of them chosen by hand; on 1M and Beauty it stands at its defaults. SASRec is not
tuned: its settings are near those of published tables, and it is measured only where there is a
GPU, on which a fit takes minutes, on 1M beside the ensemble of both. All are then fitted to the
same training part and judged on the last event, with everything before it as support. Ratings
count as events, whatever they say. Rows are paired with the heart seed by seed: those that a seed
changes are fitted with each, the others once.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace

import polars as pl
import torch

from benchmarks.common import (
    HEART,
    SEEDS,
    Goal,
    cell,
    content_of,
    data_folder,
    fit_on,
    fit_rows,
    heart_over_seeds,
    kept_rows,
    row,
    rows_over_seeds,
    some_of,
    together,
    tune_heart,
    value,
    write,
)
from metarec import recommenders as rows
from metarec.contracts import Recommender, Running
from metarec.data import load, split_last_out
from metarec.evaluation import Results, compare, evaluate
from metarec.meta import Ensemble, MetaConfig, MetaRecommender

TRIALS = {"movielens-100k": 10, "movielens-1m": 6, "amazon-beauty": 20}
"""The same for every row of a shop; fewer where a fit takes minutes."""
TUNED_ON = 7000
"""Random people of the validation that rows are tuned on, where there are more."""
SCENARIO = "next event"
METRICS = ["ndcg", "hit_rate", "mrr"]
TO_BEAT = ("EASE", "IALS", "ItemKNN")
AT_LEAST = {"movielens-100k": 0.130, "movielens-1m": 0.172, "amazon-beauty": 0.066}
"""NDCG@10 of the heart."""
SHOPS = ("movielens-100k", "movielens-1m", "amazon-beauty")
CONFIG = MetaConfig(
    d=32,
    steps=1500,
    max_events=50,
    masked=0.05,
    all_masked=0.0,
    learning_rate=1e-2,
    content_decay=0.1,
)
CONFIGS = {
    "movielens-100k": CONFIG,
    "movielens-1m": MetaConfig(),
    "amazon-beauty": MetaConfig(),
}
SPACE = {
    "d": (32, 64),
    "learning_rate": (3e-3, 1e-2),
    "content_decay": (0.03, 0.1, 0.3),
    "residual_precision": (10.0, 20.0, 40.0),
    "masked": (0.05, 0.1),
    "start_l2": (0.01, 0.05),
    "start_confidence": (1.0, 3.0),
}
SEARCHED = ("movielens-100k",)
SUM, SUMMED = "heart and SASRec", ("movielens-1m",)
"""The ensemble of both, and where it is fitted: where there is a GPU."""
SASREC_S = 3600.0
"""Seconds after which a fit of SASRec ends with its best so far."""
SASREC = {
    "movielens-100k": rows.SASRecConfig(),
    "movielens-1m": rows.SASRecConfig(d=128, batch=13_000, negatives=4_000),
    "amazon-beauty": rows.SASRecConfig(dropout=0.5, max_events=50),
}
SPARSE = {"factors": (128, 256, 512), "alpha": (10.0, 30.0, 100.0), "l2": (30.0, 100.0, 300.0)}
"""Where iALS is searched on Amazon Beauty, around what the heart's own start was seen to want."""


def main() -> None:
    for name in sys.argv[1:] or SHOPS:
        measure_shop(name)


def measure_shop(name: str) -> None:
    shop = load(data_folder(name)).as_events()
    split = split_last_out(shop)
    content = content_of(shop)
    simple = {
        "ItemKNN": row(rows.ItemKNN, rows.ItemKNNConfig, recency=1.0),
        "ItemKNN+recency": row(rows.ItemKNN, rows.ItemKNNConfig),
        "EASE": row(rows.EASE, rows.EASEConfig, recency=1.0),
        "EASE+recency": row(rows.EASE, rows.EASEConfig),
        "IALS": row(rows.IALS, rows.IALSConfig, recency=1.0),
        "IALS+recency": row(rows.IALS, rows.IALSConfig),
        "Cooccurrence": row(rows.Cooccurrence, rows.CooccurrenceConfig),
    }

    if name == "amazon-beauty":
        for key in ("IALS", "IALS+recency"):
            simple[key] = replace(simple[key], space={**simple[key].space, **SPARSE})

    def measure(models: Mapping[str, Recommender], seed: int) -> Results:
        return evaluate(models, split, metrics=METRICS, curve=None, rng=seed)

    def sasrec(seed: int) -> Recommender:
        row = rows.SASRec(content, SASREC[name])
        running = Running(seed, progress=True, device="cuda", time_s=SASREC_S)
        return row.fit(split.train, some_of(split.valid), **vars(running))

    def both(seed: int) -> Recommender:
        members = {
            "heart": MetaRecommender(content, CONFIGS[name]),
            "order": rows.SASRec(content, SASREC[name]),
        }
        running = Running(seed, progress=True, device="cuda", time_s=2 * SASREC_S)
        return Ensemble(members).fit(split.train, some_of(split.valid), **vars(running))

    def compute() -> Results:
        tuning = replace(split, valid=some_of(split.valid, TUNED_ON))
        fits, trials = fit_rows(simple, tuning, split, objective="ndcg", trials=TRIALS[name])
        if torch.cuda.is_available():
            fits["SASRec"] = sasrec
        fits["Popularity"] = fit_on(split, rows.Popularity())
        fits["Random"] = fit_on(split, rows.Random())
        return rows_over_seeds(fits, measure).with_trials(trials)

    simple_results = kept_rows(
        f"next_event_{name}",
        simple,
        split,
        compute,
        metrics=METRICS,
        trials=TRIALS[name],
        tuned_on=TUNED_ON,
        sasrec=[torch.cuda.is_available(), SASREC[name], SASREC_S, content.fingerprint],
    )
    config, trials = CONFIGS[name], [simple_results.trials]
    if name in SEARCHED:
        config, own = tune_heart(
            content, config, SPACE, split, objective="ndcg", trials=TRIALS[name]
        )
        trials.append(own)
    hearts, _ = heart_over_seeds(split, content, config, measure, valid=True)
    if name in SUMMED and torch.cuda.is_available():
        hearts = [*hearts, *(measure({SUM: both(seed)}, seed) for seed in SEEDS)]
    results = together(hearts, simple_results).with_trials(
        pl.concat(log for log in trials if log is not None)
    )
    comparisons = compare(results, HEART, metrics=["ndcg@10"], family=f"{HEART}, {name}")
    write(
        "next_event",
        results,
        goals(name, results, comparisons),
        comparisons,
        data=name,
    )


def goals(name: str, results: Results, comparisons: pl.DataFrame) -> list[Goal]:
    own = value(results, HEART, SCENARIO, "ndcg@10")
    shop = f"{name}, ratings as events" if name.startswith("movielens") else name
    least = AT_LEAST[name]
    found = [Goal(f"NDCG@10, {shop}: at least {least}", f"{own:.4f}", own >= least)]
    for rival in TO_BEAT:
        found_in = cell(comparisons, against=rival)
        won = bool(found_in["significant"] and found_in["better"])
        told = f"{own:.4f} against {value(results, rival, SCENARIO, 'ndcg@10'):.4f}"
        found.append(Goal(f"NDCG@10, {shop}: significantly above {rival}", told, won))
    return found


if __name__ == "__main__":
    main()
