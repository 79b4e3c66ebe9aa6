"""Counting likes: how often this person likes things, and how often people like this thing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import NotNegative, Number, Settings
from metarec.recommenders.base import BaseRecommender
from metarec.recommenders.bias import damped_mean, mean_value


@dataclass(frozen=True)
class LikeShareConfig(Settings):
    """Choices of `LikeShare`."""

    like_from: Number | None = None
    """The smallest value that is a like; None: the training mean."""
    damping: NotNegative = 2.0
    """How many events with the global share of likes each user and item starts with."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {"damping": (0.5, 1.0, 2.0, 5.0, 10.0)}


class LikeShare(BaseRecommender):
    """Score = share of likes in the user's history + the item's share of likes - the global share.

    Both shares are damped. For each item it ranks by how much it is liked, and over pairs of many
    users it also says who likes much: for rating data, this count of the likes in a prompt reaches
    the AUC that large language models are reported with. For implicit events everything is a like,
    so that all items tie.
    """

    Config = LikeShareConfig
    reads_ratings = True
    config: LikeShareConfig
    like_from_: float
    level_: float
    item_above_: Float[np.ndarray, " item"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        items, values = train.histories.items, train.histories.values
        mean = mean_value(values)
        chosen = self.config.like_from
        self.like_from_ = mean if chosen is None else chosen
        likes = (values >= self.like_from_).astype(np.float64)
        self.level_ = mean_value(likes)
        n_items = len(train.catalogue)
        self.item_above_ = damped_mean(likes - self.level_, items, n_items, self.config.damping)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        above = (histories.values >= self.like_from_) - self.level_
        own = damped_mean(above, histories.rows, len(histories), self.config.damping)
        return np.asarray(self.level_ + own[:, None] + self.item_above_)
