"""Whose questions tell more: the posterior's, or MeLU's evidence candidates, on MovieLens-100k.

    python -m benchmarks.asking_rules [--draws 10] [--seed 0]

A tenth of all people is held out; those with at least 23 ratings are asked, of which 10 are the
query, the others what they could answer, in several draws. Every rule chooses 5 and 10 of these
(each question is answered); the heart and MeLU are then told the answers. MAE, and the difference
to the heart's questions with a 95 % bootstrap interval over people. `popular` and `random` are the
rules of `asking`.
"""

import argparse

import numpy as np
from jaxtyping import Float, Int

from benchmarks.common import content_of, data_folder
from metarec.contracts import Dataset, Episodes, Recommender
from metarec.contracts.episodes import joined
from metarec.data import Split, load, split_new_users
from metarec.data.draws import permuted
from metarec.meta import MetaRecommender
from metarec.recommenders import MeLU, MeLUConfig

LEAST, QUERIES = 23, 10
ANSWERS = (5, 10)
RULES = ("ask", "evidence", "evidence x popularity", "popular", "random")
QUICK = MeLUConfig(learning_rate=1e-3, steps=1500, inner_rate=0.01, inner_steps=5)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    shop = load(data_folder("movielens-100k"))
    split = split_new_users(shop, order="drawn", rng=given.seed)
    melu = MeLU(QUICK).fit(split.train, split.valid, rng=given.seed, progress=True)
    heart = MetaRecommender(content_of(shop)).fit(split.train, split.valid, rng=given.seed)
    episodes = people_asked(shop, split, given.draws, given.seed)
    errors = {}
    for rule in RULES:
        ranks = ranks_of(rule, heart, melu, split, episodes)
        for answers in ANSWERS:
            told = Episodes(episodes.support.keep(ranks < answers), episodes.query)
            for name, model in (("heart", heart), ("MeLU", melu)):
                errors[rule, answers, name] = error_of(model, told, given.draws)
    for (rule, answers, name), own in errors.items():
        low, high = interval(own - errors["ask", answers, name], given.seed)
        print(f"{name:6} {answers:2} answers, {rule:22} {own.mean():.4f} [{low:+.4f}, {high:+.4f}]")


def people_asked(shop: Dataset, split: Split, draws: int, seed: int) -> Episodes:
    """The people held out for the test, drawn anew several times, on items that were learned."""
    test = split.test["new users"].support.user_ids
    assert test is not None
    own = shop.histories.take(np.array([shop.user_row(str(user)) for user in test]))
    own = own.keep(split.train.touched[own.items])
    own = own.take(np.flatnonzero(own.lengths >= LEAST))
    random = np.random.default_rng(seed)
    asked = joined(
        [permuted(own, np.lexsort((random.random(len(own.items)), own.rows))) for _ in range(draws)]
    )
    return Episodes(asked.keep(asked.places >= QUERIES), asked.keep(asked.places < QUERIES))


def ranks_of(
    rule: str, heart: MetaRecommender, melu: MeLU, split: Split, episodes: Episodes
) -> Int[np.ndarray, " event"]:
    """In which place the rule asks about each event of the support, from 0."""
    support, most = episodes.support, max(ANSWERS)
    ranks = np.full(len(support.items), most)
    ids, counts, stranger = split.train.catalogue.ids, split.train.item_counts, heart.adapt([])
    for person in range(len(support)):
        mine = slice(support.offsets[person], support.offsets[person + 1])
        items = support.items[mine]
        known = ids[items].tolist()
        if rule == "ask":
            order = stranger.ask(most, candidates=known, sure=True).items
        elif rule.startswith("evidence"):
            order = melu.ask(k=most, candidates=known, sure=rule == "evidence").items
        else:  # an order drawn at random is that of the support
            order = items[np.argsort(-counts[items], kind="stable")] if rule == "popular" else items
        place = np.argmax(order[:most, None] == items, axis=0)
        ranks[mine] = np.where(np.isin(items, order[:most]), place, most)
    return ranks


def error_of(model: Recommender, told: Episodes, draws: int) -> Float[np.ndarray, " person"]:
    """The mean absolute error of each person over all draws."""
    errors = np.abs(model.predict(told.support, told.query).scores - told.query.values)
    of_each = np.bincount(told.query.rows, errors, minlength=len(told)) / told.query.lengths
    return np.asarray(of_each.reshape(draws, -1).mean(axis=0))


def interval(differences: Float[np.ndarray, " person"], seed: int) -> tuple[float, float]:
    """Where the mean lies in 95 % of samples of people."""
    n = len(differences)
    means = differences[np.random.default_rng(seed).integers(n, size=(2000, n))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
