"""A new user's 20 events to a top 10 over 3,700 items, beside implicit's ALS fold-in.

Both sides learn as many features an item; ours has a constant, an offset and variances beside them.
Both sides take item ids and give item ids, through their public calls, for 1,000 different users,
in turns in one process. What counts is the ratio of the medians of CPU time.
"""

from functools import partial
from statistics import median

import numpy as np
import polars as pl
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from benchmarks.common import Goal, cpu_ms, say, write
from metarec.contracts import Catalogue, Dataset
from metarec.encoders import HashEncoder
from metarec.meta import MetaConfig, MetaRecommender

USERS, ITEMS, EVENTS, K = 1000, 3700, 20, 10
TRAIN_USERS = 500
ROUNDS = 5
D = 64
"""Learned features an item here, factors there."""


def main() -> None:
    rng = np.random.default_rng(0)
    shop = random_shop(rng)
    model = MetaRecommender(HashEncoder(), MetaConfig(d=D, steps=20)).fit(shop)
    ids = [str(i) for i in shop.catalogue.ids]
    people = [
        [(ids[row], float(rng.integers(1, 6))) for row in rng.choice(ITEMS, EVENTS, replace=False)]
        for _ in range(USERS)
    ]
    als = fitted_als(shop)
    row_of = {item_id: row for row, item_id in enumerate(ids)}
    names = np.array(ids, dtype=object)

    def theirs(history: list[tuple[str, float]]) -> object:
        rows = [row_of[item_id] for item_id, _ in history]
        values = np.ones(len(rows), dtype=np.float32)
        events = sp.csr_matrix((values, (np.zeros(len(rows), dtype=int), rows)), shape=(1, ITEMS))
        found, scores = als.recommend(0, events, N=K, recalculate_user=True)
        return list(names[found]), scores

    def ours(history: list[tuple[str, float]]) -> object:
        found = model.adapt(history).recommend(k=K)
        return list(found.ids), found.scores, found.stds

    def theirs_together() -> object:
        rows = np.repeat(np.arange(USERS), EVENTS)
        columns = [row_of[item_id] for history in people for item_id, _ in history]
        values = np.ones(len(columns), dtype=np.float32)
        events = sp.csr_matrix((values, (rows, columns)), shape=(USERS, ITEMS))
        found, scores = als.recommend(np.arange(USERS), events, N=K, recalculate_user=True)
        return names[found], scores

    def ours_together() -> object:
        found = model.recommend(people, k=K)
        return found.ids, found.scores, found.stds

    with threadpool_limits(limits=1):
        one_theirs, one_ours = [], []
        for history in people:  # in turns, so that a busy machine slows both alike
            one_theirs.append(cpu_ms(partial(theirs, history)))
            one_ours.append(cpu_ms(partial(ours, history)))
        many = [(cpu_ms(theirs_together), cpu_ms(ours_together)) for _ in range(ROUNDS)]
    single = median(one_ours) / median(one_theirs)
    batch = median(b for _, b in many) / median(a for a, _ in many)
    batch_to_single = median(b for _, b in many) / USERS / median(one_theirs)
    say(f"singly: ours {median(one_ours):.3f} ms, theirs {median(one_theirs):.3f} ms")
    say(f"together: ours {median(b for _, b in many) / USERS:.4f} ms a user")
    write(
        "serving",
        None,
        [
            Goal(
                f"adapt + recommend singly, {D} features: within 4x of implicit's ALS, {D} factors",
                f"{single:.2f}x",
                single <= 4,
            ),
            Goal(
                f"in batches of 1,000, {D} features: within 1x of implicit's single fold-in",
                f"{batch_to_single:.2f}x",
                batch_to_single <= 1,
            ),
        ],
        single_ms={"ours": median(one_ours), "implicit": median(one_theirs)},
        batch_ms_a_user={
            "ours": median(b for _, b in many) / USERS,
            "implicit": median(a for a, _ in many) / USERS,
        },
        batch_to_batch=batch,
        sizes={"features": D, "factors": D, "items": ITEMS, "events": EVENTS, "k": K},
    )


def random_shop(rng: np.random.Generator, n_items: int = ITEMS) -> Dataset:
    """A shop with the shape of the question and nothing to learn."""
    users = np.repeat(np.arange(TRAIN_USERS), EVENTS)
    items = np.concatenate([rng.choice(n_items, EVENTS, replace=False) for _ in range(TRAIN_USERS)])
    values = rng.integers(1, 6, len(users)).astype(np.float32)
    frame = pl.DataFrame({"user": users, "item": items, "value": values})
    titles = [f"thing number {n} of sort {n % 17}" for n in range(n_items)]
    catalogue = Catalogue.of(
        pl.DataFrame({"item_id": [f"item-{n}" for n in range(n_items)], "title": titles})
    )
    ids = np.array([f"u{n}" for n in range(TRAIN_USERS)], dtype=object)
    return Dataset("serving", "rating", None, catalogue, ids, frame)


def fitted_als(shop: Dataset) -> AlternatingLeastSquares:
    events = shop.interactions
    ones = np.ones(len(events), dtype=np.float32)
    at = (events["user"].to_numpy(), events["item"].to_numpy())
    model = AlternatingLeastSquares(factors=D, iterations=3, random_state=0, num_threads=1)
    model.fit(sp.csr_matrix((ones, at), shape=(TRAIN_USERS, ITEMS)), show_progress=False)
    return model


if __name__ == "__main__":
    main()
