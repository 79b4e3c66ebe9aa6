"""Recommended lists beside what was relevant to each person."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Episodes, Histories, Recommendations, Recommender
from metarec.evaluation.protocol.background import Background

Relevance = Literal["event", "liked", "value"]
"""What makes a query item relevant: being chosen, being liked, or as much as its value says."""


@dataclass(frozen=True, eq=False)
class RankedLists:
    """One model's lists for many episodes, with the relevance of what they hold.

    `items` are rows of the catalogue, -1 where a list ended early. `ideal` holds the relevances of
    the query from high to low, as many as the list is long; `n_relevant` counts all of them.
    """

    items: Int[np.ndarray, "episode rank"]
    gains: Float[np.ndarray, "episode rank"]
    ideal: Float[np.ndarray, "episode best"]
    n_relevant: Int[np.ndarray, " episode"]
    support: Histories
    query: Histories
    k: int
    n_candidates: int
    background: Background


def ranked_lists(
    model: Recommender,
    episodes: Episodes,
    background: Background,
    *,
    k: int,
    exclude_seen: bool,
    relevance: Relevance,
) -> RankedLists:
    """The lists that `model` recommends after each support, judged by each query."""
    catalogue = background.train.catalogue
    allowed = catalogue.offered
    candidates = None
    if episodes.candidates is not None:
        allowed = allowed & episodes.candidates
        candidates = catalogue.ids[np.flatnonzero(episodes.candidates)].tolist()
    recommended = model.recommend(
        episodes.support, k, exclude_seen=exclude_seen, candidates=candidates
    )
    items = rows_in_catalogue(recommended, background)
    keys, values = _relevances(episodes.query, background, relevance)
    n_items = len(catalogue)
    return RankedLists(
        items=items,
        gains=_gains(items, keys, values, n_items),
        ideal=_ideal(keys // n_items, values, (len(episodes), k)),
        n_relevant=np.bincount(keys // n_items, minlength=len(episodes)),
        support=episodes.support,
        query=episodes.query,
        k=k,
        n_candidates=int(allowed.sum()),
        background=background,
    )


def rows_in_catalogue(
    recommended: Recommendations, background: Background
) -> Int[np.ndarray, "episode rank"]:
    """The recommended items as rows of the training catalogue, -1 where it does not know one."""
    catalogue = background.train.catalogue
    if recommended.vocabulary == catalogue.vocabulary:
        return recommended.items
    if len(recommended.vocabulary) == 0:
        return np.full(recommended.items.shape, -1)
    row_of = catalogue.index(recommended.vocabulary)
    return np.where(recommended.items >= 0, row_of[np.maximum(recommended.items, 0)], -1)


def is_relevant(
    query: Histories, background: Background, relevance: Relevance
) -> Bool[np.ndarray, " event"]:
    """True for the query events that a list should hold."""
    if relevance == "liked":
        return query.values >= background.likes_from
    return query.values > 0 if relevance == "value" else np.ones(len(query.items), dtype=bool)


def _relevances(
    query: Histories, background: Background, relevance: Relevance
) -> tuple[Int[np.ndarray, " relevant"], Float[np.ndarray, " relevant"]]:
    """Each relevant (episode, item) once, as episode * n_items + item ascending, and its gain."""
    n_items = len(background.train.catalogue)
    wanted = is_relevant(query, background, relevance)
    gains = np.where(wanted, query.values if relevance == "value" else 1.0, 0.0)
    pair = query.rows * n_items + query.items
    order = np.lexsort((-gains, pair))  # of a repeated item the largest gain counts
    pair, gains = pair[order], gains[order]
    kept = gains > 0
    kept[1:] &= pair[1:] != pair[:-1]
    return pair[kept], gains[kept]


def _gains(
    items: Int[np.ndarray, "episode rank"],
    keys: Int[np.ndarray, " relevant"],
    values: Float[np.ndarray, " relevant"],
    n_items: int,
) -> Float[np.ndarray, "episode rank"]:
    if len(keys) == 0:
        return np.zeros(items.shape)
    wanted = np.arange(len(items))[:, None] * n_items + items
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((keys[place] == wanted) & (items >= 0), values[place], 0.0)


def _ideal(
    episodes: Int[np.ndarray, " relevant"],
    values: Float[np.ndarray, " relevant"],
    shape: tuple[int, int],
) -> Float[np.ndarray, "episode rank"]:
    order = np.lexsort((-values, episodes))
    episodes, values = episodes[order], values[order]
    counts = np.bincount(episodes, minlength=shape[0])
    ranks = np.arange(len(episodes)) - np.repeat(np.cumsum(counts) - counts, counts)
    ideal = np.zeros(shape)
    inside = ranks < shape[1]
    ideal[episodes[inside], ranks[inside]] = values[inside]
    return ideal
