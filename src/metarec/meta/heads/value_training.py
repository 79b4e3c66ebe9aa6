"""How the value head is learned: its start, loss, judgement on validation and calibration.

Adapt on some ratings of a user, be judged on the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from metarec.data.sampling import RatingBatch, sample_rating_batch
from metarec.meta.config import MetaConfig
from metarec.meta.features.network import TorchTerms
from metarec.meta.heads.value import ValueHead
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes, profiles_of
from metarec.meta.loops.steps import Sampler, Step, query_weights
from metarec.meta.network import HeartNetwork, TorchSupport
from metarec.meta.recency import ages as ages_of
from metarec.meta.updaters.training import TorchAdapted
from metarec.metrics.proof import is_beyond_chance
from metarec.training.run import Run

PEOPLE_AT_ONCE = 512
PROOF = 2.0
"""Standard errors by which training must be ahead of the start."""
COVERAGE = 0.9
WIDTH = 1.6449
"""Standard deviations on either side of a Gaussian's mean that hold `COVERAGE` of it."""
LEAST_LEFT = 0.1
"""Share of τ² that calibration leaves at least."""
TRUST = 50
"""Validation events that the calibration factor 1 is worth beforehand."""


class LearnedValue(nn.Module):
    """The value head while it is learned; it has no weights of its own."""

    hears_refusals = False
    """A rating says itself how an item was liked."""
    start_old, start_decay = 2.0, -2.0
    """Where ε and ρ start: age hardly counts."""
    landmarks = 0
    """Items of which the prior asks that they keep their scores."""
    learns_spread = True
    """Whether the loss asks how sure the updater is."""

    def __init__(self, scale: tuple[float, float], mean: float) -> None:
        super().__init__()
        self.scale = scale
        self.mean = mean
        """μ: the mean rating of the training data."""

    def targets(self, support: TorchSupport) -> Float[Tensor, "*#person event"]:
        """The rating beyond the item's own level."""
        return support.values - support.terms.offsets

    def precisions(self, support: TorchSupport) -> Float[Tensor, "*person event"]:
        """Confidence over the item's noise."""
        return support.confidence / support.terms.noise

    def prior_precision(self, features: Float[Tensor, "item d+1"]) -> Float[Tensor, "d+1 d+1"]:
        """The identity: the scale of g is free, so a learned P would only rename it."""
        return torch.eye(features.shape[1], dtype=features.dtype)

    def prior_scales(self) -> tuple[Tensor, Tensor]:
        """1, and nothing of items."""
        return torch.ones(()), torch.zeros(())

    def begin(
        self,
        network: HeartNetwork,
        inputs: Inputs,
        valid: PaddedEpisodes | None,
        config: MetaConfig,
        run: Run,
        first: Callable[[np.random.Generator], Step[RatingBatch]],
    ) -> None:
        """Judge the start, which training must be better than to be kept."""
        if valid is not None and config.start != "random":
            run.judge(self.judge(network, inputs, valid, config))

    def sampler(self, inputs: Inputs, config: MetaConfig) -> Sampler[RatingBatch]:
        """Random parts of the histories of random users."""

        def sample(users: Int[np.ndarray, " person"], rng: np.random.Generator) -> RatingBatch:
            return sample_rating_batch(
                inputs.histories, users, rng, max_events=config.max_events, targets=inputs.targets
            )

        return sample

    def task(
        self,
        network: HeartNetwork,
        terms: TorchTerms,
        step: Step[RatingBatch],
        inputs: Inputs,
        config: MetaConfig,
    ) -> tuple[TorchSupport, Float[Tensor, "*person d_profile"] | None]:
        """All that people of a step rated, and their profiles."""
        whole = replace(step.batch, support_mask=step.batch.event_mask)
        support = support_of(network, terms, whole, inputs, step.drawn)
        return support, profiles_of(inputs, step.users)

    def loss(
        self,
        network: HeartNetwork,
        terms: TorchTerms,
        step: Step[RatingBatch],
        inputs: Inputs,
        config: MetaConfig,
    ) -> Float[Tensor, ""]:
        """CRPS of the query's ratings after the support.

        The gradient passes through what the updater does: a solve in closed form (ALPaCA, Harrison
        et al. 2018, section 4, with a likelihood), or steps.
        """
        return query_loss(network, terms, step, inputs, config)

    def judge(
        self, network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, config: MetaConfig
    ) -> float:
        """Absolute error, clamped to the rating scale."""
        return absolute_error(network, inputs, valid, self.scale)

    def settle(
        self,
        network: HeartNetwork,
        inputs: Inputs,
        valid: PaddedEpisodes,
        start: Mapping[str, Tensor],
        run: Run,
    ) -> None:
        """Leave the start only for what is better by `PROOF` standard errors over people: the best
        of many judgements looks better by chance alone."""
        if run.best_step == 0:
            return
        trained = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        after = absolute_errors(network, inputs, valid, self.scale)
        network.load_state_dict(start)
        gain = absolute_errors(network, inputs, valid, self.scale) - after
        if is_beyond_chance(gain, PROOF):
            network.load_state_dict(trained)
        else:
            run.back_to_start()

    def frozen(self, variance_factor: float) -> ValueHead:
        """The head as it serves."""
        return ValueHead(self.scale, variance_factor)

    def calibrate(
        self,
        network: HeartNetwork,
        inputs: Inputs,
        valid: PaddedEpisodes | None,
        config: MetaConfig,
        rng: np.random.Generator,
    ) -> float:
        """The factor on variances; 1 without validation."""
        return 1.0 if valid is None else calibrated(network, inputs, valid)


def query_loss(
    network: HeartNetwork,
    terms: TorchTerms,
    step: Step[RatingBatch],
    inputs: Inputs,
    config: MetaConfig,
) -> Float[Tensor, ""]:
    """Scaled CRPS of the batch's query events, weighed by `query_weights`."""
    weights = query_weights(step.batch.query_mask, config)
    losses = [
        events_loss(network, terms, part, step.users[rows], inputs, step.whose(rows))
        * weights[rows, : part.width]
        for rows, part in step.batch.by_length()
    ]
    return torch.stack([loss.sum() for loss in losses]).sum() / weights.sum()


def events_loss(
    network: HeartNetwork,
    terms: TorchTerms,
    batch: RatingBatch,
    users: Int[np.ndarray, " user"],
    inputs: Inputs,
    drawn: Int[np.ndarray, " user"] | None = None,
) -> Float[Tensor, "user event"]:
    """Scaled CRPS of every event of the batch after its user's support; `users` are rows of the
    profiles, and `drawn` those whose events these are."""
    support = support_of(network, terms, batch, inputs, drawn)
    adapted = network.adapt(terms, support, profiles_of(inputs, users))
    return crps(*predict(support.terms, adapted), support.values)


def support_of(
    network: HeartNetwork,
    terms: TorchTerms,
    batch: RatingBatch,
    inputs: Inputs,
    drawn: Int[np.ndarray, " user"] | None,
) -> TorchSupport:
    """What the events of each user's support say."""
    values = torch.from_numpy(batch.values).float()
    ages = training_ages(batch, inputs.recency)
    confidence = network.confidence.of_kind(torch.from_numpy(batch.kinds))
    if inputs.recency != "none":
        confidence = network.confidence.of_age(torch.from_numpy(ages).float()) * confidence
    own = terms.of(torch.from_numpy(batch.items))
    mask = torch.from_numpy(batch.support_mask)
    return TorchSupport(own, values, confidence * mask, users=drawn)


def crps(
    mean: Float[Tensor, "*event"],
    variance: Float[Tensor, "*event"],
    values: Float[Tensor, "*event"],
) -> Float[Tensor, "*event"]:
    """√π times the continuous ranked probability score of a Gaussian forecast.

    σ (z (2Φ(z) − 1) + 2φ(z) − 1/√π) with z = (y − mean) / σ (Gneiting and Raftery 2007, eq. 21), a
    proper score like the likelihood. Ratings are skewed: their mean is not what is least wrong, and
    here a rating far off pulls no harder than in the absolute error. The factor brings the
    curvature at the mean near the likelihood's (√2/σ against 1/σ²), for which penalties are set.
    """
    std = variance.sqrt()
    z = (values - mean) / std
    inside = torch.erf(z / np.sqrt(2))  # 2Φ(z) − 1
    density = torch.exp(-0.5 * z.square()) / np.sqrt(2 * np.pi)
    return np.sqrt(np.pi) * std * (z * inside + 2 * density) - std


def training_ages(batch: RatingBatch, recency: str) -> Float[np.ndarray, "user event"]:
    """Ages of the support events; a rating episode has random order, so only clocks can tell."""
    places = np.zeros(batch.items.shape, dtype=np.int64)
    return ages_of(batch.times, places, batch.support_mask, recency)


def predict(
    asked: TorchTerms, adapted: TorchAdapted
) -> tuple[Float[Tensor, "person item"], Float[Tensor, "person item"]]:
    """Expected rating and predictive variance of each person's own items."""
    mean = asked.offsets + adapted.scores(asked.features)
    return mean, adapted.variance(asked.features) + asked.unsure + asked.noise


@torch.no_grad()
def predict_episodes(
    network: HeartNetwork, inputs: Inputs, episodes: PaddedEpisodes
) -> tuple[Float[np.ndarray, "person query"], Float[np.ndarray, "person query"]]:
    """Expected rating and predictive variance of every query item of fixed episodes."""
    terms = network.features(inputs.content, inputs.touched)
    means, variances = [], []
    for start in range(0, len(episodes.items), PEOPLE_AT_ONCE):
        part = slice(start, start + PEOPLE_AT_ONCE)
        recency = network.confidence.of_age(torch.from_numpy(episodes.ages[part]).float())
        kinds = network.confidence.of_kind(torch.from_numpy(episodes.kinds[part]))
        confidence = recency * kinds if inputs.recency != "none" else kinds
        support = TorchSupport(
            terms.of(torch.from_numpy(episodes.items[part])),
            torch.from_numpy(episodes.values[part]).float(),
            confidence * torch.from_numpy(episodes.mask[part]),
        )
        adapted = network.adapt(terms, support, profiles_of(inputs, episodes.profile_rows[part]))
        asked = terms.of(torch.from_numpy(episodes.query_items[part]))
        mean, variance = predict(asked, adapted)
        means.append(mean.numpy())
        variances.append(variance.numpy())
    return np.concatenate(means), np.concatenate(variances)


def absolute_error(
    network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, scale: tuple[float, float]
) -> float:
    """Mean over episodes of the mean absolute error of the clamped prediction."""
    return float(absolute_errors(network, inputs, valid, scale).mean())


def absolute_errors(
    network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, scale: tuple[float, float]
) -> Float[np.ndarray, " person"]:
    """The mean absolute error of the clamped prediction in each episode."""
    mean, _ = predict_episodes(network, inputs, valid)
    error = np.abs(np.clip(mean, *scale) - valid.query_values)
    return per_person(error, valid.query_mask)


@torch.no_grad()
def calibrated(network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes) -> float:
    """The factor on all variances, and τ² set beside it, so that 90 % intervals hold 90 %.

    The factor is that of items with events; τ² makes up for what untouched items need beside it.
    One factor for both would follow whichever of them validation has more of.
    """
    mean, variance = predict_episodes(network, inputs, valid)
    mask = valid.query_mask
    known = inputs.touched.numpy()[valid.query_items] > 0
    z2 = (valid.query_values - mean) ** 2 / variance
    factor = interval_factor(z2, mask & known, 1.0)
    untouched = mask & ~known
    if untouched.any():
        wanted = interval_factor(z2, untouched, factor) / factor - 1
        more = wanted * float(variance[untouched].mean())
        bias = network.features.tau.bias
        own = float(torch.nn.functional.softplus(bias))
        bias.fill_(float(np.log(np.expm1(max(own + more, LEAST_LEFT * own)))))
    return factor


def interval_factor(
    z2: Float[np.ndarray, "person query"],
    asked: Bool[np.ndarray, "person query"],
    beforehand: float,
) -> float:
    """The factor on variances with which central 90 % intervals hold 90 % of what is asked.

    `z2` are squared errors over variances; each person weighs alike. As in split conformal
    prediction (Lei et al. 2018, section 5.2, the predictive standard deviation as the scale), but
    by the plain quantile and on the validation that also stopped the training, so without the
    guarantee. Ratings are bounded and have lighter tails than a Gaussian of the same variance,
    whose intervals would hold more. Drawn towards `beforehand` as if `TRUST` more events had
    agreed with it, so that a handful of validation events cannot make the intervals absurd.
    """
    n = int(asked.sum())
    if not n:
        return beforehand
    weight = (asked / np.maximum(asked.sum(axis=1, keepdims=True), 1))[asked]
    ratios = z2[asked]
    order = np.argsort(ratios)
    covered = np.cumsum(weight[order]) / weight.sum()
    factor = float(ratios[order][np.searchsorted(covered, COVERAGE)]) / WIDTH**2
    return (n * factor + TRUST * beforehand) / (n + TRUST)


def per_person(
    values: Float[np.ndarray, "person query"], mask: Bool[np.ndarray, "person query"]
) -> Float[np.ndarray, " person"]:
    """Mean of each person's real entries; people without any are left out."""
    counts = mask.sum(axis=1)
    sums = (values * mask).sum(axis=1)
    return sums[counts > 0] / counts[counts > 0]
