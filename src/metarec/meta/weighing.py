"""How much each member of an ensemble counts: learned where whole lists are judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.meta.evidence.questions import LEAST_QUERIES, Questions
from metarec.meta.evidence.standing import Standing, judged_trust
from metarec.meta.evidence.trust import Contests

LEAST_PEOPLE = 2
"""Trust is learned on one half of the people and judged on the other."""
MEASURED = 200
"""People of the training set whose scores tell the spread where nobody can be asked."""
Table = Float[np.ndarray, "person item"]
Said = Callable[[Histories], Sequence[Table]]
"""What each member says of every item; of what it cannot score it says no finite number."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """What each member counts."""

    weights: Float[np.ndarray, " member"]
    spreads: Float[np.ndarray, " member"]
    """The mean over people of the standard deviation of a member's scores."""
    queries: int
    standing: Standing | None = None
    """None where too few could be asked, so that all count alike."""

    def facts(self, names: Sequence[str]) -> Mapping[str, Any]:
        """As JSON values."""
        return {
            "weights": dict(zip(names, self.weights.tolist(), strict=True)),
            "queries": self.queries,
            "learned": self.standing is not None,
            "standing": None if self.standing is None else dict(self.standing.facts()),
        }


def weigh(
    names: Sequence[str], said: Said, train: Dataset, valid: Episodes, rng: np.random.Generator
) -> Weighed:
    """The weights by which the people of `valid` have the best lists.

    All items on offer compete, but what no member can score, which stands in no list.
    """
    questions = Questions.of(valid, train.event_kinds, train.catalogue.offered, rng)
    parts: list[Contests] = []
    person, sizes, start = [np.zeros(0, dtype=np.int64)], [], 0
    for part in questions.parts(len(names) + 2):
        tables = said(part.support)
        sizes.append(_spreads(tables))
        contests, whose = _contests(part, dict(zip(names, tables, strict=True)))
        parts.append(contests)
        person.append(whose + start)
        start += len(part.support)
    if not parts:
        people = rng.permutation(len(train.histories))[:MEASURED]
        sizes.append(_spreads(said(train.histories.take(people))))
    spreads, queried = _mean_spread(np.concatenate(sizes)), np.concatenate(person)
    if len(queried) < LEAST_QUERIES or len(np.unique(queried)) < LEAST_PEOPLE:
        return Weighed(np.ones(len(names)), spreads, len(queried))
    joined = Contests.joined(parts)
    joined = replace(joined, margins=joined.margins / spreads)
    weights, standing = judged_trust(joined, queried, rng)
    return Weighed(weights, spreads, len(queried), standing)


def centred(scores: Table) -> Table:
    """The scores less the mean of those of the person that are known; 0 for the others."""
    known = np.isfinite(scores)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, scores, 0.0).sum(axis=1, keepdims=True) / count
    return np.where(known, scores - mean, 0.0)


def _contests(
    asked: Questions, tables: Mapping[str, Table]
) -> tuple[Contests, Int[np.ndarray, " query"]]:
    """The contests of all queries that some member can answer, and whose each is."""
    silent = ~np.any([np.isfinite(table) for table in tables.values()], axis=0)
    able = ~silent[asked.person, asked.targets]
    person = asked.person[able]
    each = {name: centred(table)[person] for name, table in tables.items()}
    return Contests.of(each, (asked.barred() | silent)[person], asked.targets[able]), person


def _spreads(tables: Sequence[Table]) -> Float[np.ndarray, "person member"]:
    """The standard deviation of each member's scores; NaN of people it knows nothing for."""
    spreads = []
    for table in tables:
        known = np.isfinite(table).sum(axis=1)
        square = np.sum(centred(table) ** 2, axis=1)
        spreads.append(np.sqrt(np.where(known > 0, square, np.nan) / np.maximum(known, 1)))
    return np.stack(spreads, axis=1)


def _mean_spread(spreads: Float[np.ndarray, "person member"]) -> Float[np.ndarray, " member"]:
    """The mean over people; 1 of a member that tells no item from another."""
    known = np.isfinite(spreads)
    mean = np.where(known, spreads, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(mean > 1e-9, mean, 1.0)
