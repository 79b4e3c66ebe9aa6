"""What a recommender answers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from numpy.typing import NDArray

from metarec.contracts.printing import counted, listed
from metarec.contracts.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Recommendations:
    """Ranked items, best first: for one person (` rank`), or for many (`history rank`).

    `items` are rows of `vocabulary`, -1 where fewer than k items could be scored; there `scores`
    and `stds` are NaN. `stds` are NaN throughout for a model that does not know its uncertainty.
    """

    vocabulary: Vocabulary
    items: Int[np.ndarray, "*history rank"]
    scores: Float[np.ndarray, "*history rank"]
    stds: Float[np.ndarray, "*history rank"]

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """Item ids in the shape of `items`, None where there is no item."""
        if len(self.vocabulary) == 0:
            return np.full(self.items.shape, None, dtype=object)
        found = self.vocabulary[np.maximum(self.items, 0)]
        found[self.items < 0] = None
        return found

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        if self.items.ndim == 1:
            return f"Recommendations({counted(len(self), 'item')}{self._best()})"
        filled, places = int((self.items >= 0).sum()), self.items.shape[1]
        size = f"{counted(len(self), 'history', 'histories')} x {counted(places, 'place')}"
        empty = f", {self.items.size - filled:,} of them empty" if filled < self.items.size else ""
        first = f"; history 0{self[0]._best()}" if len(self) else ""
        return f"Recommendations({size}{empty}{first})"

    def _best(self) -> str:
        """The first items with their scores, and stds where there are any."""
        told = [
            f"{name} {score:.4g}" + ("" if np.isnan(std) else f" ± {std:.2g}")
            for name, score, std in zip(self.ids, self.scores, self.stds, strict=True)
        ]
        return f": {listed(told)}" if told else ": nothing"

    def __getitem__(self, history: int) -> "Recommendations":
        """One person's list out of many, without the empty places at its end."""
        if self.items.ndim != 2:
            raise TypeError("these recommendations belong to one person; use .ids and .scores")
        filled = self.items[history] >= 0
        return Recommendations(
            self.vocabulary,
            self.items[history][filled],
            self.scores[history][filled],
            self.stds[history][filled],
        )

    def to_frame(self) -> pl.DataFrame:
        """Columns [history,] rank (from 1), item_id, score, std; empty places left out."""
        items = np.atleast_2d(self.items)
        rows, ranks = np.nonzero(items >= 0)
        columns = {
            "history": rows,
            "rank": ranks + 1,
            "item_id": np.atleast_2d(self.ids)[rows, ranks].tolist(),
            "score": np.atleast_2d(self.scores)[rows, ranks],
            "std": np.atleast_2d(self.stds)[rows, ranks],
        }
        frame = pl.DataFrame(columns, schema_overrides={"item_id": pl.String})
        return frame if self.items.ndim == 2 else frame.drop("history")


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """Scores of named (history, item) pairs, NaN in place where the model cannot answer.

    `stds` is the standard deviation of the expected value, `predictive_stds` of what would be
    observed (noise included); both NaN for a model that does not know its uncertainty.
    """

    scores: Float[np.ndarray, " pair"]
    stds: Float[np.ndarray, " pair"]
    predictive_stds: Float[np.ndarray, " pair"]

    def __repr__(self) -> str:
        known = self.scores[~np.isnan(self.scores)]
        range_ = f" from {known.min():.4g} to {known.max():.4g}" if len(known) else ""
        answered = f"{len(known):,} of {counted(len(self.scores), 'pair')} scored{range_}"
        return f"Predictions({answered}, {'without' if np.isnan(self.stds).all() else 'with'} stds)"
