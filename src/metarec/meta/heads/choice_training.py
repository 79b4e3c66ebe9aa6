"""How the choice head is learned: adapt on a part of a history, be judged on what came next.

Its losses, its start, and how it is judged and calibrated on validation stand in a file each.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from metarec.data.sampling import (
    RatingBatch,
    sample_prefix_batch,
    sample_rating_batch,
)
from metarec.meta.confidence import REFUSAL
from metarec.meta.config import MetaConfig
from metarec.meta.features.network import TorchTerms
from metarec.meta.heads.choice import ChoiceHead
from metarec.meta.heads.choice_losses import (
    ChoiceBatch,
    next_event_loss,
    other_events_loss,
    prefix_support,
    support_of,
)
from metarec.meta.heads.choice_start import (
    set_prior_mean,
    set_recency,
    set_refusals,
    set_slope,
    unheard_refusals,
)
from metarec.meta.heads.choice_validation import (
    cross_entropy,
    gains_of_lists,
    list_loss,
)
from metarec.meta.heart import Heart
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes, profiles_of
from metarec.meta.loops.steps import Sampler, Step
from metarec.meta.network import HeartNetwork, TorchSupport
from metarec.training.run import Run
from metarec.training.streams import Purpose, stream

SEARCH_PEOPLE, FEWEST_SEARCHED, SEARCH_SCORES = 500, 100, 50_000_000
"""Validation people that κ, ρ and ε are searched on; of a large catalogue fewer tell."""


class LearnedChoice(nn.Module):
    """The choice head while it is learned: κ, and the prior of "every item counts a little"."""

    hears_refusals = True
    """Whether events that speak against their item are support."""
    mean = 0.0
    """μ: a logit has no level."""
    start_old, start_decay = -2.0, -0.85
    """Where ε and ρ start: old events count little."""
    landmarks = 256
    """Items of which the prior asks that they keep their scores."""
    learns_spread = False
    """Whether the loss asks how sure the updater is."""

    def __init__(self) -> None:
        super().__init__()
        self.log_lambda = nn.Parameter(torch.zeros(()))
        self.log_alpha = nn.Parameter(torch.zeros(()))
        self.log_kappa = nn.Parameter(torch.tensor(1.0))

    def targets(self, support: TorchSupport) -> Float[Tensor, "*#person event"]:
        """1 of every event: it happened; `REFUSAL` of what speaks against its item."""
        ones = torch.ones_like(support.values)
        return ones if support.refused is None else ones.where(~support.refused, REFUSAL)

    def precisions(self, support: TorchSupport) -> Float[Tensor, "*person event"]:
        """The confidence itself."""
        return support.confidence

    def prior_precision(self, features: Float[Tensor, "item d+1"]) -> Float[Tensor, "d+1 d+1"]:
        """λI + αG, G the second moment of φ over the catalogue."""
        identity = torch.eye(features.shape[1], dtype=features.dtype)
        G = features.mT @ features / len(features)
        return self.log_lambda.exp() * identity + self.log_alpha.exp() * G

    def prior_scales(self) -> tuple[Tensor, Tensor]:
        """λ and α."""
        return self.log_lambda.exp(), self.log_alpha.exp()

    def sampler(self, inputs: Inputs, config: MetaConfig) -> Sampler[ChoiceBatch]:
        """Prefixes of histories where the age of an event counts, else random parts of them, which
        teach many times more in one step."""

        def sample(users: Int[np.ndarray, " person"], rng: np.random.Generator) -> ChoiceBatch:
            histories, most, targets = inputs.histories, config.max_events, inputs.targets
            if inputs.recency == "none":
                return sample_rating_batch(histories, users, rng, max_events=most, targets=targets)
            return sample_prefix_batch(
                histories,
                users,
                rng,
                max_events=most,
                prefixes=config.prefixes,
                targets=targets,
            )

        return sample

    def begin_as(self, heart: Heart) -> None:
        """Take κ, λ and α of a head that was learned."""
        assert isinstance(heart.head, ChoiceHead)
        assert heart.prior.scales is not None
        scalars = (self.log_kappa, self.log_lambda, self.log_alpha)
        for scalar, known in zip(scalars, (heart.head.kappa, *heart.prior.scales), strict=True):
            scalar.fill_(float(np.log(known)))

    def begin(
        self,
        network: HeartNetwork,
        inputs: Inputs,
        valid: PaddedEpisodes | None,
        config: MetaConfig,
        run: Run,
        first: Callable[[np.random.Generator], Step[ChoiceBatch]],
    ) -> None:
        """Where factors are the start, set the scalars that they do not tell.

        The start is judged with those that are best for validation, and training, which begins at
        others, must be better to be kept.
        """
        if config.start == "random":
            return
        untold = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        if valid is not None or not config.steps:
            set_prior_mean(network, inputs, config, stream(run.rng, Purpose.PRIOR_MEAN))
        if valid is not None:
            fitting = SEARCH_SCORES // len(inputs.counts)
            few = valid.first(min(SEARCH_PEOPLE, max(FEWEST_SEARCHED, fitting)))
            with unheard_refusals(network):
                set_recency(
                    network, lambda: list_loss(network, inputs, few, config), inputs.recency
                )
            set_refusals(network, lambda: gains_of_lists(network, inputs, few, config))
            set_slope(network, lambda: cross_entropy(network, inputs, few, config))
            run.judge(cross_entropy(network, inputs, valid, config))
        learned = config.steps and not config.items_stay
        if learned:
            network.load_state_dict(untold)
        if learned or valid is None:
            step = first(stream(run.rng, Purpose.SLOPE))

            def first_loss() -> float:
                terms = network.features(inputs.content, step.z, step.dropout)
                return self.loss(network, terms, step, inputs, config).item()

            set_slope(network, first_loss)

    def task(
        self,
        network: HeartNetwork,
        terms: TorchTerms,
        step: Step[ChoiceBatch],
        inputs: Inputs,
        config: MetaConfig,
    ) -> tuple[TorchSupport, Float[Tensor, "*person d_profile"] | None]:
        """All that people of a step did, or all up to some moments, and their profiles."""
        profiles, batch = profiles_of(inputs, step.users), step.batch
        if isinstance(batch, RatingBatch):
            whole = replace(batch, support_mask=batch.event_mask)
            return support_of(network, terms, whole, step, config), profiles
        support, _ = prefix_support(network, terms, batch, step, inputs, config)
        return support, None if profiles is None else profiles[:, None, :]

    def loss(
        self,
        network: HeartNetwork,
        terms: TorchTerms,
        step: Step[ChoiceBatch],
        inputs: Inputs,
        config: MetaConfig,
    ) -> Float[Tensor, ""]:
        """Cross-entropy over the catalogue of events outside the support.

        Items of the support do not compete and are not asked for, as they are not recommended. The
        gradient passes through what the updater does: a solve in closed form (R2-D2, Bertinetto et
        al. 2019), or steps. Its prior is that of implicit feedback (Hu, Koren and Volinsky 2008).
        """
        if isinstance(step.batch, RatingBatch):
            return other_events_loss(network, terms, step, step.batch, inputs, config)
        return next_event_loss(network, terms, step, step.batch, inputs, config)

    def judge(
        self, network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, config: MetaConfig
    ) -> float:
        """Cross-entropy of validation."""
        return cross_entropy(network, inputs, valid, config)

    def frozen(self, variance_factor: float) -> ChoiceHead:
        """The head as it serves."""
        return ChoiceHead(float(np.exp(self.log_kappa.item())), variance_factor)

    def calibrate(
        self,
        network: HeartNetwork,
        inputs: Inputs,
        valid: PaddedEpisodes | None,
        config: MetaConfig,
        rng: np.random.Generator,
    ) -> float:
        """NaN: how sure logits are is learned of the whole sum, where all its parts are known."""
        return float("nan")
