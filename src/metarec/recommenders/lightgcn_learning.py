"""`LightGCN` while it is learned; `lightgcn.spread_scores` serves what it freezes."""

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from metarec.contracts import Histories
from metarec.recommenders.interactions import Taken, history_matrix
from metarec.recommenders.lightgcn_config import LightGCNConfig
from metarec.recommenders.weights import Weights

START_STD = 0.1
Events = Int[np.ndarray, " event"]
Drawn = tuple[Events, Events, Events, Bool[np.ndarray, " item"] | None]


class Graph(nn.Module):
    """Factors of people, items and entities, and the layers that the graph makes of them."""

    def __init__(
        self, taken: sp.csr_matrix, links: sp.csr_matrix | None, config: LightGCNConfig
    ) -> None:
        super().__init__()
        n_people, n_items = taken.shape
        self.layers = config.layers
        self.people = nn.Parameter(START_STD * torch.randn(n_people, config.factors))
        self.items = nn.Parameter(START_STD * torch.randn(n_items, config.factors))
        sides = [np.maximum(np.asarray(taken.sum(axis=axis)).ravel(), 1.0) for axis in (1, 0)]
        scaled = sp.diags_array(sides[0] ** -0.5) @ taken @ sp.diags_array(sides[1] ** -0.5)
        self.to_people, self.to_items = _sparse(scaled), _sparse(scaled.T)
        self.entities, self.links = None, None
        if links is not None:
            self.entities = nn.Parameter(START_STD * torch.randn(links.shape[1], config.factors))
            degree = np.maximum(np.diff(links.indptr), 1)
            self.links = _sparse(config.graph * sp.diags_array(degree**-0.5) @ links)
            with torch.no_grad():  # an item that nobody took is what its entities are
                untouched = np.flatnonzero(taken.sum(axis=0) == 0)
                self.items[torch.from_numpy(untouched)] = 0.0

    def spread(
        self, whole: Bool[Tensor, "item one"] | None = None
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The layers of people and of items, the factors themselves first.

        An item that is not `whole` is its entities alone: no factors of its own, nothing that
        people send it.
        """
        mine = self.items if whole is None else whole * self.items
        if self.entities is not None and self.links is not None:
            mine = mine + torch.sparse.mm(self.links, self.entities)
        people: list[Tensor] = [self.people]
        items: list[Tensor] = [mine]
        for _ in range(self.layers):
            new = torch.sparse.mm(self.to_people, items[-1])
            told = torch.sparse.mm(self.to_items, people[-1])
            items.append(told if whole is None else whole * told)
            people.append(new)
        return people, items


class Spreading:
    """Random events, and for each an item that its person did not take."""

    def __init__(
        self, histories: Histories, links: sp.csr_matrix | None, config: LightGCNConfig
    ) -> None:
        table = history_matrix(histories)
        self.taken, self.config = Taken(table), config
        self.network = Graph(table, links, config)
        cells = table.tocoo()
        self.rows, self.items = cells.row.astype(np.int64), cells.col.astype(np.int64)
        self.touched = np.unique(self.items)

    @property
    def units(self) -> int:
        """Events of a pass."""
        return len(self.rows)

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Whose, what they took, what they did not take, and which items are more than entities.

        One more draw for an item that was taken after all; what is drawn again stands.
        """
        chosen = rng.integers(len(self.rows), size=min(self.config.batch, len(self.rows)))
        rows, items = self.rows[chosen], self.items[chosen]
        others = rng.choice(self.touched, size=(2, len(rows)))
        again = self.taken.holds(rows, others[0])
        own = None
        if self.network.links is not None:
            own = rng.random(self.taken.table.shape[1]) >= self.config.masked
        return rows, items, np.where(again, others[1], others[0]), own

    def loss(self, drawn: Drawn, share: float) -> Tensor:
        """−log σ of how far the taken item is ahead, and the penalty on the factors met."""
        *events, whole = drawn
        rows, own, other = (torch.from_numpy(part) for part in events)
        layers = self.network.spread(None if whole is None else torch.from_numpy(whole)[:, None])
        people, items = (torch.stack(side).mean(dim=0) for side in layers)
        mine, better, worse = (
            F.embedding(*part) for part in ((rows, people), (own, items), (other, items))
        )
        ahead = (mine * (better - worse)).sum(dim=1)
        own_factors = self.network.people, self.network.items, self.network.items
        met = [F.embedding(*part) for part in zip((rows, own, other), own_factors, strict=True)]
        penalty = sum((part.square().sum() for part in met), torch.zeros(())) / (2 * len(rows))
        return F.softplus(-ahead).mean() + self.config.l2 * penalty

    @torch.no_grad()
    def frozen(self) -> Weights:
        """What items are, and what they send to whoever took them."""
        _, items = self.network.spread()
        degree = np.maximum(np.asarray(self.taken.table.sum(axis=0)).ravel(), 1.0)
        sent: Float[np.ndarray, "item d"] = torch.stack(items[:-1]).sum(dim=0).numpy()
        return {
            "items": torch.stack(items).mean(dim=0).numpy(),
            "sent": sent / np.sqrt(degree, dtype=np.float32)[:, None],
        }


def _sparse(table: sp.sparray) -> Tensor:
    cells = sp.coo_array(table)
    where = torch.from_numpy(np.stack([cells.row, cells.col]).astype(np.int64))
    numbers = torch.from_numpy(cells.data.astype(np.float32))
    return torch.sparse_coo_tensor(where, numbers, cells.shape, check_invariants=False).coalesce()
