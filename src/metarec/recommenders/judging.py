"""Whose lists a model is judged by while it is trained step by step, and by what number."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from metarec.contracts import DataError, Dataset, Episodes, Histories
from metarec.contracts.pieces import pieces
from metarec.data.draws import shuffled_order
from metarec.training.streams import Purpose, stream

SHARE, LEAST_PEOPLE, LARGEST_SHARE, MOST_PEOPLE = 0.1, 20, 0.25, 2000
"""Of how many people the last event is held out where no validation is given; of a validation that
is given, no more people are judged, who are drawn at random."""
CELLS_AT_ONCE = 4_000_000
"""Scores held at once."""


def judged_on(data: Dataset, valid: Episodes | None, rng: int) -> tuple[Histories, Episodes]:
    """What is learned from and what is judged on: queries on items that are learned, or nothing."""
    histories, random = data.histories, stream(rng, Purpose.HOLD_OUT)
    if valid is not None:
        if valid.support.vocabulary != data.catalogue.vocabulary:
            raise DataError("valid must be episodes over train's catalogue, as a split gives them")
        valid = _on(valid, data.touched)
        if len(valid) > MOST_PEOPLE:
            valid = valid.take(np.sort(random.choice(len(valid), MOST_PEOPLE, replace=False)))
        if len(valid):
            return histories, valid
    return hold_out_last(data, random)


def _on(episodes: Episodes, touched: Bool[np.ndarray, " item"]) -> Episodes:
    """The episodes with queries on touched items, without those where nothing is left."""
    query = episodes.query.keep(touched[episodes.query.items])
    return replace(episodes, query=query).take(np.flatnonzero(query.lengths > 0))


def hold_out_last(data: Dataset, rng: np.random.Generator) -> tuple[Histories, Episodes]:
    """The last event of random people; of a history without an order, a random one.

    Never the only event of an item, which nothing would be learned of.
    """
    histories = data.histories
    if data.clock is None:
        histories = histories.permuted(shuffled_order(histories, rng))
    last = histories.offsets[1:] - 1
    able = np.flatnonzero(histories.lengths >= 2)
    able = able[data.event_kinds.foretold(histories)[last[able]]]
    n = max(int(SHARE * len(able)), min(LEAST_PEOPLE, int(LARGEST_SHARE * len(able))))
    people = np.sort(rng.choice(able, size=min(n, MOST_PEOPLE), replace=False))
    gone = np.zeros(len(histories.items), dtype=bool)
    gone[last[people]] = True
    left = np.bincount(histories.items[~gone], minlength=len(histories.vocabulary))
    gone &= left[histories.items] > 0
    people = people[gone[last[people]]]
    kept = histories.keep(~gone)
    return kept, Episodes(kept.take(people), histories.keep(gone).take(people))


def list_loss(
    score: Callable[[Histories], Float[np.ndarray, "person item"]],
    valid: Episodes,
    touched: Bool[np.ndarray, " item"],
) -> float:
    """1 minus the mean over people of the mean gain of their query events, 1 / log2(2 + rank).

    Ranks are from 0, without a cut-off, so that few people are enough to tell. Touched items
    compete, and of those that the person had before, none with what is new to them. Equal scores
    count half. NaN where a query has no finite score.
    """
    gains = np.zeros(len(valid))
    for part in pieces(len(valid), 2 * len(touched), CELLS_AT_ONCE):
        own = valid.take(part)
        table = np.where(touched, score(own.support), -np.inf)
        seen = np.zeros(table.shape, dtype=bool)
        seen[own.support.rows, own.support.items] = True
        rows, items = own.query.rows, own.query.items
        asked, again = table[rows, items][:, None], seen[rows, items][:, None]
        if not np.isfinite(asked).all():
            return float("nan")
        rivals = again | ~seen[rows]
        level = ((table[rows] == asked) & rivals).sum(axis=1) - 1  # the event is level with itself
        rank = ((table[rows] > asked) & rivals).sum(axis=1) + level / 2
        gains[part] = np.bincount(rows, 1 / np.log2(2.0 + rank), minlength=len(own))
    return 1 - float((gains / valid.query.lengths).mean())
