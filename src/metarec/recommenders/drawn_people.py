"""People who are drawn for a step, and all that they took."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from metarec.contracts import Histories
from metarec.recommenders.interactions import history_matrix


class DrawnPeople:
    """The part of a learner of whole histories that draws whose they are."""

    def __init__(self, histories: Histories, batch: int) -> None:
        self.taken = history_matrix(histories)
        self.people = np.flatnonzero(histories.lengths)
        self.units, self.batch = len(self.people), batch

    def draw(self, rng: np.random.Generator) -> tuple[Int[np.ndarray, " person"], int]:
        """Random people, and the seed of what is hidden and drawn."""
        size = min(self.batch, self.units)
        return rng.choice(self.people, size, replace=False), int(rng.integers(2**62))

    def histories_of(self, people: Int[np.ndarray, " person"]) -> Float[Tensor, "person item"]:
        """1 for what each of them took."""
        return torch.from_numpy(self.taken[people].toarray().astype(np.float32))
