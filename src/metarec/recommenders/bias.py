"""Rating levels without tastes: the item's mean, the user's own mean, and both together.

All of them are damped [Funk 2006; Koren, Factor in the Neighbors 2010, section 2.1]: a mean over n
values counts as if `damping` more values had been seen at the level expected without them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.settings import Count, NotNegative, Settings
from metarec.recommenders.base import BaseRecommender

TINY = np.finfo(np.float64).tiny


def damped_mean(
    values: Float[np.ndarray, " event"],
    groups: Int[np.ndarray, " event"],
    n_groups: int,
    damping: float,
) -> Float[np.ndarray, " group"]:
    """sum / (n + damping) of each group's values; 0 for a group without values."""
    totals = np.bincount(groups, values, minlength=n_groups)
    counts = np.bincount(groups, minlength=n_groups)
    means: Float[np.ndarray, " group"] = totals / np.maximum(counts + damping, TINY)
    return means


@dataclass(frozen=True)
class ItemMeanConfig(Settings):
    """Choices of `ItemMean`."""

    damping: NotNegative = 5.0
    """How many events at the global mean each item starts with."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {"damping": (0.0, 1.0, 2.0, 5.0, 10.0, 25.0)}


class ItemMean(BaseRecommender):
    """Score = the item's damped mean value; the global mean for an item nobody has touched."""

    Config = ItemMeanConfig
    predicts_ratings = True
    reads_ratings = True
    config: ItemMeanConfig
    means_: Float[np.ndarray, " item"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        items, values = train.histories.items, train.histories.values
        level = mean_value(values)
        offsets = damped_mean(values - level, items, len(train.catalogue), self.config.damping)
        self.means_ = level + offsets

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        return np.broadcast_to(self.means_, (len(histories), len(self.means_)))


@dataclass(frozen=True)
class UserMeanConfig(Settings):
    """Choices of `UserMean`."""

    damping: NotNegative = 2.0
    """How many events at the global mean each user starts with."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {"damping": (0.0, 1.0, 2.0, 5.0, 10.0)}


class UserMean(BaseRecommender):
    """Score = the damped mean of the user's own values, the same for every item."""

    Config = UserMeanConfig
    predicts_ratings = True
    reads_ratings = True
    config: UserMeanConfig
    level_: float

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.level_ = mean_value(train.histories.values)

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        residuals = histories.values - self.level_
        own = damped_mean(residuals, histories.rows, len(histories), self.config.damping)
        return np.broadcast_to(
            (self.level_ + own)[:, None], (len(histories), len(histories.vocabulary))
        )


@dataclass(frozen=True)
class UserItemBiasConfig(Settings):
    """Choices of `UserItemBias`."""

    item_damping: NotNegative = 5.0
    """How many events at the expected level each item starts with."""
    user_damping: NotNegative = 5.0
    """How many events at the expected level each user starts with."""
    sweeps: Count = 10
    """How often the two biases are solved in turn."""
    space: ClassVar[Mapping[str, Sequence[Any]]] = {
        "item_damping": (1.0, 2.0, 5.0, 10.0, 25.0),
        "user_damping": (1.0, 2.0, 3.0, 5.0, 10.0),
    }


class UserItemBias(BaseRecommender):
    """Score = μ + b_item + b_user, with b_user taken from the history alone.

    Training alternates the damped means of residuals; a person served later gets the same damped
    mean of their residuals to μ + b_item, so known and new users are treated alike.
    """

    Config = UserItemBiasConfig
    predicts_ratings = True
    reads_ratings = True
    config: UserItemBiasConfig
    offsets_: Float[np.ndarray, " item"]

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        config = self.config
        biases = alternate_biases(
            train.histories, config.item_damping, config.user_damping, config.sweeps
        )
        self.offsets_ = biases.level + biases.item

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        own = user_bias(histories, self.offsets_, self.config.user_damping)
        return np.asarray(self.offsets_ + own)


def mean_value(values: Float[np.ndarray, " event"]) -> float:
    """The mean, 0 where there is no event to take it over."""
    return float(values.mean()) if len(values) else 0.0


@dataclass(frozen=True, eq=False)
class Biases:
    """The global mean, and how far each item and each user stands above it."""

    level: float
    item: Float[np.ndarray, " item"]
    user: Float[np.ndarray, " history"]


def alternate_biases(
    histories: Histories, item_damping: float, user_damping: float, sweeps: int
) -> Biases:
    """Item and user biases, each the damped mean of what the other leaves, solved in turn."""
    shape = (len(histories), len(histories.vocabulary))
    dampings = (item_damping, user_damping, sweeps)
    return alternate_biases_of(histories.rows, histories.items, histories.values, shape, dampings)


def alternate_biases_of(
    users: Int[np.ndarray, " event"],
    items: Int[np.ndarray, " event"],
    values: Float[np.ndarray, " event"],
    shape: tuple[int, int],
    dampings: tuple[float, float, int],
) -> Biases:
    """`alternate_biases` of columns; `shape` is users by items, `dampings` end with the sweeps."""
    item_damping, user_damping, sweeps = dampings
    level = mean_value(values)
    above = values - level
    user, item = np.zeros(shape[0]), np.zeros(shape[1])
    for _ in range(sweeps):
        item = damped_mean(above - user[users], items, len(item), item_damping)
        user = damped_mean(above - item[items], users, len(user), user_damping)
    return Biases(level, item, user)


def user_bias(
    histories: Histories, offsets: Float[np.ndarray, " item"], damping: float
) -> Float[np.ndarray, "history 1"]:
    """The damped mean of each history's residuals to the items' offsets."""
    residuals = histories.values - offsets[histories.items]
    return damped_mean(residuals, histories.rows, len(histories), damping)[:, None]
