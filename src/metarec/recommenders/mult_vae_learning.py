"""`MultVAE` while it is learned; `mult_vae.logits` is its NumPy twin."""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from metarec.contracts import Histories
from metarec.recommenders.drawn_people import DrawnPeople
from metarec.recommenders.mult_vae_config import MultVAEConfig
from metarec.recommenders.stepwise import numbers_of
from metarec.recommenders.weights import Weights


class VAE(nn.Module):
    """Encoder and decoder, one layer of tanh each."""

    def __init__(self, n_items: int, config: MultVAEConfig) -> None:
        super().__init__()
        self.read = nn.Linear(n_items, config.hidden)
        self.draw = nn.Linear(config.hidden, 2 * config.factors)
        self.told = nn.Linear(config.factors, config.hidden)
        self.items = nn.Linear(config.hidden, n_items)
        for layer in (self.read, self.draw, self.told, self.items):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def encode(self, x: Float[Tensor, "person item"]) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of what a history is drawn together to."""
        mean, log_variance = self.draw(torch.tanh(self.read(x))).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, drawn: Float[Tensor, "person d"]) -> Float[Tensor, "person item"]:
        """The logits of all items."""
        return self.items(torch.tanh(self.told(drawn)))


class Autoencoding(DrawnPeople):
    """People are drawn, some of what they took is hidden, and all of it is foretold."""

    def __init__(self, histories: Histories, config: MultVAEConfig) -> None:
        super().__init__(histories, config.batch)
        self.config = config
        self.network = VAE(self.taken.shape[1], config)

    def loss(self, drawn: tuple[Int[np.ndarray, " person"], int], share: float) -> Tensor:
        """The mean over people of the negative evidence bound, its divergence weighed."""
        people, seed = drawn
        rng, rate = torch.Generator().manual_seed(seed), self.config.dropout
        x = self.histories_of(people)
        kept = torch.empty_like(x).bernoulli_(1 - rate, generator=rng) / (1 - rate)
        mean, log_variance = self.network.encode(F.normalize(x) * kept)
        noise = torch.empty_like(mean).normal_(generator=rng)
        told = self.network.decode(mean + noise * torch.exp(log_variance / 2))
        likelihood = (F.log_softmax(told, dim=1) * x).sum(1).mean()
        divergence = (torch.exp(log_variance) + mean**2 - 1 - log_variance).sum(1).mean() / 2
        anneal, beta = self.config.anneal, self.config.beta
        return beta * min(1.0, share / anneal if anneal else 1.0) * divergence - likelihood

    def frozen(self) -> Weights:
        """All weights."""
        return numbers_of(self.network)
