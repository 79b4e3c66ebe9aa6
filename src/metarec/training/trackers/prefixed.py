"""A tracker of which several models write a part each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metarec.contracts import Tracker


@dataclass(frozen=True)
class Prefixed:
    """Writes everything into `tracker` under names that begin with `name` and a slash."""

    tracker: Tracker
    name: str

    def settings(self, values: Mapping[str, Any]) -> None:
        """Note what is fitted."""
        self.tracker.settings({f"{self.name}/{key}": value for key, value in values.items()})

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Note numbers of a step."""
        self.tracker.log({f"{self.name}/{key}": value for key, value in values.items()}, step)
