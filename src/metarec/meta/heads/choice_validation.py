"""How good the choice head is on fixed episodes: cross-entropy, whole lists, and spread."""

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
from metarec.meta.loops.steps import torch_seed
from metarec.meta.network import HeartNetwork, TorchSupport
from metarec.posterior.differentiable import TorchPosterior

PEOPLE_AT_ONCE, FEWEST_AT_ONCE = 256, 16
"""The fewest of a catalogue of a million items."""
CALIBRATION_DRAWS = 32
CALIBRATION_PEOPLE, LEAST_PEOPLE = 512, 64
CALIBRATION_CELLS = 1_000_000
"""Logits of one draw: of a large catalogue fewer people tell the scale of the draws."""
CALIBRATION_ITEMS = 100_000
"""Items of a larger catalogue that stand for all of it."""
LEAST_QUERIES = 50
"""With fewer validation events the scalar would be a guess, and stds stay NaN."""


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
    terms = network.features(inputs.content, inputs.touched)
    for part in people_at_once(len(valid.items), inputs):
        posterior, seen = adapt_episodes(network, terms, inputs, valid, part, config)
        values.append(measure(logits_of(network, terms, posterior), seen, valid, part))
    return float(np.concatenate(values).mean())


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
) -> tuple[TorchPosterior, Bool[Tensor, "person item"]]:
    """The posteriors of fixed episodes, and which items do not compete for each person."""
    items, mask = torch.from_numpy(valid.items[part]), torch.from_numpy(valid.mask[part])
    values = value_confidence(valid.values[part], config.value_weight)
    confidence = network.confidence.of_age(torch.from_numpy(valid.ages[part]).float())
    confidence = confidence * network.confidence.of_kind(torch.from_numpy(valid.kinds[part]))
    confidence = confidence * mask * torch.from_numpy(values).float()
    support = TorchSupport(terms.of(items), torch.zeros(items.shape), confidence)
    posterior = network.adapt(terms, support, profiles_of(inputs, valid.profile_rows[part]))
    out = seen_before(items, torch.from_numpy(valid.had[part]), len(terms.features))
    if valid.candidates is not None:
        out |= torch.from_numpy(~valid.candidates)
    return posterior, out


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
    n_items = len(inputs.touched)
    part = slice(0, max(LEAST_PEOPLE, min(CALIBRATION_PEOPLE, CALIBRATION_CELLS // n_items)))
    terms = network.features(inputs.content, inputs.touched)
    posterior, seen = adapt_episodes(network, terms, inputs, valid, part, config)
    noise = torch.randn(CALIBRATION_DRAWS, *posterior.mean.shape, generator=torch_seed(rng))
    moved = torch.linalg.solve_triangular(
        posterior.factor.mT, noise.permute(1, 2, 0), upper=True
    )  # (person, d, draw)
    asked, mask = torch.from_numpy(valid.query_items[part]), valid.query_mask[part]
    seen = competing(seen, asked, mask)
    features, offsets, asked, seen = _some_items(terms, asked, seen, rng)
    best, best_loss = 1.0, np.inf
    for scale in np.geomspace(0.02, 5.0, 15):
        log_p = []
        for draw in range(CALIBRATION_DRAWS):
            weights = posterior.mean + float(scale) * moved[..., draw]
            logits = network.head.log_kappa.exp() * (weights @ features.mT) + offsets
            log_p.append(
                torch.log_softmax(logits.masked_fill(seen, -torch.inf), 1).gather(1, asked)
            )
        mixed = torch.logsumexp(torch.stack(log_p), 0) - np.log(CALIBRATION_DRAWS)
        losses = torch.where(torch.from_numpy(mask), mixed, 0.0).double().numpy()
        loss = float(per_person(-losses, mask).mean())
        if loss < best_loss:
            best, best_loss = float(scale), loss
    return best


def _some_items(
    terms: TorchTerms,
    asked: Int[Tensor, "person query"],
    seen: Bool[Tensor, "person item"],
    rng: np.random.Generator,
) -> tuple[
    Float[Tensor, "some d+1"],
    Float[Tensor, " some"],
    Int[Tensor, "person query"],
    Bool[Tensor, "person some"],
]:
    """What a softmax over the catalogue needs; of a large one random items stand for all others.

    Each of these counts as many times as there are others for it, so that sums are those of all in
    the mean; items that someone is asked for count as themselves.
    """
    n_items = len(terms.offsets)
    if n_items <= CALIBRATION_ITEMS:
        return terms.features, terms.offsets, asked, seen
    named, place = np.unique(asked.numpy(), return_inverse=True)
    others = np.setdiff1d(np.arange(n_items), named)
    drawn = np.sort(rng.choice(others, CALIBRATION_ITEMS, replace=False))
    some = torch.from_numpy(np.concatenate([named, drawn]))
    offsets = terms.offsets[some]
    offsets[len(named) :] += float(np.log(len(others) / len(drawn)))
    told = torch.from_numpy(place.reshape(asked.shape))
    return terms.features[some], offsets, told, seen[:, some]
