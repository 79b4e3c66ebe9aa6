"""What the measures know beside a model's answers: popularity, likes, content, ties."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import Catalogue, DataError, Dataset
from metarec.ranking.ties import ties_of

LIKED_FROM = 0.625
"""Where on a scale of ratings liking begins: 3.5 of 1 to 5."""


@dataclass(frozen=True, eq=False)
class ItemContent:
    """Content that the measures of variety need; each may be absent."""

    vectors: Float[np.ndarray, "item d"] | None = None
    """One row an item of the catalogue: for diversity and novelty against the history."""
    categories: Bool[np.ndarray, "item category"] | None = None
    """Which categories each item belongs to: for the coverage of a user's interests."""


@dataclass(frozen=True, eq=False)
class Background:
    """The training data and content behind the measures of one evaluation."""

    train: Dataset
    content: ItemContent
    likes_from: float
    """Ratings at or above it count as liked."""

    @classmethod
    def of(
        cls, train: Dataset, content: ItemContent | None = None, likes_from: float | None = None
    ) -> "Background":
        """The background of a training set, with its own scale's border of liking."""
        content = content or ItemContent()
        for name in ("vectors", "categories"):
            rows = getattr(content, name)
            if rows is not None and len(rows) != len(train.catalogue):
                raise DataError(
                    f"content.{name} needs one row for each of the {len(train.catalogue)} items, "
                    f"got {len(rows)}"
                )
        low, high = train.scale
        border = low + LIKED_FROM * (high - low) if likes_from is None else likes_from
        return cls(train, content, border)

    @cached_property
    def ties(self) -> Int[np.ndarray, " item"]:
        """The key of each item; the smaller wins between equal scores."""
        return ties_of(self.train.catalogue.vocabulary)

    @cached_property
    def popularity(self) -> Float[np.ndarray, " item"]:
        """Number of training events of each item."""
        return self.train.item_counts.astype(np.float64)

    @cached_property
    def probability(self) -> Float[np.ndarray, " item"]:
        """Probability that an event is about the item: (count + 1) / (events + items)."""
        return (self.popularity + 1) / (self.popularity.sum() + len(self.popularity))

    @cached_property
    def popularity_order(self) -> Int[np.ndarray, " item"]:
        """Items on offer from the most to the least popular, ties by key."""
        order = np.lexsort((self.ties, -self.popularity))
        return order[self.train.catalogue.offered[order]]


def categories_of(
    catalogue: Catalogue, column: str, *, separator: str = "|"
) -> Bool[np.ndarray, "item category"]:
    """Which categories each item belongs to, from a list column or one of joined strings."""
    if column not in catalogue.frame.columns:
        raise DataError(f"the catalogue has no column {column!r}, only {catalogue.frame.columns}")
    named = [_names(cell, separator) for cell in catalogue.frame[column].to_list()]
    column_of = {name: c for c, name in enumerate(sorted({n for row in named for n in row}))}
    table = np.zeros((len(named), len(column_of)), dtype=bool)
    for row, names in enumerate(named):
        table[row, [column_of[name] for name in names]] = True
    return table


def _names(cell: Iterable[str] | str | None, separator: str) -> list[str]:
    if cell is None:
        return []
    names = cell.split(separator) if isinstance(cell, str) else [str(n) for n in cell if n]
    return [name.strip() for name in names if name.strip()]
