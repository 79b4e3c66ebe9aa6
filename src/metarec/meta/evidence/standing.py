"""How a learned sum stands beside each table alone, on people it was not learned on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from metarec.meta.evidence.trust import Contests, gains_of, learn_trust, the_best_alone
from metarec.metrics.proof import is_beyond_chance

SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
"""What the learned weights may count beside those of the best table alone."""
DRAWS = 1000
SURE = 0.95
PROVEN = 1.0
"""Standard errors by which lists must gain for what is known from another shop to be left."""
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
    share: float
    """What the learned weights count; the rest is the best table alone."""

    def facts(self) -> Mapping[str, Any]:
        """As JSON values."""
        return dict(vars(self))

    def __str__(self) -> str:
        word = "ahead" if self.own >= self.alone else "short"
        return (
            f"NDCG@{DEPTH} {self.own:.3f} on {self.people:,} held-out people, {word} of the best "
            f'table alone ("{self.row}", {self.alone:.3f}) by {abs(self.own - self.alone):.3f} '
            f"[{self.low:+.3f}, {self.high:+.3f}]"
        )


def standing_of(
    contests: Contests,
    person: Int[np.ndarray, " query"],
    rng: np.random.Generator,
    known: Float[np.ndarray, " table"] | None = None,
) -> Standing:
    """Cross-fitted: trust is learned on each half of the people and judged on the other.

    Where tables are many and people few, learned weights follow chance; the best table alone has
    nothing to learn. Both are logits, and how much of each is best for people that neither was
    learned on is `share`. Weights that are `known` from another shop stand in the place of that
    table, and are left only where the gain is `PROVEN`.
    """
    people, whose = np.unique(person, return_inverse=True)
    second = rng.permutation(len(people)) % 2 == 1
    gained = np.zeros((len(SHARES), contests.n_queries))
    for half in (False, True):
        taught, judged = second[whose] == half, second[whose] != half
        part, others = contests.some(taught), contests.some(judged)
        weights = learn_trust(part)
        alone = the_best_alone(part) if known is None else known
        for row, share in enumerate(SHARES):
            mixed = share * weights + (1 - share) * alone
            gained[row, judged] = gains_of(others, mixed, DEPTH)
    counts = np.bincount(whose)
    own = _by_person(gained, whose, counts)
    each = np.stack(
        [gains_of(contests, alone, DEPTH) for alone in np.eye(contests.margins.shape[1])]
    )
    rows = _by_person(each, whose, counts)
    chosen, best = int(own.mean(axis=1).argmax()), int(rows.mean(axis=1).argmax())
    if known is not None:
        gain = own[chosen] - own[-1]
        chosen = chosen if is_beyond_chance(gain, PROVEN) else len(SHARES) - 1
    ahead = own[chosen] - rows[best]
    drawn = [ahead[rng.integers(0, len(people), len(people))].mean() for _ in range(DRAWS)]
    low, high = np.quantile(drawn, [(1 - SURE) / 2, (1 + SURE) / 2])
    return Standing(
        len(people),
        float(own[chosen].mean()),
        contests.names[best],
        float(rows[best].mean()),
        float(low),
        float(high),
        SHARES[chosen],
    )


def judged_trust(
    contests: Contests,
    person: Int[np.ndarray, " query"],
    rng: np.random.Generator,
    known: Float[np.ndarray, " table"] | None = None,
) -> tuple[Float[np.ndarray, " table"], Standing]:
    """The trust that all queries teach, as much of it as is best for other people beside the best
    table alone, or beside what is `known`, and how such a sum stands."""
    standing = standing_of(contests, person, rng, known)
    learned = learn_trust(contests)
    alone = the_best_alone(contests) if known is None else known
    return standing.share * learned + (1 - standing.share) * alone, standing


def _by_person(
    gains: Float[np.ndarray, "row query"],
    whose: Int[np.ndarray, " query"],
    counts: Int[np.ndarray, " person"],
) -> Float[np.ndarray, "row person"]:
    return np.stack([np.bincount(whose, row) / counts for row in gains])
