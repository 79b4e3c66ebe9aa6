"""How the choice head is learned: its start, loss, judgement on validation and calibration.

Adapt on a part of a history, be judged on what came next or on the rest.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from metarec.contracts import Episodes
from metarec.data.sampling import (
    PrefixBatch,
    RatingBatch,
    sample_prefix_batch,
    sample_rating_batch,
)
from metarec.meta.confidence import value_confidence
from metarec.meta.config import MetaConfig
from metarec.meta.features.network import TorchTerms
from metarec.meta.heads.choice import ChoiceHead
from metarec.meta.heads.value_training import per_person
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes, pad_episodes, profiles_of
from metarec.meta.loops.steps import Sampler, Step, query_weights, torch_seed
from metarec.meta.network import HeartNetwork, TorchSupport
from metarec.meta.recency import ages as ages_of
from metarec.posterior.differentiable import TorchPosterior
from metarec.training.run import Run
from metarec.training.streams import Purpose, stream

ChoiceBatch = PrefixBatch | RatingBatch
"""Prefixes of histories where the age of an event counts, else random parts of them."""
PEOPLE_AT_ONCE = 256
HALF_LIVES: dict[str, tuple[float, ...]] = {
    "none": (),
    "place": (0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0),
    "clock": (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0),
}
"""Where ρ may be set, as the age at which an event counts half: events, or days."""
FLOORS = (0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 0.95)
"""Where ε may be set; with the last, age hardly counts."""
MEAN_SHARE = 0.1
"""What of people's mean weights m is where training does not learn it."""
MEAN_PEOPLE = 1000
SEARCH_PEOPLE = 1000
"""Validation people that κ, ρ and ε are searched on."""
CALIBRATION_DRAWS = 32
CALIBRATION_PEOPLE = 512
LEAST_QUERIES = 50
"""With fewer validation events the scalar would be a guess, and stds stay NaN."""


class LearnedChoice(nn.Module):
    """The choice head while it is learned: κ, and the prior of "every item counts a little"."""

    mean = 0.0
    """μ: a logit has no level."""
    start_old, start_decay = -2.0, -0.85
    """Where ε and ρ start: old events count little."""

    def __init__(self) -> None:
        super().__init__()
        self.log_lambda = nn.Parameter(torch.zeros(()))
        self.log_alpha = nn.Parameter(torch.zeros(()))
        self.log_kappa = nn.Parameter(torch.tensor(1.0))

    def targets(self, support: TorchSupport) -> Float[Tensor, "*#person event"]:
        """1 of every event: it happened."""
        return torch.ones_like(support.values)

    def precisions(self, support: TorchSupport) -> Float[Tensor, "*person event"]:
        """The confidence itself."""
        return support.confidence

    def prior_precision(self, features: Float[Tensor, "item d+1"]) -> Float[Tensor, "d+1 d+1"]:
        """λI + αG, G the second moment of φ over the catalogue."""
        identity = torch.eye(features.shape[1], dtype=features.dtype)
        G = features.mT @ features / len(features)
        return self.log_lambda.exp() * identity + self.log_alpha.exp() * G

    def sampler(self, inputs: Inputs, config: MetaConfig) -> Sampler[ChoiceBatch]:
        """Prefixes of histories where the age of an event counts, else random parts of them, which
        teach many times more in one step."""

        def sample(users: Int[np.ndarray, " person"], rng: np.random.Generator) -> ChoiceBatch:
            histories, most = inputs.histories, config.max_events
            if inputs.recency == "none":
                return sample_rating_batch(histories, users, rng, max_events=most)
            return sample_prefix_batch(
                histories, users, rng, max_events=most, prefixes=config.prefixes
            )

        return sample

    def begin(
        self,
        network: HeartNetwork,
        inputs: Inputs,
        valid: PaddedEpisodes | None,
        config: MetaConfig,
        run: Run,
        first: Callable[[np.random.Generator], Step[ChoiceBatch]],
    ) -> None:
        """Where factors are the start, set what they do not tell: κ; without steps, all scalars."""
        if config.start == "random":
            return
        if config.steps == 0:
            set_prior_mean(network, inputs, config, stream(run.rng, Purpose.PRIOR_MEAN))
        if config.steps or valid is None:
            step = first(stream(run.rng, Purpose.SLOPE))

            def first_loss() -> float:
                terms = network.features(inputs.content, step.z, step.dropout)
                return self.loss(network, terms, step, inputs, config).item()

            set_slope(network, first_loss)
        else:
            few = valid.first(SEARCH_PEOPLE)
            set_recency(network, lambda: list_loss(network, inputs, few, config), inputs.recency)
            set_slope(network, lambda: cross_entropy(network, inputs, few, config))
            run.judge(cross_entropy(network, inputs, valid, config))

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
        gradient passes through the closed-form solve (R2-D2, Bertinetto et al. 2019), whose prior
        is that of implicit feedback (Hu, Koren and Volinsky 2008).
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
        """The factor on variances; NaN without validation."""
        if valid is None:
            return float("nan")
        return draw_scale(network, inputs, valid, config, rng) ** 2


@torch.no_grad()
def set_prior_mean(
    network: HeartNetwork, inputs: Inputs, config: MetaConfig, rng: np.random.Generator
) -> None:
    """Set m to a tenth of people's mean weights: who has no event yet is shown what many like.

    Training learns m; without it all items would score alike. The whole mean is what softmax
    would have, but it costs those with events: on MovieLens-100k NDCG@10 of validation falls from
    0.118 to 0.107, and not at all with a tenth.
    """
    n = min(MEAN_PEOPLE, len(inputs.users))
    some = inputs.histories.take(np.sort(rng.choice(inputs.users, n, replace=False)))
    nothing = some.keep(np.zeros(len(some.items), dtype=bool))
    people = pad_episodes(Episodes(some, nothing), inputs.recency, {}, inputs.histories.kind_names)
    network.prior.m.zero_()
    total = torch.zeros_like(network.prior.m)
    for start in range(0, n, PEOPLE_AT_ONCE):
        part = slice(start, start + PEOPLE_AT_ONCE)
        total += adapt_episodes(network, inputs, people, part, config)[1].mean.sum(dim=0)
    network.prior.m.copy_(MEAN_SHARE * total / n)


@torch.no_grad()
def set_slope(network: HeartNetwork, loss: Callable[[], float]) -> None:
    """Set κ where `loss` is least: features that are not random have a scale already."""
    slopes = np.log(np.geomspace(1.0, 300.0, 13))
    set_to_least([network.head.log_kappa], [[slope] for slope in slopes], loss)


@torch.no_grad()
def set_recency(network: HeartNetwork, loss: Callable[[], float], recency: str) -> None:
    """Set ρ and ε where `loss` is least, if the age of an event is to be weighed."""
    decays = np.log(np.expm1(np.log(2) / np.array(HALF_LIVES[recency])))
    floors = np.log(np.array(FLOORS) / (1 - np.array(FLOORS)))
    if len(decays):
        both = list(itertools.product(decays, floors))
        set_to_least([network.confidence.decay, network.confidence.old], both, loss)


def set_to_least(
    scalars: Sequence[Tensor], grid: Sequence[Sequence[float]], loss: Callable[[], float]
) -> None:
    """Set the scalars to the place of the grid where `loss` is least."""
    losses = []
    for numbers in grid:
        _fill(scalars, numbers)
        losses.append(loss())
    _fill(scalars, grid[int(np.nanargmin(losses))])


def _fill(scalars: Sequence[Tensor], numbers: Sequence[float]) -> None:
    for scalar, number in zip(scalars, numbers, strict=True):
        scalar.fill_(float(number))


def other_events_loss(
    network: HeartNetwork,
    terms: TorchTerms,
    step: Step[ChoiceBatch],
    batch: RatingBatch,
    inputs: Inputs,
    config: MetaConfig,
) -> Float[Tensor, ""]:
    """Cross-entropy of the events outside each user's support, weighed by `query_weights`."""
    items = torch.from_numpy(batch.items)
    support_mask = torch.from_numpy(batch.support_mask)
    values = torch.from_numpy(value_confidence(batch.values, config.value_weight)).float()
    confidence = network.confidence.of_kind(torch.from_numpy(batch.kinds)) * values * support_mask
    support = TorchSupport(terms.of(items), torch.zeros(items.shape), confidence)
    posterior = network.adapt(terms, support, profiles_of(inputs, step.users))
    logits = logits_of(network, terms, posterior)
    seen = seen_before(items, support_mask, logits.shape[1])
    asked = torch.from_numpy(batch.query_mask) & ~seen.gather(1, items)
    log_p = torch.log_softmax(logits.masked_fill(seen, -torch.inf), dim=1)
    taken = torch.where(asked, log_p.gather(1, items), 0.0)
    weight = query_weights(asked.numpy(), config)
    return -(taken * weight).sum() / weight.sum().clamp(min=1e-12)


def next_event_loss(
    network: HeartNetwork,
    terms: TorchTerms,
    step: Step[ChoiceBatch],
    batch: PrefixBatch,
    inputs: Inputs,
    config: MetaConfig,
) -> Float[Tensor, ""]:
    """Mean cross-entropy of the events at the batch's positions, each after its own prefix."""
    n_prefixes = batch.positions.shape[1]
    before, ages = prefix_supports(batch, inputs.recency)
    confidence = value_confidence(batch.values, config.value_weight)
    weights = network.confidence.of_age(torch.from_numpy(ages).float())
    weights = weights * network.confidence.of_kind(torch.from_numpy(batch.kinds))[:, None, :]
    weights = weights * torch.from_numpy(before * confidence[:, None, :]).float()
    items = torch.from_numpy(batch.items)[:, None, :]  # (user, 1, event): all prefixes share them
    support = TorchSupport(terms.of(items), torch.zeros(items.shape), weights)
    profiles = profiles_of(inputs, step.users)
    posterior = network.adapt(terms, support, None if profiles is None else profiles[:, None, :])
    # (user, prefix, item) -> (user · prefix, item): from here each prefix is a person of its own
    logits = logits_of(network, terms, posterior).flatten(0, 1)
    target = torch.from_numpy(np.take_along_axis(batch.items, batch.positions, 1)).flatten()
    shared = items.expand(-1, n_prefixes, -1).flatten(0, 1)
    seen = seen_before(shared, torch.from_numpy(before).flatten(0, 1), logits.shape[1])
    asked = torch.from_numpy(batch.position_mask).flatten() & ~seen.gather(1, target[:, None])[:, 0]
    seen[torch.arange(len(target)), target] = False  # a loss that does not count must be finite too
    losses = torch.nn.functional.cross_entropy(
        logits.masked_fill(seen, -torch.inf), target, reduction="none"
    )
    return (losses * asked).sum() / asked.sum().clamp(min=1)


def prefix_supports(
    batch: PrefixBatch, recency: str
) -> tuple[Bool[np.ndarray, "user prefix event"], Float[np.ndarray, "user prefix event"]]:
    """Which events come before each position, and how old they are there."""
    places = np.arange(batch.items.shape[1])
    before = batch.event_mask[:, None, :] & (places < batch.positions[..., None])
    return before, ages_of(batch.times[:, None, :], places, before, recency)


def logits_of(
    network: HeartNetwork, terms: TorchTerms, posterior: TorchPosterior
) -> Float[Tensor, "*person item"]:
    """κ φᵀw̄ + o over the whole catalogue."""
    return network.head.log_kappa.exp() * (posterior.mean @ terms.features.mT) + terms.offsets


def seen_before(
    items: Int[Tensor, "person event"], real: Bool[Tensor, "person event"], n_items: int
) -> Bool[Tensor, "person item"]:
    """True for the items of each person's support."""
    seen = torch.zeros(len(items), n_items + 1, dtype=torch.bool)
    seen.scatter_(1, torch.where(real, items, n_items), True)  # padding falls off the end
    return seen[:, :-1].contiguous()


def cross_entropy(
    network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, config: MetaConfig
) -> float:
    """Mean over episodes of the mean cross-entropy of their query events."""
    return mean_over_people(network, inputs, valid, config, query_entropy)


def list_loss(
    network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, config: MetaConfig
) -> float:
    """1 minus the mean NDCG of the whole catalogue as a list (Järvelin and Kekäläinen 2002).

    Without a cut-off every rank counts, so that few people are enough to tell.
    """
    return 1 - mean_over_people(network, inputs, valid, config, ndcg_of_all)


@torch.no_grad()
def mean_over_people(
    network: HeartNetwork,
    inputs: Inputs,
    valid: PaddedEpisodes,
    config: MetaConfig,
    measure: Callable[..., Float[np.ndarray, " person"]],
) -> float:
    """Mean of `measure(logits, seen, valid, part)` over the people of all parts of `valid`."""
    values = []
    for start in range(0, len(valid.items), PEOPLE_AT_ONCE):
        part = slice(start, start + PEOPLE_AT_ONCE)
        terms, posterior, seen = adapt_episodes(network, inputs, valid, part, config)
        values.append(measure(logits_of(network, terms, posterior), seen, valid, part))
    return float(np.concatenate(values).mean())


def ndcg_of_all(
    logits: Float[Tensor, "person item"],
    seen: Bool[Tensor, "person item"],
    valid: PaddedEpisodes,
    part: slice,
) -> Float[np.ndarray, " person"]:
    """NDCG without a cut-off of each person who has a query; `seen` items come last."""
    order = logits.masked_fill(seen, -torch.inf).argsort(dim=1, descending=True, stable=True)
    ranks = torch.empty_like(order)
    ranks.scatter_(1, order, torch.arange(order.shape[1]).expand_as(order))
    mask = valid.query_mask[part]
    found = ranks.gather(1, torch.from_numpy(valid.query_items[part])).numpy()
    gained = (mask / np.log2(2.0 + found)).sum(axis=1)
    best = np.cumsum(1 / np.log2(2.0 + np.arange(mask.shape[1])))
    n = mask.sum(axis=1)
    return gained[n > 0] / best[n[n > 0] - 1]


def adapt_episodes(
    network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, part: slice, config: MetaConfig
) -> tuple[TorchTerms, TorchPosterior, Bool[Tensor, "person item"]]:
    """The posteriors of fixed episodes, and which items do not compete for each person."""
    terms = network.features(inputs.content, inputs.touched)
    items, mask = torch.from_numpy(valid.items[part]), torch.from_numpy(valid.mask[part])
    values = value_confidence(valid.values[part], config.value_weight)
    confidence = network.confidence.of_age(torch.from_numpy(valid.ages[part]).float())
    confidence = confidence * network.confidence.of_kind(torch.from_numpy(valid.kinds[part]))
    confidence = confidence * mask * torch.from_numpy(values).float()
    support = TorchSupport(terms.of(items), torch.zeros(items.shape), confidence)
    posterior = network.adapt(terms, support, profiles_of(inputs, valid.profile_rows[part]))
    out = seen_before(items, mask, len(terms.features))
    if valid.candidates is not None:
        out |= torch.from_numpy(~valid.candidates)
    return terms, posterior, out


def query_entropy(
    logits: Float[Tensor, "person item"],
    seen: Bool[Tensor, "person item"],
    valid: PaddedEpisodes,
    part: slice,
) -> Float[np.ndarray, " person"]:
    """Mean cross-entropy of each person's query events; their own support does not compete."""
    asked = torch.from_numpy(valid.query_items[part])
    mask = valid.query_mask[part]
    log_p = torch.log_softmax(logits.masked_fill(competing(seen, asked, mask), -torch.inf), dim=1)
    taken = torch.where(torch.from_numpy(mask), log_p.gather(1, asked), 0.0)
    return per_person(-taken.double().numpy(), mask)


def competing(
    seen: Bool[Tensor, "person item"],
    asked: Int[Tensor, "person query"],
    mask: Bool[np.ndarray, "person query"],
) -> Bool[Tensor, "person item"]:
    """`seen` without the items that are asked for, which may lie outside the candidates."""
    real = torch.from_numpy(mask)
    blocked = seen.clone()
    rows = torch.arange(len(asked))[:, None].expand_as(asked)[real]
    blocked[rows, asked[real]] = False
    return blocked


@torch.no_grad()
def draw_scale(
    network: HeartNetwork,
    inputs: Inputs,
    valid: PaddedEpisodes,
    config: MetaConfig,
    rng: np.random.Generator,
) -> float:
    """The factor on posterior standard deviations that makes validation most likely.

    The softmax of the mean says nothing of the spread of w; the log of the mean softmax over draws
    w̄ + s L⁻ᵀε does. One scalar s is chosen on a grid, with common draws; NaN where validation is
    too small to choose.
    """
    if valid.query_mask.sum() < LEAST_QUERIES:
        return float("nan")
    part = slice(0, CALIBRATION_PEOPLE)
    terms, posterior, seen = adapt_episodes(network, inputs, valid, part, config)
    noise = torch.randn(CALIBRATION_DRAWS, *posterior.mean.shape, generator=torch_seed(rng))
    moved = torch.linalg.solve_triangular(
        posterior.factor.mT, noise.permute(1, 2, 0), upper=True
    )  # (person, d, draw)
    asked, mask = torch.from_numpy(valid.query_items[part]), valid.query_mask[part]
    seen = competing(seen, asked, mask)
    best, best_loss = 1.0, np.inf
    for scale in np.geomspace(0.02, 5.0, 15):
        log_p = []
        for draw in range(CALIBRATION_DRAWS):
            weights = posterior.mean + float(scale) * moved[..., draw]
            logits = network.head.log_kappa.exp() * (weights @ terms.features.mT) + terms.offsets
            log_p.append(
                torch.log_softmax(logits.masked_fill(seen, -torch.inf), 1).gather(1, asked)
            )
        mixed = torch.logsumexp(torch.stack(log_p), 0) - np.log(CALIBRATION_DRAWS)
        losses = torch.where(torch.from_numpy(mask), mixed, 0.0).double().numpy()
        loss = float(per_person(-losses, mask).mean())
        if loss < best_loss:
            best, best_loss = float(scale), loss
    return best
