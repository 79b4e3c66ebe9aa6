"""`DropoutNet` while it is learned; `dropout_net.side` is its NumPy twin."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from metarec.contracts import Histories
from metarec.recommenders.dropout_net_config import DropoutNetConfig
from metarec.recommenders.stepwise import numbers_of
from metarec.recommenders.weights import Weights


@dataclass(frozen=True, eq=False)
class Step:
    """One training step's random choices."""

    people: Int[np.ndarray, " person"]
    items: Int[np.ndarray, " item"]
    people_shown: Bool[np.ndarray, " person"]
    """Whose factors are not hidden."""
    items_shown: Bool[np.ndarray, " item"]


class Hiding:
    """Random people and items, the factors of some hidden, and the products of all foretold."""

    def __init__(
        self,
        histories: Histories,
        read: Float[np.ndarray, "person d+d_content"],
        factors: Float[np.ndarray, "item d"],
        content: Float[np.ndarray, "item d_content"],
        config: DropoutNetConfig,
    ) -> None:
        self.config, width = config, read.shape[1]
        self.people = np.flatnonzero(histories.lengths)
        counts = np.bincount(histories.items, minlength=len(factors))
        self.touched, self.often = np.flatnonzero(counts), counts[counts > 0] / counts.sum()
        self.person = torch.from_numpy(read.astype(np.float32))
        self.item = torch.from_numpy(np.concatenate([factors, content], axis=1).astype(np.float32))
        self.network = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.Linear(width, config.hidden),
                    nn.ReLU(),
                    nn.Linear(config.hidden, config.factors),
                )
                for name in ("person", "item")
            }
        )

    @property
    def units(self) -> int:
        """People of a pass."""
        return len(self.people)

    def draw(self, rng: np.random.Generator) -> Step:
        """Half of the items as often as they have events, half all alike."""
        size = min(self.config.batch, self.units)
        n = min(self.config.batch, len(self.touched))
        often = rng.choice(self.touched, n // 2, p=self.often)
        items = np.concatenate([often, rng.choice(self.touched, n - n // 2)])
        rate = self.config.dropout
        return Step(
            rng.choice(self.people, size, replace=False),
            items,
            rng.random(size) >= rate,
            rng.random(n) >= rate,
        )

    def loss(self, drawn: Step, share: float) -> Tensor:
        """Mean squared error of the products of factors."""
        person, item = self.person[drawn.people], self.item[drawn.items]
        d = self.config.factors
        aim = person[:, :d] @ item[:, :d].mT
        told = self._side("person", person, drawn.people_shown)
        other = self._side("item", item, drawn.items_shown)
        return (told @ other.mT - aim).square().mean()

    def _side(
        self, name: str, read: Float[Tensor, "row width"], shown: Bool[np.ndarray, " row"]
    ) -> Tensor:
        d = self.config.factors
        factors = read[:, :d] * torch.from_numpy(shown).float()[:, None]
        told: Tensor = self.network[name](torch.cat([factors, read[:, d:]], dim=1))
        return told

    def frozen(self) -> Weights:
        """Both networks."""
        return numbers_of(self.network)
