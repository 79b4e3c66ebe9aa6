"""MeLU's cold-start scenarios on MovieLens-1M: rating error, ranking, calibration, learning curve.

Users with 13 to 100 ratings in a scenario, 10 of them the query, 10 fixed draws averaged, support
from the same scenario only. Every row is tuned on validation inside the warm state, whose held-out
items are the newest, as the test's are, in the same number of trials as the heart. The heart's
first trial is its defaults, which were themselves chosen by hand on such a validation. Then all are
fitted to the whole warm state.
"""

import itertools
from collections.abc import Mapping

import numpy as np
import polars as pl

from benchmarks.common import (
    HEART,
    Goal,
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
from metarec.contracts import Episodes, Histories, Predictions, Recommender
from metarec.data import load, split_scenarios
from metarec.evaluation import Results, compare, evaluate
from metarec.meta import MetaConfig

TRIALS = 12
SCENARIOS = ("user_cold_state", "item_cold_state", "user_and_item_cold_state")
METRICS = ["mae", "rmse", "list_ndcg@3", "list_ndcg_exponential@3", "crps", "covered_90"]
RANKS = ["list_ndcg@3", "list_ndcg_exponential@3"]
CURVE = (0, 1, 2, 5, 10, 20)
CONFIG = MetaConfig()
SPACE = {
    "d": (8, 16, 32),
    "learning_rate": (2e-3, 3e-3, 5e-3),
    "steps": (700, 1000, 1500),
    "masked": (0.05, 0.1, 0.2),
    "all_masked": (0.05, 0.1, 0.2),
    "content_decay": (3e-3, 1e-2, 3e-2),
    "offset_decay": (3e-3, 1e-2, 3e-2),
    "residual_precision": (10.0, 20.0, 40.0),
}
LEAST_ANSWERS = 1000
"""A smaller group tells nothing of three per cent.

Answers, not different ratings: one that is asked for in several draws counts once a draw and seed,
so a group has some thirtieth as many ratings.
"""
CONSTANT_WIDTH = "UserItemBias, constant width"


class ConstantWidth(rows.UserItemBias):
    """The bias row with one predictive standard deviation, its residuals' on validation."""

    has_uncertainty = True

    def with_width(self, episodes: Episodes) -> "ConstantWidth":
        told = super().predict(episodes.support, episodes.query)
        self.width_ = float(np.sqrt(np.mean((episodes.query.values - told.scores) ** 2)))
        return self

    def predict(self, histories: Histories, query: Histories) -> Predictions:
        told = super().predict(histories, query)
        width = np.full(len(told.scores), self.width_)
        return Predictions(told.scores, told.stds, width)


def main() -> None:
    folder = data_folder("movielens-1m")
    shop = load(folder)
    table = folder / "scenarios.parquet"
    tuning = split_scenarios(shop, table, newest="year")
    final = split_scenarios(shop, table, valid=0.0)
    content = content_of(shop)
    simple = {
        "UserItemBias": row(rows.UserItemBias, rows.UserItemBiasConfig),
        "TextRidge": row(rows.TextRidge, rows.TextRidgeConfig, content),
        "ItemMean": row(rows.ItemMean, rows.ItemMeanConfig),
        "UserMean": row(rows.UserMean, rows.UserMeanConfig),
    }
    fits, trials = fit_rows(simple, tuning, final, objective="mae", trials=TRIALS)
    settings = fits["UserItemBias"](0).config  # type: ignore[attr-defined]
    width = ConstantWidth(settings).fit(tuning.train).with_width(tuning.valid).width_
    flat = ConstantWidth(settings).fit(final.train)
    flat.width_ = width
    fits[CONSTANT_WIDTH] = lambda seed: flat
    fits["Random"] = fit_on(final, rows.Random())
    fits["Popularity"] = fit_on(final, rows.Popularity())

    def measure(models: Mapping[str, Recommender], seed: int) -> Results:
        return evaluate(models, final, metrics=METRICS, curve=CURVE, rng=seed)

    config, own = tune_heart(content, CONFIG, SPACE, tuning, objective="mae", trials=TRIALS)
    hearts, _ = heart_over_seeds(final, content, config, measure, valid=False)
    results = together(hearts, rows_over_seeds(fits, measure)).with_trials(pl.concat([trials, own]))
    comparisons = pl.concat(
        [family_of(results, metric, [None]) for metric in ("mae", "rmse", *RANKS)]
        + [family_of(results, "mae", list(CURVE))]
    )
    calibration = results.calibration
    write(
        "cold_start",
        results,
        goals(results, comparisons, calibration),
        comparisons,
        calibration=calibration_table(calibration).to_dicts(),
    )


def family_of(results: Results, metric: str, sizes: list[int | None]) -> pl.DataFrame:
    """The heart against every row on one metric, in every scenario: one family of tests."""
    size = "whole support" if sizes == [None] else "learning curve"
    family = f"{HEART} against every row, {metric}, {size}"
    return compare(results, HEART, metrics=[metric], k=sizes, family=family)


def goals(results: Results, comparisons: pl.DataFrame, calibration: pl.DataFrame) -> list[Goal]:
    found = []
    whole = comparisons.filter(pl.col("k").is_null())
    for scenario in SCENARIOS:
        own = value(results, HEART, scenario, "mae")
        bias = value(results, "UserItemBias", scenario, "mae")
        beats = significant(whole, scenario, "mae", "UserItemBias")
        found.append(
            Goal(f"MAE, {scenario}: significantly below bias", f"{own:.4f} < {bias:.4f}", beats)
        )
        if scenario == "user_cold_state":
            found.append(Goal(f"MAE, {scenario}: at most 0.705", f"{own:.4f}", own <= 0.705))
        else:
            ridge = value(results, "TextRidge", scenario, "mae")
            gap = ridge - own
            told = f"{own:.4f}, {gap:.4f} below {ridge:.4f}"
            found.append(
                Goal(f"MAE, {scenario}: below text ridge + bias by 0.008", told, gap >= 0.008)
            )
    for metric in RANKS:
        for scenario in SCENARIOS:
            rivals = whole.filter(
                (pl.col("scenario") == scenario) & (pl.col("metric") == metric)
            ).sort("difference")
            hardest = rivals.row(0, named=True)
            told = f"{hardest['difference']:+.4f} to {hardest['against']}"
            won = bool((rivals["significant"] & rivals["better"]).all())
            found.append(Goal(f"{metric}, {scenario}: significantly above every row", told, won))
    for scenario in SCENARIOS:
        curve = [value(results, HEART, scenario, "mae", k) for k in CURVE]
        biases = [value(results, "UserItemBias", scenario, "mae", k) for k in CURVE]
        rises = all(b <= a + 1e-4 for a, b in itertools.pairwise(curve))
        below = all(a <= b for a, b in zip(curve, biases, strict=True))
        told = " ".join(f"{a:.3f}/{b:.3f}" for a, b in zip(curve, biases, strict=True))
        found.append(
            Goal(
                f"learning curve, {scenario}: better with k, never behind bias",
                told,
                rises and below,
            )
        )
    return found + calibration_goals(results, calibration)


def significant(comparisons: pl.DataFrame, scenario: str, metric: str, against: str) -> bool:
    cell = comparisons.filter(
        (pl.col("scenario") == scenario)
        & (pl.col("metric") == metric)
        & (pl.col("against") == against)
    )
    return bool((cell["significant"] & cell["better"]).all())


def calibration_table(calibration: pl.DataFrame) -> pl.DataFrame:
    """Share inside the 90 % interval by group, all draws and seeds together; `n` counts answers."""
    return (
        calibration.filter((pl.col("model") == HEART) & ((pl.col("level") - 0.9).abs() < 1e-9))
        .with_columns(inside=pl.col("observed") * pl.col("n"))
        .group_by("scenario", "k", "group", maintain_order=True)
        .agg(pl.col("inside").sum(), pl.col("n").sum())
        .select("scenario", "k", "group", (pl.col("inside") / pl.col("n")).round(4), "n")
    )


def calibration_goals(results: Results, calibration: pl.DataFrame) -> list[Goal]:
    table = calibration_table(calibration).filter(
        (pl.col("k").is_null() | pl.col("k").is_in([0, 1, 5, 20])) & (pl.col("n") >= LEAST_ANSWERS)
    )
    width = pl.col("group").str.starts_with("width")
    found = []
    for scenario in SCENARIOS:
        own = table.filter(pl.col("scenario") == scenario)
        for name, cells in (
            ("overall, per k, per known or new item", own.filter(~width)),
            ("per decile of predicted width", own.filter(width)),
        ):
            low, high = float(cells["inside"].min()), float(cells["inside"].max())  # type: ignore[arg-type]
            n_off = int(((cells["inside"] < 0.87) | (cells["inside"] > 0.93)).sum())
            told = f"{low:.3f} to {high:.3f}, {n_off} of {len(cells)} groups outside"
            goal = f"90 % intervals cover 87-93 %, {scenario}: {name}"
            found.append(Goal(goal, told, n_off == 0))
        crps = value(results, HEART, scenario, "crps")
        flat = value(results, CONSTANT_WIDTH, scenario, "crps")
        told = f"{crps:.4f} < {flat:.4f}"
        found.append(
            Goal(f"CRPS, {scenario}: better than bias with a constant width", told, crps < flat)
        )
    return found


if __name__ == "__main__":
    main()
