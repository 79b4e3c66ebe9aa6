"""Content to numbers: a map for each named block of the content, or a hidden layer beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Product = Callable[[Tensor, Tensor], Tensor]
"""A matrix product of content and weights."""


class BlockMap(nn.Module):
    """One matrix a block of the content, so that a part of what was learned can move elsewhere.

    `blocks` gives the width of each block, in the order in which they stand in a row of content.
    """

    def __init__(self, blocks: Mapping[str, int], weights: Float[Tensor, "d_in d_out"]) -> None:
        super().__init__()
        self.blocks = dict(blocks)
        parts = self._parts(weights)
        self.of = nn.ParameterDict(
            {name: nn.Parameter(part.clone()) for name, part in zip(blocks, parts, strict=True)}
        )

    def forward(
        self, content: Float[Tensor, "item d_in"], product: Product = torch.matmul
    ) -> Float[Tensor, "item d_out"]:
        """The sum of what each block says."""
        return product(content, self.whole)

    @property
    def whole(self) -> Float[Tensor, "d_in d_out"]:
        """One matrix over all blocks."""
        return torch.cat(list(self.matrices()))

    def matrices(self) -> Iterator[Tensor]:
        """The blocks' matrices in their order."""
        return (self.of[name] for name in self.blocks)

    @torch.no_grad()
    def set(self, weights: Float[Tensor, "d_in d_out"]) -> None:
        """Take the rows of one matrix over all blocks."""
        for own, part in zip(self.matrices(), self._parts(weights), strict=True):
            own.copy_(part)

    def _parts(self, weights: Float[Tensor, "d_in d_out"]) -> tuple[Tensor, ...]:
        return torch.split(weights, list(self.blocks.values()))


class ContentNetwork(nn.Module):
    """A linear map of the content, or one hidden layer beside it."""

    def __init__(
        self,
        blocks: Mapping[str, int],
        d_out: int,
        rng: torch.Generator,
        *,
        hidden: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        d_in = sum(blocks.values())
        self.dropout = dropout
        self.linear = BlockMap(blocks, random_matrix(d_in, d_out, rng))
        self.hidden = BlockMap(blocks, random_matrix(d_in, hidden, rng)) if hidden else None
        self.output = nn.Parameter(torch.zeros(hidden, d_out)) if hidden else None
        self.bias = nn.Parameter(torch.zeros(d_out))
        self.start: Tensor  # what the penalty holds `linear` to; learned numbers alone are saved
        self.register_buffer("start", torch.zeros(d_in, d_out), persistent=False)

    def forward(
        self,
        content: Float[Tensor, "item d_in"],
        rng: torch.Generator | None = None,
        product: Product = torch.matmul,
    ) -> Float[Tensor, "item d_out"]:
        """The map of each row; `rng` turns dropout on."""
        return mapped_by([self], content, rng, product)[0]

    def complete(
        self,
        linear: Float[Tensor, "item d_out"],
        content: Float[Tensor, "item d_in"],
        rng: torch.Generator | None,
        product: Product,
    ) -> Float[Tensor, "item d_out"]:
        """The map of each row from what its linear part says."""
        mapped = linear + self.bias
        if self.hidden is None or self.output is None:
            return mapped
        units = F.gelu(self.hidden(content, product))
        if rng is not None and self.dropout:
            kept = torch.rand(units.shape, generator=rng) >= self.dropout
            units = units * kept / (1 - self.dropout)
        return mapped + product(units, self.output)

    def penalty(self) -> Float[Tensor, ""]:
        """Sum of squared weights, `linear` from its start and without the bias."""
        total = (self.linear.whole - self.start).square().sum()
        if self.hidden is None or self.output is None:
            return total
        for matrix in (*self.hidden.matrices(), self.output):
            total = total + matrix.square().sum()
        return total

    @torch.no_grad()
    def start_at(self, weights: Float[Tensor, "d_in d_out"], bias: Float[Tensor, " d_out"]) -> None:
        """Set the linear map, and hold its penalty to it."""
        self.linear.set(weights)
        self.bias.copy_(bias)
        self.start.copy_(weights)


def mapped_by(
    networks: Sequence[ContentNetwork],
    content: Float[Tensor, "item d_in"],
    rng: torch.Generator | None = None,
    product: Product = torch.matmul,
) -> list[Float[Tensor, "item d_out"]]:
    """The map of each row by each network; one product reads the content for all linear parts."""
    linear = product(content, torch.cat([network.linear.whole for network in networks], dim=1))
    parts = torch.split(linear, [len(network.bias) for network in networks], dim=1)
    return [
        network.complete(part, content, rng, product)
        for network, part in zip(networks, parts, strict=True)
    ]


def random_matrix(d_in: int, d_out: int, rng: torch.Generator) -> Float[Tensor, "d_in d_out"]:
    """Small random weights, smaller the more of them add up."""
    return torch.randn(d_in, d_out, generator=rng) * (0.3 / max(1, d_in) ** 0.5)
