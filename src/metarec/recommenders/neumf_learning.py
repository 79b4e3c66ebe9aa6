"""`NeuMF` while it is learned; `neumf.pair_logits` is its NumPy twin."""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from metarec.contracts import Histories
from metarec.recommenders.interactions import Taken, history_matrix
from metarec.recommenders.neumf_config import NeuMFConfig
from metarec.recommenders.stepwise import numbers_of
from metarec.recommenders.weights import Weights

START_STD = 0.05
Drawn = tuple[Int[np.ndarray, " event"], Int[np.ndarray, " event"], Int[np.ndarray, "event other"]]


class Neural(nn.Module):
    """Factors of people and items: what is multiplied, and behind it what the layers read."""

    def __init__(self, n_people: int, n_items: int, d: int) -> None:
        super().__init__()
        self.d = d
        self.people = nn.Parameter(START_STD * torch.randn(n_people, 3 * d))
        self.items = nn.Parameter(START_STD * torch.randn(n_items, 3 * d))
        self.first, self.second = nn.Linear(4 * d, 2 * d), nn.Linear(2 * d, d)
        self.out = nn.Linear(2 * d, 1)

    def forward(
        self, people: Float[Tensor, "pair width"], items: Float[Tensor, "pair width"]
    ) -> Float[Tensor, " pair"]:
        """The logit of each pair."""
        d = self.d
        inner = F.relu(self.first(torch.cat([people[:, d:], items[:, d:]], dim=1)))
        inner = F.relu(self.second(inner))
        return self.out(torch.cat([people[:, :d] * items[:, :d], inner], dim=1))[:, 0]


class Pairs:
    """Random events, and for each some items that its person did not take."""

    def __init__(
        self, histories: Histories, people: Int[np.ndarray, " person"], config: NeuMFConfig
    ) -> None:
        table = history_matrix(histories.take(people))
        self.taken, self.config = Taken(table), config
        cells = table.tocoo()
        self.rows, self.items = cells.row.astype(np.int64), cells.col.astype(np.int64)
        self.touched = np.unique(self.items)
        n_people, n_items = table.shape
        self.network = Neural(n_people, n_items, config.factors)

    @property
    def units(self) -> int:
        """Events of a pass."""
        return len(self.rows)

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Whose, what they took, and what else was drawn, -1 of what they took too."""
        size = min(self.config.batch, self.units)
        chosen = rng.choice(self.units, size, replace=False)
        rows = self.rows[chosen]
        others = rng.choice(self.touched, size=(size, self.config.negatives))
        took = self.taken.holds(np.repeat(rows[:, None], others.shape[1], axis=1), others)
        return rows, self.items[chosen], np.where(took, -1, others)

    def loss(self, drawn: Drawn, share: float) -> Tensor:
        """Mean cross-entropy of taken and drawn items, and the penalty."""
        rows, own, others = drawn
        event, place = np.nonzero(others >= 0)
        whose = torch.from_numpy(np.concatenate([rows, rows[event]]))
        what = torch.from_numpy(np.concatenate([own, others[event, place]]))
        people = F.embedding(whose, self.network.people)
        items = F.embedding(what, self.network.items)
        truth = torch.zeros(len(whose))
        truth[: len(rows)] = 1.0
        entropy = F.binary_cross_entropy_with_logits(self.network(people, items), truth)
        met = (people.square().sum() + items.square().sum()) / len(rows)
        return entropy + self.config.l2 * met

    def frozen(self) -> Weights:
        """All weights."""
        return numbers_of(self.network)
