"""Which events are to be foretold, which are support alone, and which speak against their item."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Int

from metarec.contracts.episodes import Episodes
from metarec.contracts.histories import Histories

EventMask = Bool[np.ndarray, " event"]


class Kinded(Protocol):
    """Events as columns, each with its kind; `Histories` is one."""

    @property
    def kinds(self) -> Int[np.ndarray, " event"]:
        """Rows of `kind_names`, -1 where none was given."""
        ...

    @property
    def kind_names(self) -> tuple[str, ...]:
        """The kinds of events."""
        ...


@dataclass(frozen=True)
class EventKinds:
    """The kinds that a shop declares; where it declares none, every event is to be foretold."""

    target: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    def foretold(self, histories: Kinded) -> EventMask:
        """True for the events that training, validation and evaluation ask for."""
        if self.target:
            return of_kinds(histories, self.target)
        return ~self.refused(histories)

    def refused(self, histories: Kinded) -> EventMask:
        """True for the events that speak against their item."""
        return of_kinds(histories, self.negative)

    def is_had(self, histories: Kinded) -> EventMask:
        """True for the events on items that `exclude_seen` leaves out.

        Where target kinds are declared, these are what the person had and what they refused: an
        item that was only looked at may still be bought.
        """
        if not self.target:
            return np.ones(len(histories.kinds), dtype=bool)
        return self.foretold(histories) | self.refused(histories)

    def had(self, histories: Histories) -> Histories:
        """The events on items that `exclude_seen` leaves out."""
        return histories.keep(self.is_had(histories)) if self.target else histories

    def support(self, histories: Histories) -> Histories:
        """The histories without the events that speak against their item."""
        return histories.keep(~self.refused(histories)) if self.negative else histories

    def asked(self, episodes: Episodes) -> Episodes:
        """The episodes with only such queries as are to be foretold."""
        if not (self.target or self.negative):
            return episodes
        return replace(episodes, query=episodes.query.keep(self.foretold(episodes.query)))


ANY_KIND = EventKinds()
"""No kind is told from another."""


def of_kinds(histories: Kinded, kinds: Sequence[str]) -> EventMask:
    """True for the events of one of these kinds."""
    rows = [row for row, name in enumerate(histories.kind_names) if name in kinds]
    return np.isin(histories.kinds, rows) if rows else np.zeros(len(histories.kinds), dtype=bool)
