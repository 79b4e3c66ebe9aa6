"""Updaters while they are learned, in PyTorch: the closed form, and those of a network.

What an updater computes stands in its own file; here its numbers are parameters.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from metarec.contracts.pieces import pieces
from metarec.meta.config import MetaConfig
from metarec.meta.updaters import UPDATERS
from metarec.meta.updaters.closed_form import ClosedForm
from metarec.meta.updaters.decision import LAYERS, Decision, relu
from metarec.meta.updaters.exploded import Exploded
from metarec.meta.updaters.inner_loop import InnerLoop
from metarec.meta.updaters.network_updater import NetworkUpdater, joined
from metarec.meta.updaters.task import Task
from metarec.posterior.differentiable import TorchPosterior, condition_on

CELLS_AT_ONCE = 2**24
"""Numbers of one kind held at once while people are adapted in training (64 MB, some tens of which
the way back needs). More are forgotten, and computed again (Chen et al. 2016): that takes a third
more time."""


class TorchAdapted(Protocol):
    """What is believed of a batch of people, while it is learned."""

    def scores(self, features: Float[Tensor, "*person item d"]) -> Float[Tensor, "*person item"]:
        """φᵀw, or what stands in its place, of each person's own items."""
        ...

    def scores_of_all(self, features: Float[Tensor, "item d"]) -> Float[Tensor, "*person item"]:
        """The same of the items of the catalogue, for everyone."""
        ...

    def factors(
        self, features: Float[Tensor, "item d"]
    ) -> tuple[Float[Tensor, "*person k"], Float[Tensor, "item k"]] | None:
        """Vectors of people and of items whose inner products these are; None where there are
        none."""
        ...

    def variance(self, features: Float[Tensor, "*person item d"]) -> Float[Tensor, "*person item"]:
        """How unsure that is of each person's own items."""
        ...


@dataclass(frozen=True, eq=False)
class TorchTask:
    """What an updater reads: a prior, and what padded events say."""

    mean: Float[Tensor, "*#person d"]
    precision: Float[Tensor, "d d"]
    features: Float[Tensor, "*#person event d"]
    targets: Float[Tensor, "*#person event"]
    precisions: Float[Tensor, "*person event"]


class ClosedFormNetwork(nn.Module):
    """The posterior by a solve; it has no numbers of its own."""

    def forward(
        self, task: TorchTask, catalogue: Float[Tensor, "item d"], head: Any
    ) -> TorchPosterior:
        """N(w̄, A⁻¹) of each person."""
        return condition_on(task.mean, task.precision, task.features, task.targets, task.precisions)

    def facts(self) -> dict[str, Any]:
        """Nothing that is not as usual."""
        return {}

    def frozen(self, catalogue: Float[np.ndarray, "item d"], head: Any) -> ClosedForm:
        """The updater as it serves."""
        return ClosedForm()


@dataclass(frozen=True, eq=False)
class TorchDecision:
    """The decision of each person of a batch, and the variance of what it says."""

    decision: Decision
    spread: Float[Tensor, "*person"]

    def scores(self, features: Float[Tensor, "*person item d"]) -> Float[Tensor, "*person item"]:
        """f of each person's own items."""
        return self.decision.scores(features)

    def scores_of_all(self, features: Float[Tensor, "item d"]) -> Float[Tensor, "*person item"]:
        """f of the items of the catalogue, for everyone."""
        return self.decision.scores_of_all(features)

    def of(self, part: slice) -> "TorchDecision":
        """Those of some of the people, all in one row."""
        v, A, q = (
            numbers.flatten(0, -1 - own)[part]
            for numbers, own in zip(
                (self.decision.v, self.decision.A, self.decision.q), (1, 2, 1), strict=True
            )
        )
        return TorchDecision(Decision(v, A, q), self.spread.flatten()[part])

    def factors(
        self, features: Float[Tensor, "item d"]
    ) -> tuple[Float[Tensor, "*person k"], Float[Tensor, "item k"]] | None:
        """What is said of hidden units that are one for all, beside that of features."""
        v, A, q = self.decision.v, self.decision.A, self.decision.q
        if A.ndim > 2:
            return None
        return torch.cat([v, q], -1), torch.cat([features, relu(features @ A.mT)], -1)

    def variance(self, features: Float[Tensor, "*person item d"]) -> Float[Tensor, "*person item"]:
        """v₀ / (1 + Σ_j b_j / n₀), of every item alike."""
        return self.spread[..., None].expand(features.shape[:-1])


class UpdaterNetwork(nn.Module):
    """An updater of a decision network: its numbers, v₀ and n₀ of its variance, and landmarks."""

    def __init__(
        self, kind: type[NetworkUpdater], d: int, n_items: int, n_landmarks: int, loop: InnerLoop,
        rng: torch.Generator,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kind, self.d, self.loop = kind, d, loop

        def draw(*shape: int) -> Float[np.ndarray, "..."]:
            return torch.randn(*shape, generator=rng).numpy()

        numbers = kind.begin(d, loop, draw)
        self.numbers = nn.ParameterDict(
            {name: nn.Parameter(torch.from_numpy(told).float()) for name, told in numbers.items()}
        )
        self.log_v = nn.Parameter(torch.zeros(()))
        self.log_n = nn.Parameter(torch.zeros(()))
        self.landmarks: Tensor  # rows of the catalogue
        some = torch.randperm(n_items, generator=rng)[:n_landmarks].sort().values
        self.register_buffer("landmarks", some)

    @torch.no_grad()
    def begin(self, catalogue: Float[Tensor, "item d"], precision: Float[Tensor, "d d"]) -> None:
        """Set v₀ to the prior's mean variance φᵀP⁻¹φ, and n₀ to 1/v₀, as of one item alone."""
        variance = (torch.linalg.solve(precision, catalogue.mT).mT * catalogue).sum(-1).mean()
        self.log_v.fill_(torch.log(variance))
        self.log_n.fill_(-torch.log(variance))

    def forward(
        self, task: TorchTask, catalogue: Float[Tensor, "item d"], head: Any
    ) -> TorchDecision:
        """The decision of each person."""
        updater, whole = self._opened(task, catalogue, head.prior_scales())
        spread = self.log_v.exp() / (1 + task.precisions.sum(-1) / self.log_n.exp())
        n, *others, n_events = task.precisions.shape
        parts = list(pieces(n, updater.width(n_events) * math.prod(others), CELLS_AT_ONCE))
        if len(parts) < 2:
            return TorchDecision(updater.decide(whole).decision(whole.whitening), spread)

        def of_some(part: slice) -> Decision:
            try:
                return updater.decide(whole.some(part)).decision(whole.whitening)
            except Exploded as error:
                error.person += part.start
                raise

        told = [
            checkpoint(of_some, part, use_reentrant=False, preserve_rng_state=False)
            for part in parts
        ]
        return TorchDecision(joined(torch, told), spread)

    def distance(
        self, task: TorchTask, catalogue: Float[Tensor, "item d"], head: Any
    ) -> Float[Tensor, ""]:
        """½ mean ‖θ − θ_u‖² over people, whose gradient is the mean of θ − θ_u: θ_u, where their
        events lead, counts as a plain number, and so do the coordinates of both."""
        ridge, pull = head.prior_scales()
        updater, whole = self._opened(task, catalogue, (ridge.detach(), pull.detach()))
        start = updater.theta(whole)
        with torch.no_grad():
            reached = updater.decide(whole)
        gaps = [(getattr(start, layer) - getattr(reached, layer)) ** 2 for layer in LAYERS]
        return 0.5 * sum(gap.sum() for gap in gaps) / math.prod(task.precisions.shape[:-1])

    def _opened(
        self, task: TorchTask, catalogue: Float[Tensor, "item d"], scales: tuple[Tensor, Tensor]
    ) -> tuple[NetworkUpdater, Task]:
        """The updater with its numbers as they are now, and what it is to read."""
        landmarks = catalogue[self.landmarks]
        whole = Task.of(
            torch, task.mean, task.features, task.targets, task.precisions, landmarks, scales
        )
        return self.kind(dict(self.numbers), landmarks, scales, self.loop), whole

    def facts(self) -> dict[str, Any]:
        """Its name, and how many numbers are a person's own."""
        n = self.kind.adapted_numbers(self.d, self.loop)
        return {"updater": self.kind.__name__, "adapted_numbers": n}

    @torch.no_grad()
    def frozen(self, catalogue: Float[np.ndarray, "item d"], head: Any) -> NetworkUpdater:
        """The updater as it serves."""
        ridge, pull = (float(scale) for scale in head.prior_scales())
        v, n = (float(log.double().exp()) for log in (self.log_v, self.log_n))
        return self.kind(
            {name: told.double().numpy() for name, told in self.numbers.items()},
            catalogue[self.landmarks.numpy()],
            (ridge, pull),
            self.loop,
            (v if head.learns_spread else float("nan"), n),
        )


def new_updater(
    config: MetaConfig, n_items: int, n_landmarks: int, rng: torch.Generator
) -> ClosedFormNetwork | UpdaterNetwork:
    """The updater of these settings before training."""
    kind: Any = UPDATERS[config.updater]
    if kind is ClosedForm:
        return ClosedFormNetwork()
    return UpdaterNetwork(kind, config.n_features + 1, n_items, n_landmarks, config.loop, rng)
