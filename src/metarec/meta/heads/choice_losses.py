"""What the choice head loses: the cross-entropy of what a person took next, or took beside."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from metarec.data.sampling import (
    PrefixBatch,
    RatingBatch,
)
from metarec.meta.confidence import value_confidence
from metarec.meta.config import MetaConfig
from metarec.meta.features.network import TorchTerms
from metarec.meta.heads.catalogue_entropy import Pairs, catalogue_entropy, entropy_of_logits
from metarec.meta.loops.episodes import Inputs, profiles_of
from metarec.meta.loops.steps import Step, query_weights
from metarec.meta.network import HeartNetwork, TorchSupport
from metarec.meta.recency import ages as ages_of
from metarec.meta.refusals import places_among
from metarec.meta.updaters.training import TorchAdapted, TorchDecision

ChoiceBatch = PrefixBatch | RatingBatch
"""Prefixes of histories where the age of an event counts, else random parts of them."""


def other_events_loss(
    network: HeartNetwork,
    terms: TorchTerms,
    step: Step[ChoiceBatch],
    batch: RatingBatch,
    inputs: Inputs,
    config: MetaConfig,
) -> Float[Tensor, ""]:
    """Cross-entropy of the events outside each user's support, weighed by `query_weights`."""
    support = support_of(network, terms, batch, step, config)
    adapted = network.adapt(terms, support, profiles_of(inputs, step.users))
    items = torch.from_numpy(batch.items)
    refused = network.confidence.is_refused(batch.kinds)
    had = torch.from_numpy(batch.support_mask & (batch.target_mask | refused))
    seen = seen_before(items, had, len(terms.features))
    asked = torch.from_numpy(batch.query_mask) & ~seen.gather(1, items)
    rows, columns = seen.nonzero().unbind(1)
    weight = query_weights(asked.numpy(), config)
    loss = entropy_of(network, terms, adapted, (rows, columns), items, weight)
    return loss / weight.sum().clamp(min=1e-12)


def next_event_loss(
    network: HeartNetwork,
    terms: TorchTerms,
    step: Step[ChoiceBatch],
    batch: PrefixBatch,
    inputs: Inputs,
    config: MetaConfig,
) -> Float[Tensor, ""]:
    """Mean cross-entropy of the events at the batch's positions, each after its own prefix."""
    support, before = prefix_support(network, terms, batch, step, inputs, config)
    profiles = profiles_of(inputs, step.users)
    adapted = network.adapt(terms, support, None if profiles is None else profiles[:, None, :])
    items = torch.from_numpy(batch.items)[:, None, :]
    refused = network.confidence.is_refused(batch.kinds)
    target = torch.from_numpy(np.take_along_axis(batch.items, batch.positions, 1))
    had = torch.from_numpy(before & (batch.target_mask | refused)[:, None, :])
    again = (had & (items == target[..., None])).any(-1)
    asked = (torch.from_numpy(batch.position_mask) & ~again).flatten()
    # (user, prefix, ·) -> (user · prefix, ·): from here each prefix is a person of its own
    out = had.flatten(0, 1).nonzero(as_tuple=True)[0], items.expand(had.shape)[had]
    weight = asked[:, None].float()
    loss = entropy_of(network, terms, adapted, out, target.flatten()[:, None], weight)
    return loss / asked.sum().clamp(min=1)


def support_of(
    network: HeartNetwork,
    terms: TorchTerms,
    batch: RatingBatch,
    step: Step[ChoiceBatch],
    config: MetaConfig,
) -> TorchSupport:
    """What the events of each user's support say."""
    items = torch.from_numpy(batch.items)
    support_mask = torch.from_numpy(batch.support_mask)
    values = torch.from_numpy(value_confidence(batch.values, config.value_weight)).float()
    confidence = network.confidence.of_kind(torch.from_numpy(batch.kinds)) * values * support_mask
    refused = torch.from_numpy(network.confidence.is_refused(batch.kinds))
    nothing = torch.zeros(items.shape)
    return TorchSupport(terms.of(items), nothing, confidence, refused, step.drawn)


def prefix_support(
    network: HeartNetwork,
    terms: TorchTerms,
    batch: PrefixBatch,
    step: Step[ChoiceBatch],
    inputs: Inputs,
    config: MetaConfig,
) -> tuple[TorchSupport, Bool[np.ndarray, "user prefix event"]]:
    """What the events before each position say, and which these are."""
    refused = network.confidence.is_refused(batch.kinds)
    before, ages = prefix_supports(batch, inputs.recency, refused)
    confidence = value_confidence(batch.values, config.value_weight)
    weights = network.confidence.of_age(torch.from_numpy(ages).float())
    weights = weights * network.confidence.of_kind(torch.from_numpy(batch.kinds))[:, None, :]
    weights = weights * torch.from_numpy(before * confidence[:, None, :]).float()
    items = torch.from_numpy(batch.items)[:, None, :]  # (user, 1, event): all prefixes share them
    against = torch.from_numpy(refused)[:, None, :]
    nothing = torch.zeros(items.shape)
    return TorchSupport(terms.of(items), nothing, weights, against, step.drawn), before


def prefix_supports(
    batch: PrefixBatch, recency: str, refused: Bool[np.ndarray, "user event"]
) -> tuple[Bool[np.ndarray, "user prefix event"], Float[np.ndarray, "user prefix event"]]:
    """Which events come before each position, and how old they are there."""
    before = np.arange(batch.items.shape[1]) < batch.positions[..., None]
    before = batch.event_mask[:, None, :] & before
    places, counted = places_among(refused)[:, None, :], before & ~refused[:, None, :]
    return before, ages_of(batch.times[:, None, :], places, counted, recency)


def logits_of(
    network: HeartNetwork, terms: TorchTerms, adapted: TorchAdapted
) -> Float[Tensor, "*person item"]:
    """κ φᵀw̄ + o over the whole catalogue."""
    return network.head.log_kappa.exp() * adapted.scores_of_all(terms.features) + terms.offsets


def entropy_of(
    network: HeartNetwork,
    terms: TorchTerms,
    adapted: TorchAdapted,
    out: Pairs,
    targets: Int[Tensor, "person event"],
    weights: Float[Tensor, "person event"],
) -> Float[Tensor, ""]:
    """The weighed sum of the targets' cross-entropy among what is not `out` for a person."""
    factors = adapted.factors(terms.features)
    if factors is None:
        assert isinstance(adapted, TorchDecision)
        return entropy_of_logits(
            lambda part: logits_of(network, terms, adapted.of(part)),
            adapted.decision.q.shape[-1] * len(terms.features),
            out,
            targets,
            weights,
        )
    people, items = factors
    people = network.head.log_kappa.exp() * people.flatten(0, -2)
    return catalogue_entropy(people, items, terms.offsets, out, targets, weights)


def seen_before(
    items: Int[Tensor, "person event"], real: Bool[Tensor, "person event"], n_items: int
) -> Bool[Tensor, "person item"]:
    """True for the items of each person's `real` events."""
    seen = torch.zeros(len(items), n_items + 1, dtype=torch.bool)
    seen.scatter_(1, torch.where(real, items, n_items), True)  # padding falls off the end
    return seen[:, :-1].contiguous()
