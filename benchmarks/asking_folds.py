"""The people on whom ways to ask are chosen: five folds of the warm state, none of the test.

    python -m benchmarks.asking_folds [--folds 5] [--seed 0] [--draws 3]

Each fold's people are left out of training and then asked, as the new users of `asking` are: ten of
their ratings are the query, the others what they could answer, in several draws. 4,582 people of
MovieLens-1M's warm state have the 13 ratings that this takes. What is printed chooses between ways
to ask; it is no result, and stands in no table.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.asking import asked_both_ways
from benchmarks.common import content_of, data_folder
from metarec.contracts import Episodes
from metarec.contracts.episodes import joined
from metarec.data import load, split_scenarios
from metarec.data.draws import permuted
from metarec.data.splits.split import Split
from metarec.evaluation import combine, compare
from metarec.meta import MetaConfig, MetaRecommender
from metarec.meta.config import STEPS

LEAST, QUERIES = 13, 10


def folds_of(warm: Split, n_folds: int, draws: int, seed: int) -> Iterator[Split]:
    """The warm state without a fold's people, and these people as `draws` episodes each.

    Person, fold and draw follow from the seed alone: people are shuffled once and dealt out in
    turns; each draw shuffles a person's ratings anew.
    """
    random = np.random.default_rng(seed)
    histories = warm.train.histories
    people = random.permutation(np.flatnonzero(histories.lengths >= LEAST))
    for fold in range(n_folds):
        held = np.sort(people[fold::n_folds])
        own = histories.take(held)
        shuffled = [
            permuted(own, np.lexsort((random.random(len(own.items)), own.rows)))
            for _ in range(draws)
        ]
        asked = joined(shuffled)
        episodes = Episodes(asked.keep(asked.places >= QUERIES), asked.keep(asked.places < QUERIES))
        train = warm.train.where(~np.isin(warm.train.interactions["user"].to_numpy(), held))
        settings = {"fold": fold, "folds": n_folds, "draws": draws, "seed": seed}
        yield replace(
            warm, name="warm folds", train=train, test={"warm": episodes}, settings=settings
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS["rating"])
    given = parser.parse_args()
    folder = data_folder("movielens-1m")
    shop = load(folder)
    warm = split_scenarios(shop, folder / "scenarios.parquet", valid=0.0, draws=1)
    content = content_of(shop)
    found = []
    for split in folds_of(warm, given.folds, given.draws, given.seed):
        model = MetaRecommender(content, MetaConfig(steps=given.steps)).fit(
            split.train, rng=given.seed, progress=True
        )
        found.append(asked_both_ways(model, split, split.test["warm"], given.seed)[0])
    results = combine(found)
    print(compare(results, "ask", family="ways to ask, folds of the warm state"))


if __name__ == "__main__":
    main()
