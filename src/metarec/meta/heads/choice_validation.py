"""How good the choice head is on fixed episodes: cross-entropy, and whole lists."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from metarec.contracts.pieces import uneven_pieces
from metarec.meta.confidence import value_confidence
from metarec.meta.config import MetaConfig
from metarec.meta.features.network import TorchTerms
from metarec.meta.heads.choice_losses import logits_of, seen_before
from metarec.meta.heads.value_training import per_person
from metarec.meta.loops.episodes import Inputs, PaddedEpisodes, profiles_of
from metarec.meta.network import HeartNetwork, TorchSupport
from metarec.meta.sizes import MANY_ITEMS
from metarec.meta.updaters.training import TorchAdapted

CELLS_AT_ONCE, FEWEST_AT_ONCE = 2**21, 16
"""Numbers of people's logits and events at once, 8 MB: little more than a cache holds. And the
fewest people, of a catalogue of a million items."""


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
    """`measure(logits, seen, part)` of the people of all parts of `valid`, who are in no order."""
    values = []
    terms = network.features(inputs.content, inputs.touched)
    for part in parts_of(valid, terms, config.own_units):
        adapted, seen = adapt_episodes(network, terms, inputs, part, config)
        values.append(measure(logits_of(network, terms, adapted), seen, part))
    return np.concatenate(values)


def parts_of(
    people: PaddedEpisodes, terms: TorchTerms, own_units: int = 1
) -> Iterator[PaddedEpisodes]:
    """A few people at a time, those with as many events together, without needless padding."""
    n_items, d = terms.features.shape
    lengths = people.mask.sum(axis=1)
    order = np.argsort(lengths, kind="stable")
    cells = max(CELLS_AT_ONCE, FEWEST_AT_ONCE * n_items)
    widths = own_units * n_items + d * lengths[order]
    for part in uneven_pieces(widths.tolist(), cells):
        yield people.of(order[part])


def ndcg_of_all(
    logits: Float[Tensor, "person item"],
    seen: Bool[Tensor, "person item"],
    valid: PaddedEpisodes,
) -> Float[np.ndarray, " person"]:
    """NDCG without a cut-off of each person who has a query; `seen` items come last."""
    shown = logits.masked_fill(seen, -torch.inf)
    mask = valid.query_mask
    found = ranks_of(shown.numpy(), valid.query_items, mask)
    gained = (mask / np.log2(2.0 + found)).sum(axis=1)
    best = np.cumsum(1 / np.log2(2.0 + np.arange(mask.shape[1])))
    n = mask.sum(axis=1)
    return gained[n > 0] / best[n[n > 0] - 1]


def ranks_of(
    scores: Float[np.ndarray, "person item"],
    asked: Int[np.ndarray, "person query"],
    mask: Bool[np.ndarray, "person query"],
) -> Int[np.ndarray, "person query"]:
    """Where the items stand that each person is asked for, from 0; equals in their own order."""
    ranks = np.zeros(asked.shape, dtype=np.int64)
    ahead = counted_ahead if scores.shape[1] > MANY_ITEMS else sorted_ahead
    for row, items, real, found in zip(scores, asked, mask, ranks, strict=True):
        found[real] = ahead(row, items[real])
    return ranks


def counted_ahead(
    scores: Float[np.ndarray, " item"], items: Int[np.ndarray, " query"]
) -> Int[np.ndarray, " query"]:
    """How many items stand before each of these: of many items quicker than sorting all."""
    above = [np.count_nonzero(scores > scores[item]) for item in items]
    return np.array(above, dtype=np.int64) + _equals_before(scores, items)


def sorted_ahead(
    scores: Float[np.ndarray, " item"], items: Int[np.ndarray, " query"]
) -> Int[np.ndarray, " query"]:
    """The same by the sorted scores, which place all queries of a person together."""
    ordered, own = np.sort(scores), scores[items]
    above = len(scores) - np.searchsorted(ordered, own, side="right")
    tied = len(scores) - np.searchsorted(ordered, own, side="left") > above + 1
    above[tied] += _equals_before(scores, items[tied])
    return above


def _equals_before(
    scores: Float[np.ndarray, " item"], items: Int[np.ndarray, " query"]
) -> Int[np.ndarray, " query"]:
    equal = [np.count_nonzero(scores[:item] == scores[item]) for item in items]
    return np.array(equal, dtype=np.int64)


def adapt_episodes(
    network: HeartNetwork,
    terms: TorchTerms,
    inputs: Inputs,
    valid: PaddedEpisodes,
    config: MetaConfig,
) -> tuple[TorchAdapted, Bool[Tensor, "person item"]]:
    """What is believed after the supports of fixed episodes, and which items do not compete."""
    support, out = supports_of(network, terms, valid, config)
    return network.adapt(terms, support, profiles_of(inputs, valid.profile_rows)), out


def supports_of(
    network: HeartNetwork, terms: TorchTerms, valid: PaddedEpisodes, config: MetaConfig
) -> tuple[TorchSupport, Bool[Tensor, "person item"]]:
    """The supports of fixed episodes, and which items do not compete for each person."""
    items, mask = torch.from_numpy(valid.items), torch.from_numpy(valid.mask)
    values = value_confidence(valid.values, config.value_weight)
    confidence = network.confidence.of_age(torch.from_numpy(valid.ages).float())
    confidence = confidence * network.confidence.of_kind(torch.from_numpy(valid.kinds))
    confidence = confidence * mask * torch.from_numpy(values).float()
    refused = torch.from_numpy(network.confidence.is_refused(valid.kinds))
    support = TorchSupport(terms.of(items), torch.zeros(items.shape), confidence, refused)
    out = seen_before(items, torch.from_numpy(valid.had), len(terms.features))
    if valid.candidates is not None:
        out |= torch.from_numpy(~valid.candidates)
    return support, out


def query_entropy(
    logits: Float[Tensor, "person item"],
    seen: Bool[Tensor, "person item"],
    valid: PaddedEpisodes,
) -> Float[np.ndarray, " person"]:
    """Mean cross-entropy of each person's query events; their own support does not compete."""
    asked = torch.from_numpy(valid.query_items)
    mask = valid.query_mask
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
