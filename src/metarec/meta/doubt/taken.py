"""What people of validation took, beside what the model says of every item."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import Dataset, Episodes, Histories
from metarec.contracts.pieces import pieces
from metarec.meta.heart import Believed, Heart

LEAST_TAKEN = 3
"""Events of one person from which on they tell how far the person is from what is expected."""
MOST_PEOPLE, MOST_CELLS = 500, 1_000_000
"""Of a large catalogue fewer people are asked: so many logits at most."""
PEOPLE_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Served:
    """Episodes, and a head as it serves, which knows nothing of what they ask."""

    heart: Heart
    train: Dataset
    valid: Episodes
    believed: Callable[[Histories], Believed]


@dataclass(frozen=True, eq=False)
class Taken:
    """One person: the logits of what competes, and the places of what they took among it."""

    rows: Int[np.ndarray, " item"]
    """The items that compete: on offer, not had before."""
    logits: Float[np.ndarray, " item"]
    places: Int[np.ndarray, " event"]
    """Each item once."""
    root: Float[np.ndarray, "d d"]
    """The covariance of the person's taste is root · rootᵀ."""

    @property
    def chances(self) -> Float[np.ndarray, " item"]:
        """How likely an event is on each item, as the model says."""
        shares = np.exp(self.logits - self.logits.max())
        return np.asarray(shares / shares.sum())


def taken_of(served: Served, *, touched: bool) -> list[Taken]:
    """The people who took at least `LEAST_TAKEN` of the items on offer, or of the `touched` ones
    among them; the first ones, where they are many."""
    valid, kinds, catalogue = served.valid, served.train.event_kinds, served.train.catalogue
    competing = catalogue.offered & served.train.touched if touched else catalogue.offered
    if valid.candidates is not None:
        competing = competing & valid.candidates
    query = valid.query.keep(competing[valid.query.items])
    people = np.flatnonzero(query.lengths >= LEAST_TAKEN)
    people = people[: min(MOST_PEOPLE, max(1, MOST_CELLS // len(catalogue)))]
    found = []
    for part in pieces(len(people), 1, PEOPLE_AT_ONCE):
        support, took = valid.support.take(people[part]), query.take(people[part])
        told = served.believed(support)
        scores = served.heart.scores(told)
        roots = np.linalg.cholesky(told.taste.covariance())
        had = kinds.had(support)
        for person in range(len(support)):
            left = competing.copy()
            left[had.items[had.rows == person]] = False
            rows, items = np.flatnonzero(left), np.unique(took.items[took.rows == person])
            places = np.searchsorted(rows, items[left[items]])
            found.append(Taken(rows, scores[person, rows], places, roots[person]))
    return found
