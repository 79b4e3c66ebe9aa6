"""The learning curve of an item: how well new items are known after some events on them.

MovieLens-100k as ratings, the default model, `split_cold`: people it knows and items that it never
saw. Two ways to be told of them, one fit for both:

- events: of every item with twenty ratings or more, 1, 2, 5 or 10 drawn at random are told; what is
  asked for is all of its ratings beyond ten drawn ones, the same for every size. Lists are those of
  a person's asked items by expected rating: no item is told more often than another, so nothing is
  told of how often items are taken.
- people: all that a share of the people did, as if they had come since; what is asked for is what
  another half of the people took, among all new items, by the order of the default.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Bool, Int

from benchmarks.common import SEEDS, Goal, content_of, data_folder, rounded, say, value, write
from metarec.contracts import Episodes, Histories
from metarec.data import Split, load, split_cold
from metarec.evaluation import Results, combine, compare, evaluate
from metarec.meta import MetaConfig, MetaRecommender

SCENARIO = "known users, new items"
EVENTS = (0, 1, 2, 5, 10)
PEOPLE = (0.0, 0.01, 0.03, 0.1, 0.5)
LEAST = 20
RATED = ["mae", "rmse", "list_ndcg@3", "covered_90"]
TAKEN = ["ndcg", "recall"]


def main() -> None:
    shop = load(data_folder("movielens-100k"))
    content = content_of(shop)
    found: dict[str, list[Results]] = {"events": [], "people": []}
    for seed in SEEDS:
        split = split_cold(shop, rng=seed)
        model = MetaRecommender(content, MetaConfig()).fit(split.train, split.valid, rng=seed)
        rng = np.random.default_rng(seed)
        found["events"].append(by_events(model, split, rng, seed))
        found["people"].append(by_people(model, split, rng, seed))
        say(f"seed {seed} is done")
    told = {way: combine(results) for way, results in found.items()}
    tests = [
        compare(told["events"], last(EVENTS), metrics=["mae"], family="ten events against fewer"),
        compare(told["people"], last(PEOPLE), metrics=["ndcg@10"], family="half against fewer"),
    ]
    write(
        "item_curve",
        told["events"],
        goals(told),
        pl.concat(tests),
        by_people=rounded(told["people"].summary()),
    )


def by_events(model: MetaRecommender, split: Split, rng: np.random.Generator, seed: int) -> Results:
    """Ratings beyond ten of each item, after some of these ten."""
    episodes = split.test[SCENARIO]
    query = episodes.query
    counts = np.bincount(query.items, minlength=len(query.vocabulary))
    places = drawn_places(query, rng)
    many = counts[query.items] >= LEAST
    asked = replace(episodes, query=query.keep(many & (places >= max(EVENTS))))
    models = {
        label(n): model.warm(behind(episodes.support, query, many & (places < n))) for n in EVENTS
    }
    return judged(models, split, asked, RATED, seed)


def by_people(model: MetaRecommender, split: Split, rng: np.random.Generator, seed: int) -> Results:
    """What half of the people took, after what some of the others did."""
    episodes = split.test[SCENARIO]
    order = rng.permutation(len(episodes))
    half = len(order) // 2
    models = {}
    for share in PEOPLE:
        some = episodes.take(np.sort(order[half : half + round(share * len(order))]))
        told = behind(some.support, some.query, np.ones(len(some.query.items), dtype=bool))
        models[label(share)] = model.warm(told)
    return judged(models, split, episodes.take(np.sort(order[:half])), TAKEN, seed)


def judged(
    models: Mapping[str, MetaRecommender],
    split: Split,
    asked: Episodes,
    metrics: list[str],
    seed: int,
) -> Results:
    own = replace(split, test={SCENARIO: asked})
    return evaluate(models, own, metrics=metrics, k=10, curve=None, rng=seed)


def label(told: float) -> str:
    return f"{told:g} events" if isinstance(told, int) else f"{told:.0%} of people"


def last(told: tuple[float, ...]) -> str:
    return label(told[-1])


def drawn_places(histories: Histories, rng: np.random.Generator) -> Int[np.ndarray, " event"]:
    """Each event's place among those of its item, in an order drawn at random."""
    order = np.lexsort((rng.random(len(histories.items)), histories.items))
    counts = np.bincount(histories.items, minlength=len(histories.vocabulary))
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order)) - (np.cumsum(counts) - counts)[histories.items[order]]
    return places


def behind(support: Histories, query: Histories, told: Bool[np.ndarray, " event"]) -> Histories:
    """Each person's support with the events that are told of their query behind it."""
    more = query.keep(told)
    order = np.argsort(np.concatenate([support.rows, more.rows]), kind="stable")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(support, name), getattr(more, name)])[order]
        for name in ("items", "values", "times", "kinds")
    }
    return replace(support, **columns, offsets=support.offsets + more.offsets, details=None)


def goals(told: Mapping[str, Results]) -> list[Goal]:
    found = []
    for way, sizes, metric, better in (
        ("events", EVENTS, "mae", -1),
        ("events", EVENTS, "list_ndcg@3", 1),
        ("people", PEOPLE, "ndcg@10", 1),
    ):
        means = [value(told[way], label(n), SCENARIO, metric) for n in sizes]
        steps = ", ".join(f"{label(n)} {mean:.4f}" for n, mean in zip(sizes, means, strict=True))
        met = better * (means[-1] - means[0]) > 0
        found.append(Goal(f"new items: {metric} is better the more is told of them", steps, met))
    return found


if __name__ == "__main__":
    main()
