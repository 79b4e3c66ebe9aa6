"""All that meta-learning learns, as one module: features, prior, confidence and head."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from metarec.meta.confidence import OF_REFUSALS
from metarec.meta.config import MetaConfig
from metarec.meta.features.network import FeatureNetwork, TorchTerms
from metarec.meta.updaters.exploded import Exploded
from metarec.meta.updaters.training import (
    ClosedFormNetwork,
    TorchAdapted,
    TorchTask,
    UpdaterNetwork,
    new_updater,
)
from metarec.posterior.differentiable import TorchPosterior

NOISE_PACE = 4.0


@dataclass(frozen=True, eq=False)
class TorchSupport:
    """Padded events to adapt on; an event of confidence 0 is padding.

    `terms` and `values` may have a 1 in an axis of people where `confidence` has more: prefixes of
    one history share their events, and differ in which of them count.
    """

    terms: TorchTerms
    """Those of the events' items."""
    values: Float[Tensor, "*#person event"]
    confidence: Float[Tensor, "*person event"]
    refused: Bool[Tensor, "*#person event"] | None = None
    """The events that speak against their item; None where there is no such kind."""
    users: Int[np.ndarray, " person"] | None = None
    """Whose events these are, as rows of the training set; None of people outside it."""


@contextmanager
def naming(support: TorchSupport) -> Iterator[None]:
    """Tells an inner loop that explodes whose events it was on."""
    try:
        yield
    except Exploded as error:
        error.user = None if support.users is None else int(support.users[error.person])
        raise


class TrainedHead(Protocol):
    """What the network asks of a head; `metarec.meta.heads` has one file for each."""

    def targets(self, support: TorchSupport) -> Float[Tensor, "*#person event"]:
        """What φᵀw is to explain of each event."""
        ...

    def precisions(self, support: TorchSupport) -> Float[Tensor, "*person event"]:
        """What each event weighs in the posterior."""
        ...

    def prior_precision(self, features: Float[Tensor, "item d+1"]) -> Float[Tensor, "d+1 d+1"]:
        """P, from φ of the whole catalogue."""
        ...

    def prior_scales(self) -> tuple[Tensor, Tensor]:
        """λ and α: how much of P is the same in all directions, and how much is of items."""
        ...


class PriorNetwork(nn.Module):
    """m, or m plus what the profile tells."""

    def __init__(self, d_profile: int, d: int) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(d + 1))
        self.M = nn.Parameter(torch.zeros(d_profile, d + 1))

    def forward(
        self, profiles: Float[Tensor, "*person d_profile"] | None
    ) -> Float[Tensor, "*person d+1"]:
        """The prior mean of people with these profile features; None: of anyone."""
        if profiles is None or not len(self.M):
            return self.m
        return self.m + profiles @ self.M


class ConfidenceNetwork(nn.Module):
    """What an event counts by its age and its kind."""

    def __init__(
        self, kinds: int, *, old: float, decay: float, refused: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.refused = np.array(refused, dtype=np.int64)
        """The kinds whose events are heard as speaking against their item."""
        known = torch.zeros(kinds)
        known[self.refused] = float(np.log(OF_REFUSALS))
        self.log_confidence = nn.Parameter(known)
        self.old = nn.Parameter(torch.tensor(old))
        self.decay = nn.Parameter(torch.tensor(decay))

    def of_age(self, ages: Float[Tensor, "*person event"]) -> Float[Tensor, "*person event"]:
        """ε + (1 − ε) ρ^age, in (0, 1]."""
        eps = torch.sigmoid(self.old)
        return eps + (1 - eps) * torch.exp(-F.softplus(self.decay) * ages)

    def of_kind(self, kinds: Int[Tensor, "*person event"]) -> Float[Tensor, "*person event"]:
        """c(kind); 1 for events without a kind (row -1)."""
        known = torch.cat([torch.ones(1), self.log_confidence.exp()])
        return of_items(known, kinds + 1)

    def is_refused(
        self, kinds: Int[np.ndarray, "*person event"]
    ) -> Bool[np.ndarray, "*person event"]:
        """True for the events that speak against their item."""
        return np.isin(kinds, self.refused)


class HeartNetwork(nn.Module):
    """Every learned number of one head of the model."""

    def __init__(
        self,
        features: FeatureNetwork,
        prior: PriorNetwork,
        confidence: ConfidenceNetwork,
        head: nn.Module,
        updater: ClosedFormNetwork | UpdaterNetwork,
    ) -> None:
        super().__init__()
        self.features = features
        self.prior = prior
        self.confidence = confidence
        self.head: Any = head
        self.updater = updater
        self.settled = False
        """Whether all scalars are known before training, as in a shop that comes from another."""

    def adapt(
        self,
        catalogue: TorchTerms,
        support: TorchSupport,
        profiles: Float[Tensor, "*person d_profile"] | None = None,
    ) -> TorchAdapted:
        """What is believed of each person after their support."""
        task = self._task(catalogue, support, profiles)
        with naming(support):
            return self.updater(task, catalogue.features, self.head)

    def distance(
        self,
        catalogue: TorchTerms,
        support: TorchSupport,
        profiles: Float[Tensor, "*person d_profile"] | None = None,
    ) -> Float[Tensor, ""]:
        """Half the mean squared distance from everyone's numbers to where supports lead them."""
        assert isinstance(self.updater, UpdaterNetwork)
        task = self._task(catalogue, support, profiles)
        with naming(support):
            return self.updater.distance(task, catalogue.features, self.head)

    def posterior(
        self,
        catalogue: TorchTerms,
        support: TorchSupport,
        profiles: Float[Tensor, "*person d_profile"] | None = None,
    ) -> TorchPosterior:
        """The posterior of each person after their support, in closed form."""
        task = self._task(catalogue, support, profiles)
        return ClosedFormNetwork()(task, catalogue.features, self.head)

    def _task(
        self,
        catalogue: TorchTerms,
        support: TorchSupport,
        profiles: Float[Tensor, "*person d_profile"] | None,
    ) -> TorchTask:
        head: TrainedHead = self.head
        return TorchTask(
            self.prior(profiles),
            head.prior_precision(catalogue.features),
            support.terms.features,
            head.targets(support),
            head.precisions(support),
        )

    @torch.no_grad()
    def begin(self, catalogue: TorchTerms) -> None:
        """Set what the updater knows before training by where the items start."""
        if isinstance(self.updater, UpdaterNetwork):
            self.updater.begin(catalogue.features, self.head.prior_precision(catalogue.features))

    def penalty(self, config: MetaConfig, n_events: int) -> Float[Tensor, ""]:
        """Prior of the learned weights, per event of the data."""
        told = config.content_decay * self.prior.M.square().sum()
        return self.features.penalty(config, n_events) + told

    def groups(self) -> list[dict[str, Any]]:
        """The parameters in groups for the optimiser, each with its pace: a factor on the rate.

        ν has a faster one: a score pulls far less on a spread than on a mean, and at the pace of
        all others ν would still be under way when early stopping ends the training.
        """
        noise = self.features.nu
        others = [weights for weights in self.parameters() if weights is not noise]
        return [{"params": others, "pace": 1.0}, {"params": [noise], "pace": NOISE_PACE}]


def new_network(
    n_items: int,
    blocks: Mapping[str, int],
    d_profile: int,
    kinds: int,
    config: MetaConfig,
    rng: torch.Generator,
    head: Any,
    refused: Sequence[int] = (),
) -> HeartNetwork:
    """The network of a head before training; `blocks` are the widths of the content's blocks, and
    of the `kinds` those `refused` are heard as speaking against their item."""
    return HeartNetwork(
        FeatureNetwork(n_items, blocks, config, rng, mean=head.mean),
        PriorNetwork(d_profile, config.n_features),
        ConfidenceNetwork(kinds, old=head.start_old, decay=head.start_decay, refused=refused),
        head,
        new_updater(config, n_items, head.landmarks, rng),
    )


def of_items(column: Float[Tensor, " row"], rows: Int[Tensor, "*event"]) -> Float[Tensor, "*event"]:
    """`column[rows]`, by embedding: the gradient of indexing is many times slower on a CPU, and
    sums in an order that depends on how threads meet."""
    return F.embedding(rows, column[:, None])[..., 0]
