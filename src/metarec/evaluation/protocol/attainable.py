"""How much of the truth a list can hold at all, whatever the model."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Bool

from metarec.contracts import Episodes, Histories
from metarec.evaluation.protocol.background import Background
from metarec.evaluation.protocol.lists import Relevance, is_relevant

LOW = 0.5
"""Below this share a list metric says little of the models."""


@dataclass(frozen=True)
class Attainable:
    """The query events of one scenario, and how many are on items that may be recommended.

    `unavailable` are on items that are not on offer or no candidates; of the others, `seen` are on
    items of the person's own support, which lists leave out. A model may know still fewer items.
    """

    events: int
    unavailable: int
    seen: int

    @property
    def share(self) -> float:
        """Share of the events that a list could hold, NaN without events."""
        lost = self.unavailable + self.seen
        return (self.events - lost) / self.events if self.events else float("nan")

    def frame(self) -> pl.DataFrame:
        """One row: share, events, unavailable, seen."""
        return pl.DataFrame([{"share": self.share, **vars(self)}])


def attainable(
    episodes: Episodes, background: Background, *, exclude_seen: bool, relevance: Relevance
) -> Attainable:
    """What lists could hold of the relevant query events, each event counted once."""
    allowed = background.train.catalogue.offered
    if episodes.candidates is not None:
        allowed = allowed & episodes.candidates
    query = episodes.query.keep(is_relevant(episodes.query, background, relevance))
    available = allowed[query.items]
    seen = (
        available
        & in_support(query, background.train.event_kinds.had(episodes.support))
        & exclude_seen
    )
    return Attainable(len(query.items), int((~available).sum()), int(seen.sum()))


def in_support(query: Histories, support: Histories) -> Bool[np.ndarray, " event"]:
    """True for the events on what the same person has in the support."""
    n_items = len(query.vocabulary)
    return np.isin(query.rows * n_items + query.items, support.rows * n_items + support.items)
