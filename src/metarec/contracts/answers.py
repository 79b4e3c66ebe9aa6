"""What a recommender answers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from numpy.typing import NDArray

from metarec.contracts.catalogue import Catalogue
from metarec.contracts.errors import DataError
from metarec.contracts.printing import counted, listed
from metarec.contracts.shortfall import REASONS, Shortfall
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
    catalogue: Catalogue | None = None
    """Where titles are looked up; None: nowhere."""
    user_ids: NDArray[np.object_] | None = None
    """Whose each list is, where the histories told."""
    asked: int = 0
    """The length of lists that was asked for."""
    missing: Int[np.ndarray, "people reason"] | None = None
    """Where lists are short: how many items each reason of `Shortfall` kept out of each."""
    ratings: Float[np.ndarray, "*history rank"] | None = None
    """The expected ratings, of which `stds` then are; None from a model that foretells none beside
    its scores."""

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
            why = f"; {self.why_short}" if self.why_short else ""
            return f"Recommendations({counted(len(self), 'item')}{self._best()}{why})"
        filled, places = int((self.items >= 0).sum()), self.items.shape[1]
        size = f"{counted(len(self), 'history', 'histories')} x {counted(places, 'place')}"
        empty = f", {self.items.size - filled:,} of them empty" if filled < self.items.size else ""
        first = f"; history 0{self[0]._best()}" if len(self) else ""
        return f"Recommendations({size}{empty}{first})"

    def _best(self) -> str:
        """The first items with their ratings, or else scores, and stds where there are any."""
        shown = self.scores if self.ratings is None else self.ratings
        told = [
            f"{name} {score:.4g}" + ("" if np.isnan(std) else f" ± {std:.2g}")
            for name, score, std in zip(self.ids, shown, self.stds, strict=True)
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
            self.catalogue,
            None if self.user_ids is None else self.user_ids[[history]],
            self.asked,
            None if self.missing is None else self.missing[[history]],
            None if self.ratings is None else self.ratings[history][filled],
        )

    @property
    def shortfalls(self) -> dict[int, Shortfall]:
        """Why lists are shorter than asked, by history (0 for one person); full ones are absent."""
        if self.missing is None:
            return {}
        found = (np.atleast_2d(self.items) >= 0).sum(axis=1)
        return {
            int(row): Shortfall(
                self.asked,
                int(found[row]),
                **dict(zip(REASONS, map(int, self.missing[row]), strict=True)),
            )
            for row in np.flatnonzero(found < self.asked)
        }

    @property
    def why_short(self) -> str:
        """Why there are fewer items than asked, in a line; empty where there are not."""
        short = self.shortfalls
        if self.items.ndim == 1 or not short:
            return "".join(map(str, short.values()))
        history, first = next(iter(short.items()))
        return f"{len(short):,} of {len(self):,} lists are short; history {history}: {first}"

    def to_frame(self) -> pl.DataFrame:
        """Columns [history, [user_id,]] rank (from 1), item_id, [title,] score, [rating,] std.

        Empty places are left out. There is a `user_id` where the histories told whose they are, and
        a `title` where the catalogue has such a column. Where the model foretells ratings
        there is a `rating`, and `std` is the standard deviation of it.
        """
        rows, ranks = np.nonzero(np.atleast_2d(self.items) >= 0)
        ids = np.atleast_2d(self.ids)[rows, ranks].tolist()
        columns = {"history": pl.Series(rows)} if self.items.ndim == 2 else {}
        if self.user_ids is not None and self.items.ndim == 2:
            columns["user_id"] = pl.Series(self.user_ids[rows].tolist(), dtype=pl.String)
        columns["rank"] = pl.Series(ranks + 1)
        columns["item_id"] = pl.Series(ids, dtype=pl.String)
        if self.catalogue is not None and self.catalogue.titles is not None:
            known = self.catalogue.index(ids)
            titles = self.catalogue.titles[np.maximum(known, 0)]
            titles[known < 0] = None
            columns["title"] = pl.Series(titles.tolist(), dtype=pl.String)
        columns["score"] = pl.Series(np.atleast_2d(self.scores)[rows, ranks])
        if self.ratings is not None:
            columns["rating"] = pl.Series(np.atleast_2d(self.ratings)[rows, ranks])
        columns["std"] = pl.Series(np.atleast_2d(self.stds)[rows, ranks])
        return pl.DataFrame(columns)

    def to_pandas(self) -> Any:
        """`to_frame` as a pandas DataFrame."""
        try:
            return self.to_frame().to_pandas()
        except ModuleNotFoundError as error:
            raise DataError(
                'to_pandas needs pandas: pip install "metarec[pandas]"; to_frame gives the same as '
                "a Polars DataFrame"
            ) from error


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
