"""Which events are to be foretold, which are support alone, and which speak against their item."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from metarec.contracts.episodes import Episodes
from metarec.contracts.histories import Histories

EventMask = Bool[np.ndarray, " event"]


@dataclass(frozen=True)
class EventKinds:
    """The kinds that a shop declares; where it declares none, every event is to be foretold."""

    target: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    def foretold(self, histories: Histories) -> EventMask:
        """True for the events that training, validation and evaluation ask for."""
        if self.target:
            return of_kinds(histories, self.target)
        return ~self.refused(histories)

    def refused(self, histories: Histories) -> EventMask:
        """True for the events that speak against their item."""
        return of_kinds(histories, self.negative)

    def had(self, histories: Histories) -> Histories:
        """The events on items that `exclude_seen` leaves out.

        Where target kinds are declared, these are what the person had and what they refused: an
        item that was only looked at may still be bought.
        """
        if not self.target:
            return histories
        return histories.keep(self.foretold(histories) | self.refused(histories))

    def support(self, histories: Histories) -> Histories:
        """The histories without the events that speak against their item."""
        return histories.keep(~self.refused(histories)) if self.negative else histories

    def barred(
        self, histories: Histories
    ) -> tuple[Int[np.ndarray, " refused"], Int[np.ndarray, " refused"]]:
        """History and item of the events that speak against their item, which stays hidden."""
        refused = self.refused(histories)
        return histories.rows[refused], histories.items[refused]

    def asked(self, episodes: Episodes) -> Episodes:
        """The episodes with only such queries as are to be foretold."""
        if not (self.target or self.negative):
            return episodes
        return replace(episodes, query=episodes.query.keep(self.foretold(episodes.query)))


ANY_KIND = EventKinds()
"""No kind is told from another."""


def of_kinds(histories: Histories, kinds: Sequence[str]) -> EventMask:
    """True for the events of one of these kinds."""
    rows = [row for row, name in enumerate(histories.kind_names) if name in kinds]
    return np.isin(histories.kinds, rows) if rows else np.zeros(len(histories.kinds), dtype=bool)
