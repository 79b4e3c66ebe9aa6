"""From scores of many people to their lists: the best that may be shown, or all that are named."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Catalogue, Histories, Recommendations
from metarec.contracts.shortfall import REASONS
from metarec.ranking.given import given_rows, whole_order
from metarec.ranking.wanted import Missing, Wanted

OfItems = Callable[[Int[np.ndarray, "history rank"]], Float[np.ndarray, "history rank"]]


@dataclass(frozen=True, eq=False)
class Scored:
    """What a model says of some people."""

    scores: Float[np.ndarray, "history item"]
    """By which lists are ordered, over the whole catalogue; NaN where there is none. A list writes
    NaN into it where an item may not be shown."""
    shown: Callable[[Float[np.ndarray, "history rank"]], Float[np.ndarray, "history rank"]] = (
        lambda scores: scores
    )
    """What the answer tells of scores, such as held inside a scale."""
    stds: OfItems = lambda rows: np.full(rows.shape, np.nan)
    """Standard deviations of the items in these rows of the catalogue."""
    ratings: OfItems | None = None
    """Expected ratings of these items, where the scores are something else or more."""


Scoring = Callable[[Histories], Scored]


def best_lists(
    wanted: Wanted,
    catalogue: Catalogue,
    histories: Histories,
    chunks: Iterable[slice],
    scoring: Scoring,
) -> Recommendations:
    """The best items of each history; what has no score is never among them.

    `histories` are in the rows of the catalogue, and scored a chunk at a time.
    """
    items = np.full((len(histories), wanted.k), -1)
    scores, stds, ratings = (np.full(items.shape, np.nan) for _ in range(3))
    missing, rated = [], False
    for chunk in chunks:
        part = histories.take(chunk)
        scored = scoring(part)
        items[chunk], short = wanted.best(scored.scores, part, chunk.start)
        missing.append((len(part), short))
        found, rows = items[chunk] >= 0, np.maximum(items[chunk], 0)
        best = np.take_along_axis(scored.scores, rows, 1)
        scores[chunk] = np.where(found, scored.shown(best), np.nan)
        stds[chunk] = np.where(found, scored.stds(rows), np.nan)
        if rated := scored.ratings is not None:
            ratings[chunk] = np.where(found, scored.ratings(rows), np.nan)
    return Recommendations(
        catalogue.vocabulary,
        items,
        scores,
        stds,
        catalogue,
        histories.user_ids,
        wanted.asked,
        joined(missing),
        ratings if rated else None,
    )


def given_lists(
    ids: Sequence[str],
    catalogue: Catalogue,
    histories: Histories,
    chunks: Iterable[slice],
    scoring: Scoring,
) -> Recommendations:
    """All the named items for each history, best first; what is unknown or unscored stands last."""
    named, rows = given_rows(ids, catalogue)
    order = np.zeros((len(histories), len(rows)), dtype=np.int64)
    scores, stds, ratings = (np.full(order.shape, np.nan) for _ in range(3))
    rated = False
    for chunk in chunks:
        scored = scoring(histories.take(chunk))
        table = np.where(rows < 0, np.nan, scored.scores[:, rows])
        order[chunk] = whole_order(table, rows, catalogue)
        asked = rows[order[chunk]]
        std = scored.stds(np.maximum(asked, 0))
        stds[chunk] = np.where(asked < 0, np.nan, std)
        scores[chunk] = scored.shown(np.take_along_axis(table, order[chunk], 1))
        if rated := scored.ratings is not None:
            ratings[chunk] = np.where(asked < 0, np.nan, scored.ratings(np.maximum(asked, 0)))
    return Recommendations(
        named,
        order,
        scores,
        stds,
        catalogue,
        histories.user_ids,
        len(named),
        ratings=ratings if rated else None,
    )


def joined(parts: Sequence[tuple[int, Missing | None]]) -> Missing | None:
    """What `Wanted.best` said of the parts of a batch, each with its length, as one table.

    None where every list is full.
    """
    if all(missing is None for _, missing in parts):
        return None
    return np.concatenate(
        [
            np.zeros((length, len(REASONS)), dtype=np.int64) if missing is None else missing
            for length, missing in parts
        ]
    )
