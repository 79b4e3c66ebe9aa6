"""What to ask a new user: five questions chosen by the model, the popular ones, or random ones.

New users of MovieLens-1M (MeLU's new-user scenario, all users with at least 13 ratings of known
items). 10 ratings are the query; the others are what the person could answer, for every strategy
alike. Two ways to ask:

- five answers: only items that the person rated are asked about, so every question is answered;
- five questions: anything may be asked, and an item that the person never rated gets no answer.

The first way was added after the second had been measured; the tests of both are one family. A
list of ten ratings drawn at random says little of a person, so thirty draws are averaged: with
three, the noise of an order was twice the difference between any two ways to ask.
"""

import itertools
from dataclasses import replace

import numpy as np
import polars as pl

from benchmarks.common import (
    SEEDS,
    Goal,
    cell,
    content_of,
    data_folder,
    say,
    write,
)
from metarec.contracts import Episodes, Histories
from metarec.data import load, split_scenarios
from metarec.data.splits.split import Split
from metarec.evaluation import Results, combine, compare, evaluate
from metarec.meta import MetaConfig, MetaRecommender

QUESTIONS = 5
DRAWS = 30
SCENARIO = "user_cold_state"
STRATEGIES = ("ask", "popular", "random")
WAYS = ("five answers", "five questions")
METRICS = ["mae", "list_ndcg@3", "list_ndcg_exponential@3"]


def main() -> None:
    folder = data_folder("movielens-1m")
    shop = load(folder)
    split = split_scenarios(shop, folder / "scenarios.parquet", valid=0.0, draws=DRAWS, most=10_000)
    content = content_of(shop)
    episodes = split.test[SCENARIO]
    found: list[Results] = []
    answered: list[tuple[str, str, float]] = []
    for seed in SEEDS:
        model = MetaRecommender(content, MetaConfig()).fit(split.train, rng=seed, progress=True)
        results, told = asked_both_ways(model, split, episodes, seed)
        found.append(results)
        answered += told
    results = combine(found)
    comparisons = compare(results, "ask", family="questions of the model against others")
    shares = pl.DataFrame(answered, schema=["way", "strategy", "answered"], orient="row")
    write(
        "asking",
        results,
        goals(comparisons),
        comparisons,
        answered=shares.group_by("way", "strategy", maintain_order=True)
        .agg(pl.col("answered").mean())
        .to_dicts(),
    )


def asked_both_ways(
    model: MetaRecommender, split: Split, episodes: Episodes, seed: int
) -> tuple[Results, list[tuple[str, str, float]]]:
    """Every strategy judged after either way to ask, and how many answers each got a person."""
    parts, answered = [], []
    for strategy in STRATEGIES:
        told = {
            "five answers": episodes.support.keep(
                chosen_answers(strategy, model, episodes, split, seed)
            ),
            "five questions": answers(episodes, questions(strategy, model, episodes, split, seed)),
        }
        for way in WAYS:
            mean = float(told[way].lengths.mean())
            answered.append((way, strategy, mean))
            say(f"seed {seed}, {way}, {strategy}: {mean:.2f} answers")
        tests = {way: Episodes(told[way], episodes.query) for way in WAYS}
        one = replace(split, test=tests)
        parts.append(evaluate({strategy: model}, one, metrics=METRICS, curve=None, rng=seed))
    return combine(parts), answered


def chosen_answers(
    strategy: str, model: MetaRecommender, episodes: Episodes, split: Split, seed: int
) -> np.ndarray:
    """True for the events of the support that answer the five questions of each person."""
    support = episodes.support
    if strategy == "ask":
        stranger = model.adapt([])
        ids = split.train.catalogue.ids
        told = np.zeros(len(support.items), dtype=bool)
        for person in range(len(support)):
            mine = slice(support.offsets[person], support.offsets[person + 1])
            asked = stranger.ask(QUESTIONS, candidates=ids[support.items[mine]].tolist(), sure=True)
            told[mine] = np.isin(support.items[mine], asked.items)
        return told
    order = np.random.default_rng(seed).random(len(support.items))
    if strategy == "popular":
        order = -split.train.item_counts[support.items].astype(float)
    best = np.lexsort((order, support.rows))  # each person's events, the wanted ones first
    told = np.zeros(len(best), dtype=bool)
    told[best[support.places < QUESTIONS]] = True
    return told


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
    for way, metric, rival in itertools.product(WAYS, METRICS[:2], ("popular", "random")):
        own = cell(comparisons, scenario=way, metric=metric, against=rival)
        won = bool(own["significant"] and own["better"])
        told = f"{own['difference']:+.4f} [{own['low']:+.4f}, {own['high']:+.4f}]"
        found.append(Goal(f"{way}, {metric}: better than {rival} ones", told, won))
    return found


if __name__ == "__main__":
    main()
