"""What to ask a new user: five questions chosen by the model, the popular ones, or random ones.

New users of MovieLens-1M (MeLU's new-user scenario, all users with at least 13 ratings of known
items). 10 ratings are the query; the others are what the person could answer. A question about an
item that the person never rated gets no answer, for every strategy alike.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from benchmarks.common import (
    SEEDS,
    Goal,
    content_of,
    data_folder,
    say,
    write,
)
from metarec.contracts import Histories
from metarec.data import Episodes, load, split_scenarios
from metarec.data.splits import Split
from metarec.evaluation import combine, compare, evaluate
from metarec.meta import MetaConfig, MetaRecommender

QUESTIONS = 5
SCENARIO = "user_cold_state"
STRATEGIES = ("ask", "popular", "random")
Chooser = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    folder = data_folder("movielens-1m")
    shop = load(folder)
    split = split_scenarios(shop, folder / "scenarios.parquet", valid=0.0, draws=3, most=10_000)
    content = content_of(shop)
    found, answered = [], []
    for seed in SEEDS:
        model = MetaRecommender(content, MetaConfig()).fit(split.train, rng=seed, progress=True)
        parts = []
        for strategy in STRATEGIES:
            episodes = split.test[SCENARIO]
            asked = questions(strategy, model, episodes, split, seed)
            told = answers(episodes, asked)
            answered.append((strategy, float(told.lengths.mean())))
            say(f"seed {seed}, {strategy}: {told.lengths.mean():.2f} of {QUESTIONS} answered")
            one = Split(
                split.name,
                split.train,
                split.valid,
                {SCENARIO: Episodes(told, episodes.query)},
                split.excludes,
                split.settings,
            )
            parts.append(
                evaluate(
                    {strategy: model},
                    one,
                    metrics=["mae", "list_ndcg@3", "list_ndcg_exponential@3"],
                    curve=None,
                    rng=seed,
                )
            )
        found.append(combine(parts))
    results = combine(found)
    comparisons = compare(results, "ask", family="questions of the model against others")
    shares = pl.DataFrame(answered, schema=["strategy", "answered"], orient="row")
    write(
        "asking",
        results,
        goals(comparisons),
        comparisons,
        answered=shares.group_by("strategy").agg(pl.col("answered").mean()).to_dicts(),
    )


def questions(
    strategy: str, model: MetaRecommender, episodes: Episodes, split: Split, seed: int
) -> np.ndarray:
    """Rows of the items asked of each person, (person, question); the query is never asked.

    The model knows nothing of these people yet, so its questions are one list for all, as the
    popular ones are; items of a person's own query are passed over.
    """
    n_items = len(split.train.catalogue)
    known = np.flatnonzero(split.train.touched)
    rng = np.random.default_rng(seed)
    if strategy == "ask":
        order = model.adapt([]).ask(k=200).items
    elif strategy == "popular":
        order = np.argsort(-split.train.item_counts, kind="stable")[:200]
    else:
        order = None
    asked = np.zeros((len(episodes), QUESTIONS), dtype=np.int64)
    barred = np.zeros((len(episodes), n_items), dtype=bool)
    barred[episodes.query.rows, episodes.query.items] = True
    for person in range(len(episodes)):
        line = rng.permutation(known) if order is None else order
        asked[person] = line[~barred[person, line]][:QUESTIONS]
    return asked


def answers(episodes: Episodes, asked: np.ndarray) -> Histories:
    """The support cut to the events on items that were asked about."""
    support = episodes.support
    return support.keep((asked[support.rows] == support.items[:, None]).any(axis=1))


def goals(comparisons: pl.DataFrame) -> list[Goal]:
    found = []
    for metric in ("mae", "list_ndcg@3"):
        for rival in ("popular", "random"):
            cell = comparisons.filter(
                (pl.col("metric") == metric) & (pl.col("against") == rival)
            ).row(0, named=True)
            won = bool(cell["significant"] and cell["better"])
            told = f"{cell['difference']:+.4f} [{cell['low']:+.4f}, {cell['high']:+.4f}]"
            found.append(Goal(f"five questions, {metric}: better than {rival} ones", told, won))
    return found


if __name__ == "__main__":
    main()
