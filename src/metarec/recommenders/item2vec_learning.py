"""`Item2Vec` while it is learned."""

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from metarec.contracts import Histories
from metarec.contracts.directions import unit_rows
from metarec.recommenders.cooccurrence import count_pairs
from metarec.recommenders.interactions import history_matrix
from metarec.recommenders.item2vec_config import Item2VecConfig
from metarec.recommenders.weights import Weights

Drawn = tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"], Int[np.ndarray, "pair negative"]]


class Vectors(nn.Module):
    """What an item is, and what it is as the company of others."""

    def __init__(self, n_items: int, d: int) -> None:
        super().__init__()
        self.items = nn.Parameter((torch.rand(n_items, d) - 0.5) / d**0.5)
        self.company = nn.Parameter(0.01 * torch.randn(n_items, d))


class SkipGrams:
    """Pairs drawn by how often they stand together, and items that stand for all the others."""

    def __init__(self, histories: Histories, ordered: bool, config: Item2VecConfig) -> None:
        n_items = len(histories.vocabulary)
        self.config, self.events = config, len(histories.items)
        self.network = Vectors(n_items, config.factors)
        counts = pairs_of(histories, config.window if ordered else None)
        cells = sp.coo_array(counts)
        self.firsts, self.seconds = cells.row.astype(np.int64), cells.col.astype(np.int64)
        self.reached = np.cumsum(cells.data)
        often = np.asarray(counts.sum(axis=0)).ravel()
        self.drawn = np.cumsum(np.where(often > 0, often**config.power, 0.0))

    @property
    def units(self) -> int:
        """Pairs of a pass: as many as there are events."""
        return self.events

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Random pairs, and the items that are held against the first of each."""
        size = self.config.batch if len(self.reached) else 0
        chosen = _by_weight(self.reached, size, rng)
        others = _by_weight(self.drawn, size * self.config.negatives, rng)
        shape = (size, self.config.negatives)
        return self.firsts[chosen], self.seconds[chosen], others.reshape(shape)

    def loss(self, drawn: Drawn, share: float) -> Tensor:
        """−log σ of a pair's product, and of minus the product with each that was drawn."""
        firsts, seconds, others = (torch.from_numpy(part) for part in drawn)
        own = F.embedding(firsts, self.network.items)
        near = (own * F.embedding(seconds, self.network.company)).sum(dim=1)
        # (pair, negative, d) @ (pair, d, 1) -> (pair, negative)
        far = (F.embedding(others, self.network.company) @ own[..., None])[..., 0]
        total: Float[Tensor, " pair"] = F.softplus(-near) + F.softplus(far).sum(dim=1)
        return total.sum() / max(1, len(total))

    def frozen(self) -> Weights:
        """The directions of the items."""
        return {"items": directions(self.network.items.detach().numpy())}


def pairs_of(histories: Histories, window: int | None) -> sp.csr_array:
    """How often two items stand together, both ways and never with themselves.

    Within `window` places; without one, in how many histories they both stand.
    """
    if window is None:
        taken = history_matrix(histories)
        both = sp.csr_array(taken.T @ taken)
    else:
        after = count_pairs(histories, window)
        both = sp.csr_array(after + after.T)
    both.setdiag(0.0)
    both.eliminate_zeros()
    return both


def _by_weight(
    reached: Float[np.ndarray, " choice"], size: int, rng: np.random.Generator
) -> Int[np.ndarray, " drawn"]:
    """Random choices, whose weights add up to what is `reached`."""
    if not size:
        return np.zeros(0, dtype=np.int64)
    place = np.searchsorted(reached, rng.random(size) * reached[-1], side="right")
    return np.minimum(place, len(reached) - 1)


def directions(vectors: Float[np.ndarray, "item d"]) -> Float[np.ndarray, "item d"]:
    """The vectors at length 1, in single precision."""
    return unit_rows(vectors.astype(np.float64)).astype(np.float32)
