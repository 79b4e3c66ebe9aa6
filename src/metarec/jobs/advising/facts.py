"""What of a shop decides how well, and how long, a model of it is learned."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from metarec.contracts import Dataset

SMALL = 10
"""Items with fewer events are called rare."""


@dataclass(frozen=True)
class Facts:
    """Counts and shares; all but the words are of the events that are to be foretold."""

    feedback: str
    ordered: bool
    """True where the shop tells the order of events."""
    users: int
    """People with an event."""
    teachers: int
    """People with two events or more: of each something can be asked."""
    items: int
    touched: int
    """Items with an event."""
    events: int
    rare: float
    """Share of the touched items with fewer than ten events."""
    repeated: float
    """Share of events on what the person had before."""
    words: float
    """Mean number of words in the text of an item."""

    @property
    def per_user(self) -> float:
        """Events of a person, on average."""
        return self.events / max(self.users, 1)


def facts_of(shop: Dataset) -> Facts:
    """The facts of a shop."""
    histories = shop.histories
    foretold = histories.keep(shop.event_kinds.foretold(histories))
    n_items = len(shop.catalogue)
    counts = np.bincount(foretold.items, minlength=n_items)
    touched = counts[counts > 0]
    pairs = foretold.rows * np.int64(n_items) + foretold.items
    lengths = foretold.lengths
    return Facts(
        feedback=shop.feedback,
        ordered=shop.clock is not None,
        users=int((histories.lengths > 0).sum()),
        teachers=int(((histories.lengths > 1) & (lengths > 0)).sum()),
        items=n_items,
        touched=len(touched),
        events=len(foretold.items),
        rare=float(np.mean(touched < SMALL)) if len(touched) else 0.0,
        repeated=1.0 - len(np.unique(pairs)) / max(len(pairs), 1),
        words=_words(shop.catalogue.frame),
    )


def _words(frame: pl.DataFrame) -> float:
    """Mean number of words of an item, in all its columns of text and lists of text."""
    texts = [
        pl.col(name).str.split(" ").list.len() if kind == pl.String else pl.col(name).list.len()
        for name, kind in frame.schema.items()
        if name != "item_id" and kind in (pl.String, pl.List(pl.String))
    ]
    if not texts or not len(frame):
        return 0.0
    total = pl.sum_horizontal(text.fill_null(0) for text in texts)
    return float(frame.select(total.mean()).item())
