"""Items that nobody has touched, ranked among themselves for known users, on MovieLens-1M.

20 % of the items are held out entirely; half of their events are validation, half the test. Ratings
count as events. The heart and every row are tuned on the validation half, in as many trials each;
the heart's first trial was chosen there by hand. The validation is of the same items as the test,
by other events of theirs; the heart's training stops by it as well.
"""

from collections.abc import Mapping

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
    row,
    rows_over_seeds,
    together,
    tune_heart,
    value,
    write,
)
from metarec import recommenders as rows
from metarec.contracts import Recommender
from metarec.data import load, split_cold_items
from metarec.evaluation import Results, compare, evaluate
from metarec.meta import MetaConfig

TRIALS = 10
SCENARIO = "cold items"
METRICS = ["recall", "ndcg"]
CONFIG = MetaConfig(
    d=64,
    steps=300,
    learning_rate=5e-3,
    masked=0.5,
    all_masked=0.2,
    recency="none",
    evenness=0.7,
    content_decay=1.0,
    offset_decay=0.1,
)
SPACE = {
    "learning_rate": (2e-3, 5e-3),
    "masked": (0.3, 0.5, 0.7),
    "evenness": (0.5, 0.7, 1.0),
    "content_decay": (0.3, 1.0, 3.0, 10.0),
    "offset_decay": (0.03, 0.1, 0.3),
    "start_l2": (0.03, 0.05, 0.1),
}


def main() -> None:
    shop = load(data_folder("movielens-1m")).as_events()
    split = split_cold_items(shop)
    content = content_of(shop)
    simple = {
        "IALSRidge": row(rows.IALSRidge, rows.IALSRidgeConfig, content, recency=1.0),
        "PredictedPopularity": row(
            rows.PredictedPopularity, rows.PredictedPopularityConfig, content
        ),
    }
    fits, trials = fit_rows(simple, split, split, objective="recall", trials=TRIALS, k=20)
    fits["ContentKNN"] = fit_on(split, rows.ContentKNN(content))
    fits["Random"] = fit_on(split, rows.Random())

    def measure(models: Mapping[str, Recommender], seed: int) -> Results:
        return evaluate(models, split, metrics=METRICS, k=20, curve=None, rng=seed)

    config, own = tune_heart(content, CONFIG, SPACE, split, objective="recall", trials=TRIALS, k=20)
    hearts, _ = heart_over_seeds(split, content, config, measure, valid=True)
    results = together(hearts, rows_over_seeds(fits, measure)).with_trials(pl.concat([trials, own]))
    comparisons = compare(results, HEART, family=f"{HEART} on cold items")
    write("cold_items", results, goals(results, comparisons), comparisons)


def goals(results: Results, comparisons: pl.DataFrame) -> list[Goal]:
    found = []
    for metric in ("recall@20", "ndcg@20"):
        own = value(results, HEART, SCENARIO, metric)
        ridge = value(results, "IALSRidge", SCENARIO, metric)
        found_in = cell(comparisons, metric=metric, against="IALSRidge")
        level = not (found_in["significant"] and not found_in["better"])
        told = f"{own:.4f} against {ridge:.4f}"
        found.append(Goal(f"{metric}: at least level with the ridge map", told, level))
    return found


if __name__ == "__main__":
    main()
