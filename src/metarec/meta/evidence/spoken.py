"""What people had, as tables hear it, and a table as it is heard."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from metarec.contracts import Histories
from metarec.meta.evidence.pairs import index_kind
from metarec.meta.sizes import MANY_ITEMS


@dataclass(frozen=True, eq=False)
class Spoken:
    """Events of people as flat arrays: who had which item, how many events ago."""

    people: Int[np.ndarray, " event"]
    items: Int[np.ndarray, " event"]
    ages: Float[np.ndarray, " event"]
    """0 of the newest, 1 of the one before it."""
    n_people: int

    def weights(self, decays: float | Float[np.ndarray, " decay"], n_items: int) -> sp.csr_array:
        """What each item of each person counts in tables of these decays: (person, decay · item).

        The events of a person stand together, and people in their order.
        """
        decays = np.atleast_1d(decays)
        width = len(decays) * n_items
        counts = (decays ** self.ages[:, None]).ravel()
        cells = (self.items[:, None] + n_items * np.arange(len(decays))).ravel()
        ends = np.cumsum(np.bincount(self.people, minlength=self.n_people))
        starts = len(decays) * np.concatenate([[0], ends])
        kind = index_kind(max(width, len(cells)))  # of tables too, else products copy them
        told = (counts, cells.astype(kind), starts.astype(kind))
        return sp.csr_array(told, shape=(self.n_people, width))

    @property
    def whose(self) -> sp.csr_array:
        """1 where an event is of a person: (person, event)."""
        cells = (self.people, np.arange(len(self.people)))
        return sp.csr_array(
            (np.ones(len(self.people)), cells), shape=(self.n_people, len(cells[1]))
        )


def spoken_of(histories: Histories, *, ordered: bool) -> Spoken:
    """The events of histories as tables hear them; without an order all are of one age."""
    ages = (histories.lengths[histories.rows] - 1 - histories.places).astype(np.float64)
    return Spoken(
        histories.rows, histories.items, ages if ordered else np.zeros(len(ages)), len(histories)
    )


@dataclass(frozen=True, eq=False)
class Voice:
    """A table as it is heard by one decay."""

    name: str
    decay: float
    known: float
    """What it counts for items that people touched."""
    new: float
    """What it counts for the others."""
    matrix: sp.csr_array

    def counts(self, untouched: Bool[np.ndarray, " entry"]) -> Float[np.ndarray, " entry"]:
        """What it counts for items of which nobody has touched some."""
        return np.where(untouched, self.new, self.known)

    def add(
        self,
        spoken: Spoken,
        untouched: Bool[np.ndarray, " item"],
        table: Float[np.ndarray, "person item"],
    ) -> None:
        """Add to `table` what it says, by the few entries in the rows of people's events alone."""
        event, items, said = rows_of(self.matrix, spoken)
        said = said * self.counts(untouched[items]) * (self.decay**spoken.ages)[event]
        add(table, spoken.people[event], items, said)


def rows_of(
    matrix: sp.csr_array, spoken: Spoken
) -> tuple[Int[np.ndarray, " entry"], Int[np.ndarray, " entry"], Float[np.ndarray, " entry"]]:
    """The entries in the rows of the events' items: of which event and item, and what is said."""
    starts = matrix.indptr[spoken.items].astype(np.int64)
    lengths = matrix.indptr[spoken.items + 1] - starts
    event = np.repeat(np.arange(len(lengths)), lengths)
    firsts = np.cumsum(lengths) - lengths
    cells = np.arange(len(event)) + (starts - firsts)[event]
    return event, matrix.indices[cells], matrix.data[cells].astype(np.float64)


def said_by(matrix: sp.csr_array, spoken: Spoken, decay: float) -> Float[np.ndarray, "person item"]:
    """What one table says of every item, its events weighed by their age."""
    n_items = matrix.shape[1]
    if n_items <= MANY_ITEMS:
        return (spoken.weights(decay, n_items) @ matrix).toarray()
    table = np.zeros((spoken.n_people, n_items))  # a sparse product would look at every item twice
    event, items, said = rows_of(matrix, spoken)
    add(table, spoken.people[event], items, said * (decay**spoken.ages)[event])
    return table


def add(
    table: Float[np.ndarray, "person item"],
    people: Int[np.ndarray, " entry"],
    items: Int[np.ndarray, " entry"],
    said: Float[np.ndarray, " entry"],
) -> None:
    """Add entries to the table, those of one place one after another."""
    np.add.at(table.reshape(-1), people * table.shape[1] + items, said)
