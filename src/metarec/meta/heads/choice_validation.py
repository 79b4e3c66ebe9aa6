"""How good the choice head is on fixed episodes: cross-entropy, and whole lists."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from metarec.meta.confidence import value_confidence
from metarec.meta.config import MetaConfig
from metarec.meta.features.network import TorchTerms
from metarec.meta.heads.choice_losses import logits_of, seen_before
from metarec.meta.heads.value_training import per_person
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes, profiles_of
from metarec.meta.network import HeartNetwork, TorchSupport
from metarec.posterior.differentiable import TorchPosterior

PEOPLE_AT_ONCE = 256


def cross_entropy(
    network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, config: MetaConfig
) -> float:
    """Mean over episodes of the mean cross-entropy of their query events."""
    return float(over_people(network, inputs, valid, config, query_entropy).mean())


def list_loss(
    network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, config: MetaConfig
) -> float:
    """1 minus the mean NDCG of the whole catalogue as a list (Järvelin and Kekäläinen 2002).

    Without a cut-off every rank counts, so that few people are enough to tell.
    """
    return 1 - float(gains_of_lists(network, inputs, valid, config).mean())


def gains_of_lists(
    network: HeartNetwork, inputs: Inputs, valid: PaddedEpisodes, config: MetaConfig
) -> Float[np.ndarray, " person"]:
    """The NDCG of the whole catalogue as a list, of each person who has a query."""
    return over_people(network, inputs, valid, config, ndcg_of_all)


@torch.no_grad()
def over_people(
    network: HeartNetwork,
    inputs: Inputs,
    valid: PaddedEpisodes,
    config: MetaConfig,
    measure: Callable[..., Float[np.ndarray, " person"]],
) -> Float[np.ndarray, " person"]:
    """`measure(logits, seen, valid, part)` of the people of all parts of `valid`."""
    values = []
    for start in range(0, len(valid.items), PEOPLE_AT_ONCE):
        part = slice(start, start + PEOPLE_AT_ONCE)
        terms, posterior, seen = adapt_episodes(network, inputs, valid, part, config)
        values.append(measure(logits_of(network, terms, posterior), seen, valid, part))
    return np.concatenate(values)


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
    refused = torch.from_numpy(network.confidence.is_refused(valid.kinds[part]))
    support = TorchSupport(terms.of(items), torch.zeros(items.shape), confidence, refused)
    posterior = network.adapt(terms, support, profiles_of(inputs, valid.profile_rows[part]))
    out = seen_before(items, torch.from_numpy(valid.had[part]), len(terms.features))
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
