"""What is asked of score tables: supports, and what came after them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.contracts import Episodes, EventKinds, Histories
from metarec.contracts.pieces import pieces
from metarec.meta.evidence.trust import Contests

CELLS_AT_ONCE = 4_000_000
LEAST_QUERIES = 50
"""With fewer, what is learned of them would be a guess."""
ENOUGH_QUERIES = 300
"""With as many, those of validation are asked alone: nothing is more like what will be asked."""
MOST_QUERIES = 2000
"""Queries that trust is learned on, where there are more."""
MOST_SCORES = 400_000_000
"""Of a large catalogue fewer are asked: so many scores of each table take minutes."""
SHORT = (0, 1, 2, 5)
"""Events that people are cut to, to learn what popularity counts for a newcomer."""


@dataclass(frozen=True, eq=False)
class Questions:
    """Supports, and what came after them: one target a query."""

    support: Histories
    """What people took."""
    heard: Histories
    """The same with what they refused, which the head hears and no table does."""
    person: Int[np.ndarray, " query"]
    targets: Int[np.ndarray, " query"]
    values: Float[np.ndarray, " query"]
    """What the events were worth: ratings, or weights."""
    out: sp.csr_array
    """True at (person, item) for what does not compete."""
    candidates: Bool[np.ndarray, " item"]

    @classmethod
    def of(
        cls,
        episodes: Episodes,
        kinds: EventKinds,
        among: Bool[np.ndarray, " item"],
        rng: np.random.Generator,
        *,
        most: int | None = None,
        returning: bool = False,
    ) -> "Questions":
        """At most `most` (`MOST_QUERIES`) of the events that are asked for, on items `among`
        which they compete; where people are `returning` what they had competes too."""
        own, query = kinds.had(episodes.support), episodes.query
        chosen = np.flatnonzero(among[query.items])
        most = MOST_QUERIES if most is None else most
        most = min(most, max(ENOUGH_QUERIES, MOST_SCORES // max(1, len(query.vocabulary))))
        if len(chosen) > most:
            chosen = np.sort(rng.choice(chosen, most, replace=False))
        people = np.unique(query.rows[chosen])
        place = np.full(len(episodes), -1)
        place[people] = np.arange(len(people))
        had = own.take(people)
        asked = query.take(people)
        rows, items = asked.rows, asked.items
        if not returning:
            rows = np.concatenate([had.rows, rows])
            items = np.concatenate([had.items, items])
        shape = (len(people), len(query.vocabulary))
        out = sp.csr_array((np.ones(len(rows), dtype=bool), (rows, items)), shape=shape)
        competing = among if episodes.candidates is None else among & episodes.candidates
        heard = episodes.support.take(people)
        return cls(
            kinds.support(heard),
            heard,
            place[query.rows[chosen]],
            query.items[chosen],
            query.values[chosen],
            out,
            competing,
        )

    def __len__(self) -> int:
        return len(self.targets)

    def barred(self) -> Bool[np.ndarray, "person item"]:
        """True for what does not compete: what the person had or is asked for, and no candidate."""
        return self.out.toarray() | ~self.candidates

    def parts(self, n_tables: int) -> Iterator["Questions"]:
        """The questions of a few people at a time, so that their score tables fit into memory."""
        n_people, n_items = self.out.shape
        for people in pieces(n_people, n_items * n_tables, CELLS_AT_ONCE):
            here = (self.person >= people.start) & (self.person < people.stop)
            yield replace(
                self,
                support=self.support.take(people),
                heard=self.heard.take(people),
                person=self.person[here] - people.start,
                targets=self.targets[here],
                values=self.values[here],
                out=self.out[people],
            )

    def cut(self) -> "Questions":
        """The same questions after only the newest few events, 0 to 5 in turn."""
        sizes = np.array(SHORT)[np.arange(len(self.support)) % len(SHORT)]
        support = self.support
        newest = support.places >= (support.lengths - sizes)[support.rows]
        cut = support.keep(newest)
        return replace(self, support=cut, heard=cut)

    def contests(
        self,
        tables: Mapping[str, Float[np.ndarray, "person item"]],
        *,
        rivals_from: Sequence[str] | None = None,
    ) -> Contests:
        """Who stands against each target; targets may themselves lie outside the candidates."""
        return Contests.of(
            tables, self.barred(), self.targets, person=self.person, rivals_from=rivals_from
        )
