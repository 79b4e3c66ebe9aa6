"""From the order of the scores to a list whose places depend on those before them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from metarec.contracts import DataError, Filters
from metarec.contracts.wording import argument
from metarec.ranking.columns import Cap
from metarec.ranking.top_k import best_rows

POOL, POOL_FACTOR = 100, 10
"""Diversity chooses among the best `max(POOL, POOL_FACTOR * k)` items."""


def one_by_one(filters: Filters) -> None:
    """Raise DataError for filters that weigh a list as a whole: of such a list a policy that
    explores could not say how likely it was."""
    if whole := [name for name in ("diversity", "at_most") if filters.get(name)]:
        raise DataError(
            f"a list that explores takes no {', '.join(whole)}; leave it out, or do not explore"
        )


def checked_diversity(value: object) -> float:
    """`value` as a number from 0 to below 1; raises DataError for anything else."""
    number = isinstance(value, int | float | np.floating) and not isinstance(value, bool)
    if not number or not 0 <= float(value) < 1:  # type: ignore[arg-type]
        name = argument("diversity")
        raise DataError(f"{name} must be a number from 0 to below 1, got {value!r}")
    return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Reranking:
    """Diversity, and caps on values, for lists of one length."""

    k: int
    diversity: float
    vectors: Float[np.ndarray, "item d"] | None
    """Of length 1, or 0 where nothing is known; None without diversity."""
    caps: tuple[Cap, ...]

    @property
    def pool(self) -> int:
        """How many of the best items diversity chooses among."""
        return max(POOL, POOL_FACTOR * self.k)

    def lists(
        self,
        scores: Float[np.ndarray, "history item"],
        allowed: Int[np.ndarray, " candidate"],
        ties: Int[np.ndarray, " item"],
    ) -> Int[np.ndarray, "history rank"]:
        """Rows of the chosen items of each history, in the order of their choice, -1 behind."""
        found = np.full((len(scores), self.k), -1)
        for row in range(len(scores)):
            alone = scores[row : row + 1]
            for depth in (self.pool, scores.shape[1]):
                order = best_rows(alone, depth, allowed, ties)[0]
                order = order[order >= 0]
                chosen = self.choose(order, alone[0, order])
                if len(chosen) == self.k or len(order) < depth:
                    break  # else caps want more items than the pool has
            found[row, : len(chosen)] = chosen
        return found

    def choose(
        self, order: Int[np.ndarray, " rank"], scores: Float[np.ndarray, " rank"]
    ) -> Int[np.ndarray, " chosen"]:
        """Up to k of the items, which stand in the order of their scores, best first."""
        pool = order[: self.pool]
        relevance = _from_0_to_1(scores[: self.pool])
        nearest: Float[np.ndarray, " pool"] | None = None
        open_ = np.ones(len(order), dtype=bool)
        used = [np.zeros(len(order), dtype=np.int64) for _ in self.caps]
        chosen: list[int] = []
        while len(chosen) < self.k and open_.any():
            if self.vectors is not None and open_[: len(pool)].any():
                place = self._best_of_pool(relevance, nearest, open_[: len(pool)])
                likeness = self.vectors[pool] @ self.vectors[order[place]]
                nearest = likeness if nearest is None else np.maximum(nearest, likeness)
            else:
                place = int(np.argmax(open_))
            chosen.append(place)
            open_[place] = False
            for cap, counts in zip(self.caps, used, strict=True):
                same = cap.codes[order] == cap.codes[order[place]]
                if cap.codes[order[place]] >= 0:
                    counts[same] += 1
                    open_ &= counts < cap.most
        return order[chosen]

    def _best_of_pool(
        self,
        relevance: Float[np.ndarray, " pool"],
        nearest: Float[np.ndarray, " pool"] | None,
        open_: Bool[np.ndarray, " pool"],
    ) -> int:
        likeness = 0.0 if nearest is None else nearest
        worth = (1 - self.diversity) * relevance - self.diversity * likeness
        return int(np.argmax(np.where(open_, worth, -np.inf)))  # the first of equals


def _from_0_to_1(scores: Float[np.ndarray, " rank"]) -> Float[np.ndarray, " rank"]:
    """Scores, best first, as shares of the way from the last to the first; 0 if all are equal."""
    last = scores[-1:]  # none of none
    span = scores[:1] - last
    return (scores - last) / np.where(span > 0, span, 1.0)
