"""How a learned sum stands beside each table alone, on people it was not learned on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from metarec.meta.evidence.trust import Contests, gains_of, learn_trust

DRAWS = 1000
SURE = 0.95
DEPTH = 10


@dataclass(frozen=True)
class Standing:
    """NDCG@10 of one relevant item, the mean over held-out people; trust was learned on others."""

    people: int
    own: float
    """That of the sum."""
    row: str
    """The table that is best alone."""
    alone: float
    """That of this table."""
    low: float
    high: float
    """The 95 % interval of the difference, own − alone: a bootstrap over people."""
    behind: bool
    """True if a table alone is ahead beyond chance; then it takes the place of the sum."""

    def facts(self) -> Mapping[str, Any]:
        """As JSON values."""
        return dict(vars(self))

    def __str__(self) -> str:
        word = "ahead" if self.own >= self.alone else "short"
        return (
            f"NDCG@{DEPTH} {self.own:.3f} on {self.people:,} held-out people, {word} of the best "
            f'table alone ("{self.row}", {self.alone:.3f}) by {abs(self.own - self.alone):.3f} '
            f"[{self.low:+.3f}, {self.high:+.3f}]"
            + ("; that table ranks in its place" if self.behind else "")
        )


def standing_of(
    contests: Contests, person: Int[np.ndarray, " query"], rng: np.random.Generator
) -> Standing:
    """Cross-fitted: trust is learned on each half of the people and judged on the other.

    Whether a table is ahead is judged with the largest of all tables' t in each draw (max-T:
    Westfall and Young 1993), so that the best of many is not taken for better by chance.
    """
    people, whose = np.unique(person, return_inverse=True)
    second = rng.permutation(len(people)) % 2 == 1
    own = np.zeros(contests.n_queries)
    for half in (False, True):
        taught, judged = second[whose] == half, second[whose] != half
        weights = learn_trust(contests.some(taught))
        own[judged] = gains_of(contests.some(judged), weights, DEPTH)
    each = [gains_of(contests, alone, DEPTH) for alone in np.eye(contests.margins.shape[1])]
    counts = np.bincount(whose)
    rows = np.stack([np.bincount(whose, gains) / counts for gains in each], axis=1)
    mine = np.bincount(whose, own) / counts
    ahead = mine[:, None] - rows  # (person, table)
    mean, error = ahead.mean(axis=0), ahead.std(axis=0) / np.sqrt(len(people)) + 1e-12
    drawn = np.stack(
        [ahead[rng.integers(0, len(people), len(people))].mean(axis=0) for _ in range(DRAWS)]
    )
    worst = np.quantile(((mean - drawn) / error).max(axis=1), SURE)
    best = int(rows.mean(axis=0).argmax())
    low, high = np.quantile(drawn[:, best], [(1 - SURE) / 2, (1 + SURE) / 2])
    return Standing(
        len(people),
        float(mine.mean()),
        contests.names[best],
        float(rows[:, best].mean()),
        float(low),
        float(high),
        bool((mean + worst * error < 0).any()),
    )
