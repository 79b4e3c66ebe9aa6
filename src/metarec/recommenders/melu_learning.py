"""`MeLU` while it is learned; `melu.gradient` and `melu.foretold` are its NumPy twins."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from metarec.contracts import Histories
from metarec.data.sampling import RatingBatch, sample_rating_batch
from metarec.recommenders.melu_config import LAYERS, MeLUConfig
from metarec.recommenders.stepwise import numbers_of
from metarec.recommenders.weights import Weights

Blocks = Sequence[Float[np.ndarray, "row width"]]
Drawn = tuple[np.ndarray, RatingBatch, Bool[np.ndarray, "person event"]]
START_STD = 1.0
"""Spread of a new embedding, as layers of PyTorch that hold one begin with."""


class Deciding(nn.Module):
    """An embedding of each column of people and items, and the decision layers, which begin to
    foretell around `start`."""

    def __init__(self, people: Blocks, items: Blocks, config: MeLUConfig, start: float) -> None:
        super().__init__()
        d, hidden = config.d, config.hidden

        def embeddings(blocks: Blocks) -> nn.ParameterList:
            return nn.ParameterList(START_STD * torch.randn(b.shape[1], d) for b in blocks)

        self.person, self.item = embeddings(people), embeddings(items)
        self.first = nn.Linear(d * (len(people) + len(items)), hidden)
        self.second, self.out = nn.Linear(hidden, hidden), nn.Linear(hidden, 1)
        nn.init.constant_(self.out.bias, start)

    def layers(self, people: int) -> list[Tensor]:
        """The decision layers, once for each person; matrices as (read, write)."""
        parts = [self.get_parameter(name) for name in LAYERS]
        return [
            (part.T if part.ndim == 2 else part).expand(people, *reversed(part.shape))
            for part in parts
        ]


class Adapting:
    """Random people: ratings to adapt on, and ratings that are asked for."""

    def __init__(
        self, histories: Histories, people: Blocks, items: Blocks, config: MeLUConfig
    ) -> None:
        self.histories, self.config = histories, config
        self.able = np.flatnonzero(histories.lengths >= 2)
        self.people = [torch.from_numpy(block.astype(np.float32)) for block in people]
        self.items = [torch.from_numpy(block.astype(np.float32)) for block in items]
        self.network = Deciding(people, items, config, float(histories.values.mean()))

    @property
    def units(self) -> int:
        """People of a pass."""
        return max(1, len(self.able))

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Whose, what they rated in random order, and which of it is adapted on."""
        config = self.config
        size = min(config.batch, len(self.able))
        people = rng.choice(self.able, size, replace=False)
        batch = sample_rating_batch(self.histories, people, rng, max_events=config.max_events)
        lengths = batch.event_mask.sum(axis=1)
        asked = np.where(lengths < 2 * config.queries, np.maximum(lengths // 2, 1), config.queries)
        known = np.arange(batch.width) < (lengths - asked)[:, None]
        return people, batch, known

    def loss(self, drawn: Drawn, share: float) -> Tensor:
        """Mean over people of the squared error of what is asked, after the steps."""
        people, batch, known = drawn
        rows, place = np.unique(batch.items, return_inverse=True)
        read = embedded(self.items, self.network.item, rows)
        x = read[torch.from_numpy(place.reshape(batch.items.shape))]
        if self.people:
            person = embedded(self.people, self.network.person, people)
            x = torch.cat([person[:, None].expand(-1, batch.width, -1), x], dim=2)
        values = torch.from_numpy(batch.values).float()
        layers = self.network.layers(len(people))
        for _ in range(self.config.inner_steps):
            error = squared_error(layers, x, values, torch.from_numpy(known)).sum()
            slopes = torch.autograd.grad(error, layers, create_graph=True)
            steps = zip(layers, slopes, strict=True)
            layers = [layer - self.config.inner_rate * slope for layer, slope in steps]
        asked = torch.from_numpy(batch.event_mask & ~known)
        return squared_error(layers, x, values, asked).mean()

    def frozen(self) -> Weights:
        """Embedded items, embeddings of people's columns, and the layers as (read, write)."""
        own = numbers_of(self.network)
        with torch.no_grad():
            every = np.arange(len(self.items[0]))
            items = embedded(self.items, self.network.item, every).numpy().copy()
        person = {name: part for name, part in own.items() if name.startswith("person.")}
        return {"items": items, **person, **{name: own[name].T for name in LAYERS}}


def embedded(
    blocks: Sequence[Tensor], embeddings: nn.ParameterList, rows: np.ndarray
) -> Float[Tensor, "row d"]:
    """The embeddings of all columns, one behind another."""
    chosen = torch.from_numpy(rows)
    return torch.cat([b[chosen] @ e for b, e in zip(blocks, embeddings, strict=True)], dim=1)


def squared_error(
    layers: Sequence[Tensor],
    x: Float[Tensor, "person event d"],
    values: Float[Tensor, "person event"],
    real: Bool[Tensor, "person event"],
) -> Float[Tensor, " person"]:
    """The mean of each person; 0 where there is no event."""
    first, bias, second, other, out, last = layers
    inner = F.relu(torch.baddbmm(bias[:, None], x, first))
    inner = F.relu(torch.baddbmm(other[:, None], inner, second))
    told = torch.baddbmm(last[:, None], inner, out)[:, :, 0]
    squares = torch.where(real, (told - values).square(), 0.0).sum(dim=1)
    return squares / real.sum(dim=1).clamp(min=1)
