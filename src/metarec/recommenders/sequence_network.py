"""A causal network over histories, while it is learned; `sequence_serving` is its NumPy twin."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from metarec.recommenders.sasrec_config import SASRecConfig

START_STD = 0.02
"""Spread of item vectors and places before training."""
CONTENT_PACE = 4.0
"""How much faster than its learned part the content of a vector may move."""


def dropped(
    x: Float[Tensor, "*shape"], rate: float, rng: torch.Generator | None
) -> Float[Tensor, "*shape"]:
    """`x` with a share of its numbers at 0 and the rest larger; as it is without `rng`."""
    if rng is None or rate == 0:
        return x
    return x * torch.empty_like(x).bernoulli_(1 - rate, generator=rng).div_(1 - rate)


class Block(nn.Module):
    """One block of a Transformer, normed before each part; attention itself has no dropout."""

    def __init__(self, config: SASRecConfig) -> None:
        super().__init__()
        d = config.d
        self.heads, self.dropout = config.heads, config.dropout
        self.norm, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attend, self.join = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.widen, self.narrow = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)

    def forward(
        self, x: Float[Tensor, "person place d"], rng: torch.Generator | None
    ) -> Float[Tensor, "person place d"]:
        """The inner vectors after the block; no place reads a later one."""
        people, places, d = x.shape
        parts = self.attend(self.norm(x)).view(people, places, 3, self.heads, d // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (part, person, head, place, d / heads)
        read = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        # (person, head, place, d / heads) -> (person, place, d)
        read = read.transpose(1, 2).reshape(people, places, d)
        x = x + dropped(self.join(read), self.dropout, rng)
        inner = self.narrow(F.relu(self.widen(self.norm2(x))))
        return x + dropped(inner, self.dropout, rng)


class Recurrent(nn.Module):
    """One recurrent layer."""

    def __init__(self, config: SASRecConfig) -> None:
        super().__init__()
        kind = nn.GRU if config.network == "gru" else nn.LSTM
        self.dropout = config.dropout
        self.cell = kind(config.d, config.d, batch_first=True)

    def forward(
        self, x: Float[Tensor, "person place d"], rng: torch.Generator | None
    ) -> Float[Tensor, "person place d"]:
        """The state after each place."""
        return dropped(self.cell(x)[0], self.dropout, rng)


class SequenceNetwork(nn.Module):
    """Item vectors, and what reads a history of them; `content` has no columns where there is none.

    What is learned of a place with p events before it is the vector whose products with the items'
    own are the logits of the next event.
    """

    content: Float[Tensor, "item d_content"]

    def __init__(self, content: Float[Tensor, "item d_content"], config: SASRecConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.register_buffer("content", content, persistent=False)
        n_items, width = content.shape
        self.residual = nn.Parameter(START_STD * torch.randn(n_items, config.d))
        self.map = nn.Parameter(START_STD * torch.randn(width, config.d))
        self.start = nn.Parameter(START_STD * torch.randn(config.d))
        is_transformer = config.network == "transformer"
        read = config.max_events + 1 if is_transformer else 0
        self.places = nn.Parameter(START_STD * torch.randn(read, config.d))
        layer = Block if is_transformer else Recurrent
        self.layers = nn.ModuleList(layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.d)

    def vectors(
        self, rows: Int[Tensor, " row"], residual: Float[Tensor, " row"]
    ) -> Float[Tensor, "row d"]:
        """The vectors of these items; where `residual` is 0, by content alone."""
        learned = F.embedding(rows, self.residual) * residual[:, None]
        return learned + F.embedding(rows, self.content) @ self.map

    def forward(
        self,
        vectors: Float[Tensor, "row d"],
        inputs: Int[Tensor, "person place"],
        rng: torch.Generator | None = None,
    ) -> Float[Tensor, "person place d"]:
        """What each place tells of the next event. `inputs` are rows of `vectors` + 1, 0 the start.

        Padding stands behind the events, where nothing that counts can read it.
        """
        d = vectors.shape[1]
        x = F.embedding(inputs, torch.cat([self.start[None], vectors])) * d**0.5
        if len(self.places):
            x = x + self.places[: inputs.shape[1]]
        x = dropped(x, self.dropout, rng)
        for layer in self.layers:
            x = layer(x, rng)
        return self.norm(x)

    def groups(self) -> list[dict[str, object]]:
        """The parameters in groups for the optimiser, each with its pace: a factor on the rate.

        A step of Adam moves every weight alike, and a vector by content is moved by all the rows of
        its map at once; so these are moved less.
        """
        others = [weights for name, weights in self.named_parameters() if name != "map"]
        pace = CONTENT_PACE * max(len(self.map), 1) ** -0.5
        return [{"params": others, "pace": 1.0}, {"params": [self.map], "pace": pace}]
