"""People held out entirely: a tenth of all, told four fifths of what they did, in order and drawn.

    python -m benchmarks new_users [movielens-1m] [lastfm-2k]

Ratings and plays count as events. Rows are tuned on validation, which holds out another tenth in
the same way, in the same number of trials on one seed; the default model stands as it is. All are
fitted to the same training part and fold the same people in. What a seed changes is fitted with
three. Lists are over the whole catalogue but what is known of the person.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from benchmarks.common import (
    HEART,
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
    value,
    write,
)
from metarec import recommenders as rows
from metarec.contracts import Dataset, Recommender
from metarec.data import load, split_new_users
from metarec.data.splits.new_users import Order
from metarec.encoders import ContentFeatures
from metarec.evaluation import Results, combine, compare, evaluate
from metarec.meta import MetaConfig

SHOPS = ("movielens-1m", "lastfm-2k")
ASKED = {100: "ndcg", 20: "recall", 50: "recall"}
"""Lengths of lists, and what is asked of them."""
MAIN = "ndcg@100"
TRIALS = 8
TO_BEAT = ("EASE", "IALS", "MultVAE")
ENTRIES = {
    "EASE": row(rows.EASE, rows.EASEConfig),
    "IALS": row(rows.IALS, rows.IALSConfig),
    "MultVAE": row(rows.MultVAE, rows.MultVAEConfig),
    "ItemKNN": row(rows.ItemKNN, rows.ItemKNNConfig),
}


def main() -> None:
    for name in sys.argv[1:] or SHOPS:
        measure_shop(name)


def measure_shop(name: str) -> None:
    shop = load(data_folder(name)).as_events()
    content = content_of(shop)
    orders: list[Order] = ["drawn"] if shop.clock is None else ["time", "drawn"]
    found = [measure(name, shop, content, order) for order in orders]
    trials = [part.trials for part in found if part.trials is not None]
    results = replace(combine(found), trials=pl.concat(trials))
    metrics = [f"{metric}@{k}" for k, metric in ASKED.items()]
    comparisons = compare(results, HEART, metrics=metrics, family=f"{HEART}, {name}")
    write("new_users", results, goals(name, results, comparisons), comparisons, data=name)


def measure(name: str, shop: Dataset, content: ContentFeatures, order: Order) -> Results:
    split = split_new_users(shop, order=order)
    asked = {f"new users, {order}": split.test["new users"]}
    split = replace(split, test=asked)

    def judged(models: Mapping[str, Recommender], seed: int) -> Results:
        parts = [
            evaluate(models, split, metrics=[metric], k=k, curve=None, rng=seed)
            for k, metric in ASKED.items()
        ]
        return replace(parts[0], values=pl.concat(part.values for part in parts))

    def compute() -> Results:
        tuning = replace(split, valid=some_of(split.valid))
        fits, trials = fit_rows(
            ENTRIES, tuning, split, objective="ndcg", trials=TRIALS, k=max(ASKED)
        )
        fits["Popularity"] = fit_on(split, rows.Popularity())
        return rows_over_seeds(fits, judged).with_trials(trials)

    simple = kept_rows(
        f"new_users_{name}_{order}", ENTRIES, split, compute, asked=list(ASKED), trials=TRIALS
    )
    hearts, _ = heart_over_seeds(split, content, MetaConfig(), judged, valid=True)
    return replace(together(hearts, simple), trials=simple.trials)


def goals(name: str, results: Results, comparisons: pl.DataFrame) -> list[Goal]:
    found = []
    for scenario in results.summary()["scenario"].unique(maintain_order=True):
        own = value(results, HEART, scenario, MAIN)
        for rival in TO_BEAT:
            found_in = cell(comparisons, against=rival, scenario=scenario, metric=MAIN)
            told = f"{own:.4f} against {value(results, rival, scenario, MAIN):.4f}"
            won = bool(found_in["significant"] and found_in["better"])
            found.append(Goal(f"{MAIN}, {name}, {scenario}: above {rival}", told, won))
    return found


if __name__ == "__main__":
    main()
