"""Two shops of one world that share no person and no item."""

from dataclasses import replace

import numpy as np
import polars as pl

import metarec as mr
from metarec.contracts import Catalogue, Dataset


def apart(shop: Dataset) -> tuple[Dataset, Dataset]:
    """Half of the people on half of the items, and the others on the others."""
    items = np.random.default_rng(0).permutation(len(shop.catalogue)) % 2 == 0
    people = np.random.default_rng(1).permutation(len(shop.user_ids)) % 2 == 0
    return part(shop, people, items), part(shop, ~people, ~items)


def part(shop: Dataset, people: np.ndarray, items: np.ndarray) -> Dataset:
    """A shop of some of the people and some of the items."""
    events = shop.interactions
    kept = people[events["user"].to_numpy()] & items[events["item"].to_numpy()]
    rows = {"user": np.cumsum(people) - 1, "item": np.cumsum(items) - 1}
    events = events.filter(pl.Series(kept))
    columns = [
        pl.Series(name, new[events[name].to_numpy()]).cast(events.schema[name])
        for name, new in rows.items()
    ]
    return replace(
        shop,
        catalogue=Catalogue.of(shop.catalogue.table.filter(pl.Series(items))),
        user_ids=shop.user_ids[people],
        users=None if shop.users is None else shop.users.filter(pl.Series(people)),
        interactions=events.with_columns(columns),
    )


def young(shop: Dataset, people: int) -> Dataset:
    """The shop with the events of its first people alone."""
    return shop.where(shop.interactions["user"].to_numpy() < people)


def two_shops(kind: str) -> tuple[Dataset, Dataset]:
    """The first has a model, the second has none yet."""
    return apart(mr.generate(users=300, items=140, kind=kind, rng=3).dataset)  # type: ignore[arg-type]


def at_start() -> mr.MetaConfig:
    """Small models of both heads, that closed forms alone have learned."""
    return mr.MetaConfig(d=6, steps=0, judge_every=40, batch_users=32, max_events=40)
