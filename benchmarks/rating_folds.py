"""Ratings foretold, five folds of everyone's ratings: RMSE over all of a fold's ratings.

    python -m benchmarks rating_folds [movielens-100k]

Each rating is the question once; a person's other ratings are in training and are the support.
Folds are drawn for each person by the seed (papers and libraries draw them over all ratings), and
all answers are cut to the scale. Intervals are over people: their errors are drawn again together,
over all folds. Settings are the defaults, which were chosen on 8,020 ratings held out of the first
fold's training part; these are questions of other folds.
"""

import sys
import time
from collections.abc import Mapping

import numpy as np
import polars as pl

from benchmarks.common import Goal, data_folder, say, write
from metarec import recommenders as rows
from metarec.contracts import Dataset, Recommender
from metarec.data import load, split_k_fold
from metarec.encoders import ContentFeatures, TextEncoder
from metarec.evaluation.protocol.provenance import versions
from metarec.meta import Ensemble, EnsembleConfig, MetaRecommender

FOLDS, SEED, DRAWS = 5, 0, 2000
SUM = "Ensemble of three"
GOALS: Mapping[str, tuple[float, str]] = {
    "BiasedMF": (0.934, "SVD of Surprise"),
    "SVDPlusPlus": (0.919, "SVD++ of Surprise"),
    "RatedItemKNN": (0.9145, "item kNN of LensKit"),
}
"""Published RMSE on MovieLens-100k, five folds, and whose it is."""
NEAR, BEST = 0.005, 0.900


def models(content: ContentFeatures) -> dict[str, Recommender]:
    """The rows that foretell ratings, the default model, and the sum of the best of each kind."""
    return {
        "ItemMean": rows.ItemMean(),
        "UserMean": rows.UserMean(),
        "UserItemBias": rows.UserItemBias(),
        "TextRidge": rows.TextRidge(content),
        "RatedUserKNN": rows.RatedUserKNN(),
        "RatedItemKNN": rows.RatedItemKNN(),
        "BiasedMF": rows.BiasedMF(),
        "SVDPlusPlus": rows.SVDPlusPlus(),
        "MetaRecommender": MetaRecommender(content),
        SUM: Ensemble(
            {
                "heart": MetaRecommender(content),
                "factors": rows.SVDPlusPlus(),
                "items": rows.RatedItemKNN(),
            },
            EnsembleConfig(by="ratings"),
        ),
    }


def errors_of(shop: Dataset) -> pl.DataFrame:
    """Squared errors by model, user and fold, and how many ratings were asked for."""
    content = ContentFeatures.fit(TextEncoder(), shop.catalogue.frame)
    low, high = shop.scale
    found = []
    for fold, split in enumerate(split_k_fold(shop, folds=FOLDS, valid=0.0, rng=SEED)):
        (asked,) = split.test.values()
        for name, model in models(content).items():
            started = time.monotonic()
            told = model.fit(split.train, rng=SEED).predict(asked.support, asked.query).scores
            errors = (np.clip(told, low, high) - asked.query.values) ** 2
            rmse, taken_s = np.sqrt(errors.mean()), time.monotonic() - started
            say(f"fold {fold + 1}: {name} {rmse:.4f} ({taken_s:.0f} s)")
            own = np.bincount(asked.query.rows, errors, len(asked))
            assert asked.query.user_ids is not None
            table = {
                "user": [str(user) for user in asked.query.user_ids],
                "squares": own,
                "ratings": asked.query.lengths,
            }
            labels = {"model": name, "fold": fold + 1, "wall_s": taken_s}
            told_of = [pl.lit(value).alias(label) for label, value in labels.items()]
            found.append(pl.DataFrame(table).with_columns(told_of))
    return pl.concat(found)


def table_of(errors: pl.DataFrame) -> pl.DataFrame:
    """RMSE of each model, the mean over folds, its 95 % interval, and that behind the best."""
    rng = np.random.default_rng(SEED)
    sums = errors.group_by("model", "user").agg(pl.col("squares", "ratings").sum()).sort("user")
    tables = {name: part for (name,), part in sums.group_by("model", maintain_order=True)}
    n = len(next(iter(tables.values())))
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=DRAWS)  # (draw, user)
    roots = {
        name: np.sqrt((drawn @ part["squares"]) / (drawn @ part["ratings"]))
        for name, part in tables.items()
    }
    folds = errors.group_by("model", "fold").agg(
        (pl.col("squares").sum() / pl.col("ratings").sum()).sqrt().alias("rmse"),
        pl.col("wall_s").first(),
    )
    means = folds.group_by("model").agg(
        pl.col("rmse").mean(),
        pl.col("rmse").sort_by("fold").alias("folds"),
        pl.col("wall_s").mean(),
    )
    best = means.sort("rmse")["model"][0]
    intervals = []
    for name, values in roots.items():
        low, high = np.quantile(values, [0.025, 0.975])
        less, more = np.quantile(values - roots[best], [0.025, 0.975])
        intervals.append((name, low, high, less, more))
    columns = ["model", "low", "high", "behind_low", "behind_high"]
    told = pl.DataFrame(intervals, schema=columns, orient="row")
    return means.join(told, on="model").sort("rmse")


def goals(table: pl.DataFrame, shop: str) -> list[Goal]:
    found = dict(table.select("model", "rmse").iter_rows())
    aims = [
        Goal(
            f"RMSE, {shop}, five folds, {name}: at most {NEAR} above {value}, {whose}",
            f"{found[name]:.4f}",
            found[name] <= value + NEAR,
        )
        for name, (value, whose) in GOALS.items()
    ]
    best, rmse = table.select("model", "rmse").row(0)
    aim = f"RMSE, {shop}, five folds, the best model: at most {BEST}"
    return [*aims, Goal(aim, f"{rmse:.4f} ({best})", rmse <= BEST)]


def main() -> None:
    for name in sys.argv[1:] or ["movielens-100k"]:
        measure(name)


def measure(name: str) -> None:
    shop = load(data_folder(name))
    table = table_of(errors_of(shop))
    say(str(table))
    floats = [column for column, kind in table.schema.items() if kind == pl.Float64]
    write(
        "rating_folds",
        None,
        goals(table, name),
        data=name,
        dataset={"name": name, "hash": shop.hash, "events": len(shop.interactions)},
        folds=FOLDS,
        seeds=[SEED],
        versions=versions(),
        rmse=table.with_columns(pl.col(floats).round(5)).to_dicts(),
    )


if __name__ == "__main__":
    main()
