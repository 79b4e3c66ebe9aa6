"""A shop in which the order of a history decides, in a way that no table of pairs can know."""


import numpy as np
import polars as pl

import metarec as mr
from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.alignment import align
from metarec.recommenders import SASRecConfig

N_ITEMS = 20
TRIPLES = 2
LEARNED = SASRecConfig(
    d=16, layers=1, heads=2, max_events=6, dropout=0.0, learning_rate=0.02, steps=150, patience=100
)


def triples(people: int, rng: int) -> list[list[int]]:
    """Histories of different items, in which every third is a function of the two before it, and
    these are random.

    It is one of two that may follow the second, and which one, whether the first is even says:
    what follows an item, and what comes two places behind it, are as likely as others of their
    kind.
    """
    random = np.random.default_rng(rng)
    follows = np.stack([np.roll(np.arange(N_ITEMS), 3), np.arange(N_ITEMS)[::-1]])
    found = []
    while len(found) < people:
        own: list[int] = []
        for first, second in random.integers(N_ITEMS, size=(TRIPLES, 2)).tolist():
            own += [first, second, int(follows[first % 2, second])]
        if len(set(own)) == len(own):
            found.append(own)
    return found


def ids_of(own: list[int]) -> list[str]:
    return [f"i{item}" for item in own]


def ordered_shop(people: int = 500) -> Dataset:
    rows = [(f"u{u}", item) for u, own in enumerate(triples(people, 0)) for item in ids_of(own)]
    events = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    events = events.with_columns(pl.int_range(pl.len()).alias("timestamp"))
    titles = [f"{'tea' if item % 3 else 'saw'} {item}" for item in range(N_ITEMS + 2)]
    items = pl.DataFrame({"item_id": ids_of(list(range(N_ITEMS + 2))), "title": titles})
    return mr.from_frames(events, items, feedback="implicit", clock="order")


def asked(shop: Dataset, people: int = 350, rng: int = 1) -> Episodes:
    """The last event of other people, which the two before it tell."""
    held = triples(people, rng)
    support, query = (
        align(Histories.of([ids_of(own[part]) for own in held]), shop.catalogue)
        for part in (slice(-1), slice(-1, None))
    )
    return Episodes(support, query)


def config(**told: object) -> mr.MetaConfig:
    return mr.MetaConfig(**{"d": 4, "steps": 0, "order": LEARNED, **told})
