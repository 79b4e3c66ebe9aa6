"""A shop in which the order of a history decides, in a way that no table of pairs can know."""

from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
import torch
from jaxtyping import Bool

import metarec as mr
from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.alignment import align
from metarec.meta.evidence import Order
from metarec.recommenders import SASRecConfig
from metarec.recommenders.sequence_network import SequenceNetwork

from .networks import with_evidence

Kind = Literal["transformer", "gru", "lstm"]
N_ITEMS = 20
TRIPLES = 2
LEARNED = SASRecConfig(
    d=16,
    layers=1,
    max_events=6,
    dropout=0.0,
    learning_rate=0.03,
    batch=1000,
    steps=200,
    patience=99,
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


def parts_of(told: mr.meta.Explanation) -> float:
    """What the score is to be."""
    return float(told.base + told.shares.sum() + sum(told.together.values()))


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


def drawn_order(known: Bool[np.ndarray, " item"], network: Kind = "transformer") -> Order:
    """One whose every weight is drawn."""
    settings, n_known = SASRecConfig(network=network, d=8, layers=2, max_events=6), int(known.sum())
    random = torch.Generator().manual_seed(0)
    drawn = SequenceNetwork(torch.zeros(n_known, 0), settings)
    with torch.no_grad():
        for weights in drawn.parameters():
            weights.copy_(0.4 * torch.randn(weights.shape, generator=random))
    state = {name: tensor.detach().numpy() for name, tensor in drawn.state_dict().items()}
    vectors = state.pop("residual")
    del state["map"]
    return Order(settings, known, vectors, state, weight=0.7)


def with_order(model: mr.MetaRecommender, network: Kind = "transformer") -> mr.MetaRecommender:
    """The model, beside whose tables a drawn order counts, which knows all touched items but
    one."""
    heart = model.hearts["implicit"]
    assert heart.evidence is not None
    known = ~heart.evidence.untouched.rows
    known[np.flatnonzero(known)[2]] = False
    return with_evidence(model, replace(heart.evidence, order=drawn_order(known, network)))
