"""An inner loop that runs away."""

from typing import Any

import numpy as np

from metarec.contracts import DivergedError
from metarec.meta.updaters.decision import Array


class Exploded(DivergedError):
    """A step of an inner loop that led to no finite number."""

    def __init__(self, told: str, person: int) -> None:
        super().__init__(told)
        self.person = person
        """The row of the first such person along the first axis of people; 0 of one alone."""
        self.user: int | None = None
        """Whose events these are, as a row of the training set, where it is known."""

    def of(self, who: str) -> DivergedError:
        """The error with whose events led to it."""
        return DivergedError(f"{who}: {self}")


def check_finite(xp: Any, step: int, numbers: Array, remedy: str) -> None:
    """Raises Exploded unless all `numbers`, one a person, are finite after this inner step."""
    fine = xp.isfinite(numbers)
    if not bool(fine.all()):
        place = int(np.argwhere(~np.asarray(fine)).ravel()[0]) if fine.ndim else 0
        raise Exploded(f"the inner loop has no finite loss after step {step}; {remedy}", place)
