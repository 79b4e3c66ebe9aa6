"""What meta-learning learns: features, offsets, and the prior, as one differentiable module.

    φ_i = [g(e_i) + z_i v_i ; γ]      o_i = μ + t(e_i) + z_i β_i      σ²_i = exp(n(e_i) + z_i ν_i)

`e_i` is the content of item i, z_i is 1 for items with history whose residuals v_i, β_i, ν_i are
used.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from metarec.meta.config import MetaConfig
from metarec.posterior.differentiable import TorchPosterior, condition_on

NOISE_PACE = 4.0


@dataclass(frozen=True, eq=False)
class ItemTerms:
    """All that the posterior needs of items: of the whole catalogue, or of those of events."""

    features: Float[Tensor, "*item d+1"]
    offsets: Float[Tensor, "*item"]
    unsure: Float[Tensor, "*item"]
    """(1 − z) τ²: the variance of what content does not tell of an untouched item."""
    noise: Float[Tensor, "*item"]
    """σ²: how much one rating of the item varies for a person who is known through and through."""

    def of(self, rows: Int[Tensor, "*event"]) -> "ItemTerms":
        """The terms of the items in these rows of the catalogue.

        One lookup for all of them: its gradient, a sum over events in their order, is what a
        training step waits for.
        """
        columns = (self.offsets, self.unsure, self.noise)
        table = torch.cat([self.features, torch.stack(columns, dim=1)], dim=1)
        looked_up = F.embedding(rows, table)
        return ItemTerms(looked_up[..., :-3], *looked_up[..., -3:].unbind(-1))


@dataclass(frozen=True, eq=False)
class Support:
    """Padded events to adapt on; an event of confidence 0 is padding.

    `terms` and `targets` may have a 1 in an axis of people where `confidence` has more: prefixes of
    one history share their events, and differ in which of them count.
    """

    terms: ItemTerms
    """Those of the events' items."""
    targets: Float[Tensor, "*#person event"]
    confidence: Float[Tensor, "*person event"]


class ContentNetwork(nn.Module):
    """A linear map, or one hidden layer beside it."""

    def __init__(self, d_in: int, d_out: int, config: MetaConfig, rng: torch.Generator) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.linear = _matrix(d_in, d_out, rng)
        self.hidden = _matrix(d_in, config.hidden, rng) if config.hidden else None
        self.output = nn.Parameter(torch.zeros(config.hidden, d_out)) if config.hidden else None
        self.bias = nn.Parameter(torch.zeros(d_out))
        self.start: Tensor  # what the penalty holds `linear` to; learned numbers alone are saved
        self.register_buffer("start", torch.zeros(d_in, d_out), persistent=False)

    def forward(
        self, content: Float[Tensor, "item d_in"], rng: torch.Generator | None = None
    ) -> Float[Tensor, "item d_out"]:
        """The map of each row; `rng` turns dropout on."""
        mapped = content @ self.linear + self.bias
        if self.hidden is None or self.output is None:
            return mapped
        units = F.gelu(content @ self.hidden)
        if rng is not None and self.dropout:
            kept = torch.rand(units.shape, generator=rng) >= self.dropout
            units = units * kept / (1 - self.dropout)
        return mapped + units @ self.output

    def penalty(self) -> Float[Tensor, ""]:
        """Sum of squared weights, `linear` from its start and without the bias."""
        matrices = (self.linear - self.start, self.hidden, self.output)
        return torch.stack([m.square().sum() for m in matrices if m is not None]).sum()


class HeartNetwork(nn.Module):
    """Every learned number of the model."""

    def __init__(
        self,
        n_items: int,
        d_content: int,
        d_profile: int,
        kinds: int,
        config: MetaConfig,
        rng: torch.Generator,
        *,
        mean: float,
        implicit: bool,
    ) -> None:
        super().__init__()
        d = config.d
        self.implicit = implicit
        self.g = ContentNetwork(d_content, d, config, rng)
        self.t = ContentNetwork(d_content, 1, config, rng)
        self.tau = ContentNetwork(d_content, 1, MetaConfig(hidden=0), rng)
        self.n = ContentNetwork(d_content, 1, MetaConfig(hidden=0), rng)
        self.v = nn.Parameter(torch.randn(n_items, d, generator=rng) * 0.01)
        self.beta = nn.Parameter(torch.zeros(n_items))
        self.nu = nn.Parameter(torch.zeros(n_items))
        self.gamma = nn.Parameter(torch.tensor(0.4))
        self.m = nn.Parameter(torch.zeros(d + 1))
        self.M = nn.Parameter(torch.zeros(d_profile, d + 1))
        self.log_confidence = nn.Parameter(torch.zeros(kinds))
        self.old = nn.Parameter(torch.tensor(-2.0 if implicit else 2.0))
        self.decay = nn.Parameter(torch.tensor(-0.85 if implicit else -2.0))
        self.log_lambda = nn.Parameter(torch.zeros(()))
        self.log_alpha = nn.Parameter(torch.zeros(()))
        self.log_kappa = nn.Parameter(torch.tensor(1.0))
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.v_start: Tensor
        self.register_buffer("v_start", torch.zeros(n_items, d), persistent=False)
        with torch.no_grad():
            self.t.linear.mul_(0.0)
            self.tau.linear.mul_(0.0)
            self.tau.bias.fill_(-1.0)
            self.n.linear.mul_(0.0)

    def items(
        self,
        content: Float[Tensor, "item d_content"],
        z: Float[Tensor, " item"],
        rng: torch.Generator | None = None,
    ) -> ItemTerms:
        """The terms of every item of the catalogue; `rng` turns dropout on."""
        learned = self.g(content, rng) + z[:, None] * self.v
        constant = self.gamma.expand(len(content), 1)
        offsets = self.mean + self.t(content, rng)[:, 0] + z * self.beta
        unsure = (1 - z) * F.softplus(self.tau(content)[:, 0])
        if self.implicit:  # a softmax does not tell how far content is off
            unsure = torch.zeros_like(unsure)
        noise = torch.exp(self.n(content)[:, 0] + z * self.nu)
        return ItemTerms(torch.cat([learned, constant], dim=1), offsets, unsure, noise)

    def prior_mean(
        self, profiles: Float[Tensor, "person d_profile"] | None
    ) -> Float[Tensor, "*person d+1"]:
        """m, or m plus what the profile tells."""
        if profiles is None or not len(self.M):
            return self.m
        return self.m + profiles @ self.M

    def recency(self, ages: Float[Tensor, "*person event"]) -> Float[Tensor, "*person event"]:
        """ε + (1 − ε) ρ^age, in (0, 1]."""
        eps = torch.sigmoid(self.old)
        return eps + (1 - eps) * torch.exp(-F.softplus(self.decay) * ages)

    def kind_confidence(
        self, kinds: Int[Tensor, "*person event"]
    ) -> Float[Tensor, "*person event"]:
        """c(kind); 1 for events without a kind (row -1)."""
        known = torch.cat([torch.ones(1), self.log_confidence.exp()])
        return of_items(known, kinds + 1)

    def prior_precision(self, terms: ItemTerms) -> Float[Tensor, "d+1 d+1"]:
        """P: the identity for ratings, λI + αG for implicit events."""
        identity = torch.eye(terms.features.shape[1])
        if not self.implicit:
            return identity
        G = terms.features.mT @ terms.features / len(terms.features)
        return self.log_lambda.exp() * identity + self.log_alpha.exp() * G

    def adapt(
        self,
        catalogue: ItemTerms,
        support: Support,
        profiles: Float[Tensor, "person d_profile"] | None = None,
    ) -> TorchPosterior:
        """The posterior of each person after their support."""
        features = support.terms.features  # (person, event, d+1)
        mean = self.prior_mean(profiles)
        expected = (features * mean[..., None, :]).sum(-1)
        if self.implicit:
            residuals, precisions = 1.0 - expected, support.confidence
        else:
            residuals = support.targets - support.terms.offsets - expected
            precisions = support.confidence / support.terms.noise
        precision = self.prior_precision(catalogue)
        return condition_on(mean, precision, features, residuals, precisions)

    def penalty(self, config: MetaConfig, n_events: int) -> Float[Tensor, ""]:
        """Prior of the learned weights, per event of the data."""
        residuals = (self.v - self.v_start).square().sum()
        residuals = config.residual_precision * (residuals + self.beta.square().sum())
        residuals = residuals + config.noise_precision * self.nu.square().sum()
        told = config.offset_decay * (self.t.penalty() + self.n.penalty())
        told = told + config.unsure_decay * self.tau.penalty()
        decayed = config.content_decay * (self.g.penalty() + self.M.square().sum())
        return decayed + told + 0.5 * residuals / n_events

    def groups(self) -> list[dict[str, Any]]:
        """The parameters in groups for the optimiser, each with its pace: a factor on the rate.

        ν has a faster one: a score pulls far less on a spread than on a mean, and at the pace of
        all others ν would still be under way when early stopping ends the training.
        """
        others = [p for name, p in self.named_parameters() if name != "nu"]
        return [{"params": others, "pace": 1.0}, {"params": [self.nu], "pace": NOISE_PACE}]


def of_items(column: Float[Tensor, " row"], rows: Int[Tensor, "*event"]) -> Float[Tensor, "*event"]:
    """`column[rows]`, by embedding: the gradient of indexing is many times slower on a CPU, and
    sums in an order that depends on how threads meet."""
    return F.embedding(rows, column[:, None])[..., 0]


def _matrix(d_in: int, d_out: int, rng: torch.Generator) -> nn.Parameter:
    scale = 0.3 / max(1, d_in) ** 0.5
    return nn.Parameter(torch.randn(d_in, d_out, generator=rng) * scale)
