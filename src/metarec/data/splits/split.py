"""Ways to hold data out, each of which states the leaks that it excludes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metarec.contracts.dataset import Dataset
from metarec.contracts.episodes import Episodes
from metarec.contracts.printing import counted, listed

OWN_EVENTS_ALONE = (
    "another user's events, altered or removed (with the catalogue and the users as they are), "
    "change neither this user's rows of train nor this user's supports and queries"
)
"""True where what is held out of a history is told from that history, and from ids."""


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """What a model may learn from, what it may be tuned on, and what it is judged on.

    `train` keeps the whole catalogue and all users, and only the interactions that may be learned
    from; an item without an event in `train` is untouched. `test` maps a scenario's name to its
    episodes. An episode's user may occur several times (several draws of support and query); such
    values are averaged by user.
    """

    name: str
    train: Dataset
    valid: Episodes
    test: Mapping[str, Episodes]
    excludes: tuple[str, ...]
    """The leaks that this split rules out, in words; a test proves each."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Fractions, seed and rules, as JSON values for the results file."""

    def __repr__(self) -> str:
        events = counted(len(self.train.interactions), "event")
        judged = [f"{name} ({len(episodes):,})" for name, episodes in self.test.items()]
        return (
            f"Split({self.name!r} of {self.train.name!r}: {events} to learn from, "
            f"{counted(len(self.valid), 'episode')} for validation\n"
            f"  test episodes: {listed(judged) or 'none'}\n"
            f"  excludes: {listed(self.excludes, most=1) or 'nothing'})"
        )
