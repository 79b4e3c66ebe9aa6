"""Many people at once, by the batched contract of the models: each as if they were asked alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from metarec.contracts import DataError, Event, Histories, Recommender
from metarec.contracts.pieces import pieces
from metarec.meta.profiles import fields_apart
from metarec.serving.models import Served
from metarec.serving.people import left_out
from metarec.serving.person import check_profile, known_events
from metarec.serving.store import Store
from metarec.serving.store.charts import of_late, takers
from metarec.serving.store.people import histories_of, profiles_of

MOST_CONSIDERED = 1_000
SCORES = 20_000_000
CELLS_AT_ONCE = 2_000_000


def people_of(
    store: Store, served: Served, user_ids: Sequence[str]
) -> tuple[Histories, dict[str, list[str]]]:
    """The histories of these people with their profiles, and of whom something is left out."""
    with store.database.reading() as connection:
        kept = histories_of(connection, user_ids)
        profiles = profiles_of(connection, user_ids)
    model, notes = served.model, dict[str, list[str]]()
    heard: list[list[Event]] = []
    for user_id in user_ids:
        events = [one.event for one in kept[user_id]]
        heard.append(known_events(model, events))
        if said := left_out(len(events) - len(heard[-1])):
            notes[user_id] = said
    readable = {}
    for user_id, profile in profiles.items():
        try:
            check_profile(model, profile)
            readable[user_id] = fields_apart(profile)
        except DataError as error:
            notes.setdefault(user_id, []).append(f"the profile is left out: {error}")
    return Histories.of(heard, _table(model, user_ids, readable)), notes


@dataclass(frozen=True)
class Liker:
    """One person whom an item would suit."""

    user_id: str
    ahead_of: float
    """Share of the items on offer that stand behind it in this person's order."""
    score: float
    rating: float | None
    std: float


def most_considered(n_items: int) -> int:
    """How many people are asked whether they would like an item, by the size of the catalogue."""
    return max(1, min(MOST_CONSIDERED, SCORES // max(1, n_items)))


def who_would_like(
    store: Store, served: Served, item_id: str, k: int, at: float
) -> tuple[list[Liker], int]:
    """The `k` people in whose own order an item stands highest, of those who came last and have no
    event on it; and how many of these there were."""
    catalogue = served.model.catalogue
    with store.database.reading() as connection:
        had = takers(connection, item_id)
        asked = [u for u in of_late(connection, most_considered(len(catalogue))) if u not in had]
    others = catalogue.ids[catalogue.on_offer(at) & (catalogue.ids != item_id)].tolist()
    found = list[Liker]()
    for part in pieces(len(asked), len(catalogue), CELLS_AT_ONCE):
        own = asked[part]
        people, _ = people_of(store, served, own)
        table = served.model.score(people, [item_id, *others])
        given = served.model.rank(people, [item_id])
        ahead = (table[:, 1:] < table[:, :1]).mean(axis=1) if others else np.ones(len(own))
        ratings = [None] * len(own) if given.ratings is None else given.ratings[:, 0].tolist()
        columns = (ahead.tolist(), given.scores[:, 0].tolist(), ratings, given.stds[:, 0].tolist())
        found += [Liker(*one) for one in zip(own, *columns, strict=True)]
    found.sort(key=lambda one: (-one.ahead_of, -one.score))
    return found[:k], len(asked)


def _table(
    model: Recommender, user_ids: Sequence[str], profiles: Mapping[str, Mapping[str, Any]]
) -> pl.DataFrame | None:
    """The profiles in the columns that the model reads, null where nothing is known."""
    columns: Sequence[str] = getattr(model, "profile_columns", ())
    if not columns or not profiles:
        return None
    rows = [profiles.get(user_id, {}) for user_id in user_ids]
    cells = {name: [row.get(name) for row in rows] for name in columns}
    return pl.DataFrame([pl.Series(name, values, strict=False) for name, values in cells.items()])
