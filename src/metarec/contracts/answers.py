"""What a recommender answers."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from numpy.typing import NDArray

from metarec.contracts.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Recommendations:
    """Ranked items, best first: for one person (` rank`), or for many (`history rank`).

    `items` are rows of `vocabulary`, -1 where fewer than k items could be scored; there `scores`
    and `stds` are NaN. `stds` are NaN throughout for a model that does not know its uncertainty.
    """

    vocabulary: Vocabulary = field(repr=False)
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


@dataclass(frozen=True, eq=False)
class Predictions:
    """Scores of named (history, item) pairs, NaN in place where the model cannot answer.

    `stds` is the standard deviation of the expected value, `predictive_stds` of what would be
    observed (noise included); both NaN for a model that does not know its uncertainty.
    """

    scores: Float[np.ndarray, " pair"]
    stds: Float[np.ndarray, " pair"]
    predictive_stds: Float[np.ndarray, " pair"]
