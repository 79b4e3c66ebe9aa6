"""`TwoTower` while it is learned; `TwoTower._products` is its NumPy twin."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from metarec.contracts import Histories
from metarec.recommenders.interactions import Taken, history_matrix
from metarec.recommenders.stepwise import numbers_of
from metarec.recommenders.two_tower_config import TwoTowerConfig
from metarec.recommenders.weights import Weights

START_STD = 0.1
NEVER = -1e4
"""A logit that weighs nothing."""


class TowerNetwork(nn.Module):
    """The vectors of items, and the layer that reads their mean."""

    def __init__(self, content: Float[Tensor, "item d_content"], d: int) -> None:
        super().__init__()
        n_items, width = content.shape
        self.content = content
        self.residual = nn.Parameter(START_STD * torch.randn(n_items, d))
        self.map = nn.Parameter(START_STD * torch.randn(width, d))
        self.widen, self.narrow = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)

    def vectors(
        self, rows: Int[Tensor, " row"], residual: Float[Tensor, " row"]
    ) -> Float[Tensor, "row d"]:
        """The vectors of these items; where `residual` is 0, by content alone."""
        learned = F.embedding(rows, self.residual) * residual[:, None]
        return learned + F.embedding(rows, self.content) @ self.map

    def forward(self, mean: Float[Tensor, "person d"]) -> Float[Tensor, "person d"]:
        """The vector of a person whose items have this mean."""
        told: Tensor = self.narrow(F.relu(self.widen(mean)))
        return mean + told


@dataclass(frozen=True, eq=False)
class Step:
    """One training step's random choices."""

    items: Int[np.ndarray, " row"]
    """The items that the step needs, as rows of the catalogue."""
    read: sp.coo_array
    """What is read of each person, rows of `items`; each row sums to 1, or to 0 where empty."""
    targets: Int[np.ndarray, " person"]
    """What each is asked for, rows of `items`."""
    rivals: Bool[np.ndarray, "person person"]
    """Whether what another is asked for competes, and one's own."""
    log_chance: Float[np.ndarray, " person"]
    """Logarithm of the chance of each target to be drawn."""
    residual: Bool[np.ndarray, " row"]
    """The items whose learned part is not hidden."""


class Towers:
    """Random people, one event of each held out, and what is read of the others."""

    def __init__(
        self,
        histories: Histories,
        content: Float[np.ndarray, "item d_content"],
        config: TwoTowerConfig,
    ) -> None:
        table = history_matrix(histories)
        self.taken, self.config = Taken(table), config
        self.people = np.flatnonzero(np.diff(table.indptr))
        counts = np.maximum(np.diff(table.indptr), 1)
        shares = (sp.diags_array(1 / counts) @ table).sum(axis=0) / len(self.people)
        self.chances: Float[np.ndarray, " item"] = np.asarray(shares).ravel()
        self.touched = self.chances > 0
        self.network = TowerNetwork(torch.from_numpy(content.astype(np.float32)), config.d)
        self.hidden = config.hidden if content.shape[1] else 0.0

    @property
    def units(self) -> int:
        """People of a pass."""
        return len(self.people)

    def draw(self, rng: np.random.Generator) -> Step:
        """Everyone's target is as likely as any of their events."""
        size = min(self.config.batch, self.units)
        people = rng.choice(self.people, size, replace=False)
        own = self.taken.table[people]
        counts = np.diff(own.indptr)
        asked = own.indptr[:-1] + rng.integers(counts)
        kept = rng.random(len(own.indices)) >= self.config.dropout
        kept[asked] = False
        rows = np.repeat(np.arange(size), counts)[kept]
        items, which = np.unique(
            np.concatenate([own.indices[kept], own.indices[asked]]), return_inverse=True
        )
        shares = 1 / np.maximum(np.bincount(rows, minlength=size), 1)
        targets = own.indices[asked].astype(np.int64)
        rivals = ~self.taken.holds(np.tile(people[:, None], size), np.tile(targets, (size, 1)))
        return Step(
            items.astype(np.int64),
            sp.coo_array((shares[rows], (rows, which[: len(rows)])), shape=(size, len(items))),
            which[len(rows) :],
            rivals | np.eye(size, dtype=bool),
            np.log(self.chances[targets]),
            rng.random(len(items)) >= self.hidden,
        )

    def loss(self, drawn: Step, share: float) -> Tensor:
        """Mean cross-entropy of the targets among those of the step, and the penalty."""
        rows, residual = torch.from_numpy(drawn.items), torch.from_numpy(drawn.residual).float()
        vectors = self.network.vectors(rows, residual)
        where = torch.from_numpy(np.stack(drawn.read.coords).astype(np.int64))
        numbers = torch.from_numpy(drawn.read.data.astype(np.float32))
        read = torch.sparse_coo_tensor(where, numbers, drawn.read.shape, check_invariants=False)
        told = self.network(torch.sparse.mm(read, vectors))
        asked = F.embedding(torch.from_numpy(drawn.targets), vectors)
        logits = told @ asked.mT - torch.from_numpy(drawn.log_chance).float()
        logits = logits.masked_fill(~torch.from_numpy(drawn.rivals), NEVER)
        penalty = self.config.weight_decay * vectors.square().sum() / len(vectors)
        return F.cross_entropy(logits, torch.arange(len(logits))) + penalty

    @torch.no_grad()
    def frozen(self) -> Weights:
        """The vectors of all items, and the layer."""
        layer = numbers_of(self.network)
        del layer["residual"], layer["map"]  # all that they say is in the vectors
        rows = torch.arange(len(self.touched))
        learned = torch.from_numpy(self.touched).float()
        return {"vectors": self.network.vectors(rows, learned).numpy(), **layer}
