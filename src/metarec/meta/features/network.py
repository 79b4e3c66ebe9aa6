"""The features of items while they are learned: the one definition of φ, o, τ² and σ².

    φ_i = [g(e_i) + z_i v_i ; γ]      o_i = μ + t(e_i) + z_i β_i      σ²_i = exp(n(e_i) + z_i ν_i)
    τ²_i = (1/τ²(e_i) + z_i n_i/ω²)⁻¹

`e_i` is the content of item i, z_i is 1 for items with history whose residuals v_i, β_i, ν_i are
used. Training runs this module, and freezing runs it once more in float64.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from metarec.meta.config import MetaConfig
from metarec.meta.features.content_network import ContentNetwork, Product, mapped_by

Curve = Callable[[Tensor], Tensor]
"""A function of each number by itself."""


@dataclass(frozen=True, eq=False)
class TorchTerms:
    """`ItemTerms` while they are learned: of the whole catalogue, or of those of events."""

    features: Float[Tensor, "*item d+1"]
    offsets: Float[Tensor, "*item"]
    unsure: Float[Tensor, "*item"]
    noise: Float[Tensor, "*item"]

    def of(self, rows: Int[Tensor, "*event"]) -> "TorchTerms":
        """The terms of the items in these rows of the catalogue.

        One lookup for all of them: its gradient, a sum over events in their order, is what a
        training step waits for.
        """
        columns = (self.offsets, self.unsure, self.noise)
        if not self.features.requires_grad:
            return TorchTerms(self.features[rows], *(column[rows] for column in columns))
        table = torch.cat([self.features, torch.stack(columns, dim=1)], dim=1)
        looked_up = F.embedding(rows, table)
        return TorchTerms(looked_up[..., :-3], *looked_up[..., -3:].unbind(-1))


class FeatureNetwork(nn.Module):
    """Every learned number of the items."""

    def __init__(
        self,
        n_items: int,
        blocks: Mapping[str, int],
        config: MetaConfig,
        rng: torch.Generator,
        *,
        mean: float,
    ) -> None:
        super().__init__()
        d = config.n_features
        deep = partial(ContentNetwork, hidden=config.hidden, dropout=config.dropout)
        self.g = deep(blocks, d, rng)
        self.t = deep(blocks, 1, rng)
        self.tau = ContentNetwork(blocks, 1, rng)
        self.n = ContentNetwork(blocks, 1, rng)
        self.v = nn.Parameter(torch.randn(n_items, d, generator=rng) * 0.01)
        self.beta = nn.Parameter(torch.zeros(n_items))
        self.nu = nn.Parameter(torch.zeros(n_items))
        self.gamma = nn.Parameter(torch.tensor(0.4))
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.v_start: Tensor
        self.register_buffer("v_start", torch.zeros(n_items, d), persistent=False)
        self.beta_start: Tensor
        self.register_buffer("beta_start", torch.zeros(n_items), persistent=False)
        self.told: Tensor  # n_i/ω², what an item's own events tell; all, where that is not learned
        self.register_buffer("told", torch.full((n_items,), torch.inf))
        with torch.no_grad():
            self.tau.bias.fill_(-1.0)
            for network in (self.t, self.tau, self.n):
                for matrix in network.linear.matrices():
                    matrix.zero_()

    def forward(
        self,
        content: Float[Tensor, "item d_content"],
        z: Float[Tensor, " item"],
        rng: torch.Generator | None = None,
        product: Product = torch.matmul,
        softplus: Curve = F.softplus,
        exp: Curve = torch.exp,
    ) -> TorchTerms:
        """The terms of every item of the catalogue; `rng` turns dropout on. The three functions are
        how numbers are computed, not which."""
        networks = [self.g, self.t, self.tau, self.n]
        g, t, tau, n = mapped_by(networks, content, rng, product)
        learned = g + z[:, None] * self.v
        constant = self.gamma.expand(len(content), 1)
        offsets = self.mean + t[:, 0] + z * self.beta
        open_ = softplus(tau[:, 0])
        unsure = 1 / (1 / open_ + torch.where(z > 0, self.told, 0.0))
        noise = exp(n[:, 0] + z * self.nu)
        return TorchTerms(torch.cat([learned, constant], dim=1), offsets, unsure, noise)

    def penalty(self, config: MetaConfig, n_events: int) -> Float[Tensor, ""]:
        """Prior of the items' learned weights, per event of the data."""
        residuals = (self.v - self.v_start).square().sum()
        levels = (self.beta - self.beta_start).square().sum()
        residuals = config.residual_precision * (residuals + levels)
        residuals = residuals + config.noise_precision * self.nu.square().sum()
        told = config.offset_decay * (self.t.penalty() + self.n.penalty())
        told = told + config.unsure_decay * self.tau.penalty()
        return config.content_decay * self.g.penalty() + told + 0.5 * residuals / n_events
