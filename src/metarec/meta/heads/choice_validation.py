"""How good the choice head is on fixed episodes: cross-entropy, and whole lists."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from metarec.contracts.pieces import pieces
from metarec.meta.confidence import value_confidence
from metarec.meta.config import MANY_ITEMS, MetaConfig
from metarec.meta.features.network import TorchTerms
from metarec.meta.heads.choice_losses import logits_of, seen_before
from metarec.meta.heads.value_training import per_person
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes, profiles_of
from metarec.meta.network import HeartNetwork, TorchSupport
from metarec.meta.updaters.training import TorchAdapted

PEOPLE_AT_ONCE, FEWEST_AT_ONCE = 256, 16
"""The fewest of a catalogue of a million items."""


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
    terms = network.features(inputs.content, inputs.touched)
    for part in people_at_once(len(valid.items), inputs):
        adapted, seen = adapt_episodes(network, terms, inputs, valid, part, config)
        values.append(measure(logits_of(network, terms, adapted), seen, valid, part))
    return np.concatenate(values)


def people_at_once(n: int, inputs: Inputs) -> Iterator[slice]:
    """`n` people as parts whose logits fit into memory."""
    fitting = PEOPLE_AT_ONCE * MANY_ITEMS // max(1, len(inputs.counts))
    return pieces(n, 1, min(PEOPLE_AT_ONCE, max(FEWEST_AT_ONCE, fitting)))


def ndcg_of_all(
    logits: Float[Tensor, "person item"],
    seen: Bool[Tensor, "person item"],
    valid: PaddedEpisodes,
    part: slice,
) -> Float[np.ndarray, " person"]:
    """NDCG without a cut-off of each person who has a query; `seen` items come last."""
    shown = logits.masked_fill(seen, -torch.inf)
    mask = valid.query_mask[part]
    found = ranks_of(shown, torch.from_numpy(valid.query_items[part]), mask).numpy()
    gained = (mask / np.log2(2.0 + found)).sum(axis=1)
    best = np.cumsum(1 / np.log2(2.0 + np.arange(mask.shape[1])))
    n = mask.sum(axis=1)
    return gained[n > 0] / best[n[n > 0] - 1]


def ranks_of(
    scores: Float[Tensor, "person item"],
    asked: Int[Tensor, "person query"],
    mask: Bool[np.ndarray, "person query"],
) -> Int[Tensor, "person query"]:
    """Where the items stand that each person is asked for, from 0; equals in their own order."""
    if scores.shape[1] > MANY_ITEMS:  # counting is quicker than sorting all for a few
        ranks = torch.zeros_like(asked)
        table = scores.numpy()
        for person, query in np.argwhere(mask).tolist():
            item, row = int(asked[person, query]), table[person]
            ahead = np.count_nonzero(row > row[item])
            ranks[person, query] = int(ahead + np.count_nonzero(row[:item] == row[item]))
        return ranks
    order = scores.argsort(dim=1, descending=True, stable=True)
    places = torch.empty_like(order)
    places.scatter_(1, order, torch.arange(order.shape[1]).expand_as(order))
    return places.gather(1, asked)


def adapt_episodes(
    network: HeartNetwork,
    terms: TorchTerms,
    inputs: Inputs,
    valid: PaddedEpisodes,
    part: slice,
    config: MetaConfig,
) -> tuple[TorchAdapted, Bool[Tensor, "person item"]]:
    """What is believed after the supports of fixed episodes, and which items do not compete."""
    support, out = supports_of(network, terms, valid, part, config)
    return network.adapt(terms, support, profiles_of(inputs, valid.profile_rows[part])), out


def supports_of(
    network: HeartNetwork,
    terms: TorchTerms,
    valid: PaddedEpisodes,
    part: slice,
    config: MetaConfig,
) -> tuple[TorchSupport, Bool[Tensor, "person item"]]:
    """The supports of fixed episodes, and which items do not compete for each person."""
    items, mask = torch.from_numpy(valid.items[part]), torch.from_numpy(valid.mask[part])
    values = value_confidence(valid.values[part], config.value_weight)
    confidence = network.confidence.of_age(torch.from_numpy(valid.ages[part]).float())
    confidence = confidence * network.confidence.of_kind(torch.from_numpy(valid.kinds[part]))
    confidence = confidence * mask * torch.from_numpy(values).float()
    refused = torch.from_numpy(network.confidence.is_refused(valid.kinds[part]))
    support = TorchSupport(terms.of(items), torch.zeros(items.shape), confidence, refused)
    out = seen_before(items, torch.from_numpy(valid.had[part]), len(terms.features))
    if valid.candidates is not None:
        out |= torch.from_numpy(~valid.candidates)
    return support, out


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
