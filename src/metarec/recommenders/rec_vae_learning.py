"""`RecVAE` while it is learned; `rec_vae.logits` is its NumPy twin."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from metarec.contracts import Histories
from metarec.recommenders.drawn_people import DrawnPeople
from metarec.recommenders.rec_vae_config import ENCODER_PASSES, EPSILON, RecVAEConfig
from metarec.recommenders.stepwise import numbers_of
from metarec.recommenders.weights import Weights

LAYERS = 5
MIXTURE = (0.15, 0.75, 0.1)
"""Of the standard normal, of the encoder of the pass before, and of a wide normal."""
WIDE = 10.0
"""Logarithm of the variance of the wide normal."""


class Encoder(nn.Module):
    """Five layers, each of which reads the sum of all before it."""

    def __init__(self, n_items: int, config: RecVAEConfig) -> None:
        super().__init__()
        hidden = config.hidden
        widths = [n_items] + [hidden] * (LAYERS - 1)
        self.read = nn.ModuleList(nn.Linear(width, hidden) for width in widths)
        self.even = nn.ModuleList(nn.LayerNorm(hidden, eps=EPSILON) for _ in widths)
        self.draw = nn.Linear(hidden, 2 * config.factors)

    def forward(self, x: Float[Tensor, "person item"]) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of what a history is drawn together to."""
        inner, before = x, torch.zeros(())
        for read, even in zip(self.read, self.even, strict=True):
            told = read(x) if inner is x else read(inner) + before
            inner = even(F.silu(told))
            before = before + inner
        mean, log_variance = self.draw(inner).chunk(2, dim=1)
        return mean, log_variance


class Network(nn.Module):
    """The encoder, its copy from the pass before, and a decoder of one layer."""

    step: Tensor

    def __init__(self, n_items: int, config: RecVAEConfig) -> None:
        super().__init__()
        self.encoder, self.before = Encoder(n_items, config), Encoder(n_items, config)
        self.before.requires_grad_(False)
        self.items = nn.Linear(config.factors, n_items)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))  # kept by a checkpoint


class Alternating(DrawnPeople):
    """People are drawn; the encoder foretells a whole history from a part, the decoder from all."""

    def __init__(self, histories: Histories, config: RecVAEConfig) -> None:
        super().__init__(histories, config.batch)
        self.config = config
        self.network = Network(self.taken.shape[1], config)

    def loss(self, drawn: tuple[Int[np.ndarray, " person"], int], share: float) -> Tensor:
        """The negative evidence bound of the encoder, or the likelihood alone of the decoder."""
        people, seed = drawn
        rng, network = torch.Generator().manual_seed(seed), self.network
        x = self.histories_of(people)
        a_pass = math.ceil(self.units / len(people))
        place = int(network.step) % (a_pass * (ENCODER_PASSES + 1))
        network.step += 1
        if place == 0:
            network.before.load_state_dict(network.encoder.state_dict())
        if place >= a_pass * ENCODER_PASSES:
            with torch.no_grad():
                mean, log_variance = network.encoder(F.normalize(x))
            told = network.items(mean + noise(mean, rng) * torch.exp(log_variance / 2))
            return -(F.log_softmax(told, dim=1) * x).sum(dim=1).mean()
        rate = self.config.dropout
        kept = torch.empty_like(x).bernoulli_(1 - rate, generator=rng) / (1 - rate)
        mean, log_variance = network.encoder(F.normalize(x) * kept)
        z = mean + noise(mean, rng) * torch.exp(log_variance / 2)
        told = F.linear(z, network.items.weight.detach(), network.items.bias.detach())
        likelihood = (F.log_softmax(told, dim=1) * x).sum(dim=1)
        apart = log_normal(z, mean, log_variance) - self.prior(x, z)
        return (self.config.gamma * x.sum(dim=1) * apart.sum(dim=1) - likelihood).mean()

    def prior(
        self, x: Float[Tensor, "person item"], z: Float[Tensor, "person d"]
    ) -> Float[Tensor, "person d"]:
        """The logarithm of the composite prior's density."""
        mean, log_variance = self.network.before(F.normalize(x))
        flat = torch.zeros_like(z)
        parts = (
            log_normal(z, flat, flat),
            log_normal(z, mean, log_variance),
            log_normal(z, flat, flat + WIDE),
        )
        weighed = [part + math.log(weight) for part, weight in zip(parts, MIXTURE, strict=True)]
        return torch.logsumexp(torch.stack(weighed), dim=0)

    def frozen(self) -> Weights:
        """The weights of the encoder and of the decoder."""
        own = numbers_of(self.network)
        return {name: part for name, part in own.items() if not name.startswith("before.")}


def noise(like: Tensor, rng: torch.Generator) -> Tensor:
    """Standard normal numbers of a shape."""
    return torch.empty_like(like).normal_(generator=rng)


def log_normal(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The logarithm of the normal density, element by element."""
    spread = (z - mean).square() / log_variance.exp()
    return -0.5 * (log_variance + math.log(2 * math.pi) + spread)
