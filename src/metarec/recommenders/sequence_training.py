"""How a sequence model is learned: the next event of every place, among sampled items."""

from copy import deepcopy

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from metarec.contracts import Episodes
from metarec.contracts.pieces import uneven_pieces
from metarec.recommenders.sasrec_config import SASRecConfig
from metarec.recommenders.sequence_batches import Piece, Sampler, Step
from metarec.recommenders.sequence_network import SequenceNetwork
from metarec.training.optimiser import descend, optimiser_of, rate_of
from metarec.training.optimiser_config import OptimiserConfig
from metarec.training.run import Run

WARM = 100
"""Steps in which the learning rate rises."""
RECENT = 8.0
"""The power by which the share of later steps in the mean of the weights grows."""
NEVER = -1e4
"""A logit that weighs nothing, and whose gradient is a number."""
CELLS_AT_ONCE = 4_000_000
"""Logits, or inner numbers, held at once while validation is judged."""


def train(
    network: SequenceNetwork,
    sampler: Sampler,
    valid: Episodes | None,
    config: SASRecConfig,
    run: Run,
    steps: int,
) -> SequenceNetwork:
    """The mean of the weights that training passed through of late, on the network's own device;
    early stopping by its `list_loss` on `valid`."""
    usual = OptimiserConfig("adamw", weight_decay=config.weight_decay)
    how = config.optimiser
    optimizer = optimiser_of(how or usual, network.groups())
    shared = {id(network.content): network.content}
    mean = deepcopy(network, shared).requires_grad_(False)
    run.attach(nn.ModuleDict({"live": network, "mean": mean}), optimizer)
    touched = torch.from_numpy(sampler.sequences.counts > 0).to(network.start.device)
    warm = min(WARM, max(1, steps // 10))
    for step in run.batches(sampler.draw, steps):
        loss = step_loss(network, step)
        run.check(loss)
        rate = (
            config.learning_rate * min(1.0, run.step / warm)
            if how is None
            else rate_of(how, run.step, steps, config.learning_rate)
        )
        descend(network, optimizer, loss, rate)
        run.note(loss=loss.detach(), learning_rate=rate)
        move_towards(mean, network, run.step)
        if valid is not None and run.judges_now:
            run.judge(list_loss(mean, valid, touched, config.max_events))
    run.restore_best()
    return mean


@torch.no_grad()
def move_towards(mean: nn.Module, live: nn.Module, step: int) -> None:
    """The running mean of weights after a step, of which the last ninth counts most.

    It takes the place of a learning rate that falls, without knowing when training will end
    (Shamir and Zhang 2013, polynomial decay).
    """
    share = (RECENT + 1) / (step + RECENT)
    for average, now in zip(mean.parameters(), live.parameters(), strict=True):
        average.lerp_(now, share)


def step_loss(network: SequenceNetwork, step: Step) -> Float[Tensor, ""]:
    """Mean cross-entropy of the step's events, by the sampled softmax."""
    device = network.start.device
    rng = torch.Generator(device).manual_seed(step.seed)
    rows = torch.from_numpy(step.items).to(device)
    vectors = network.vectors(rows, torch.from_numpy(step.residual).float().to(device))
    competing = F.embedding(torch.from_numpy(step.negatives).to(device), vectors)
    correction = torch.from_numpy(-step.log_chance).float().to(device)
    column_of = np.full(len(step.items), -1)
    column_of[step.negatives] = np.arange(len(step.negatives))
    losses, n_asked = [], 0
    for piece in step.pieces:
        told = network(vectors, torch.from_numpy(piece.inputs).to(device), rng).flatten(0, 1)
        told = F.embedding(torch.from_numpy(piece.asked).to(device), told)
        own = F.embedding(torch.from_numpy(piece.targets).to(device), vectors)
        offsets = _offsets(correction, column_of, piece)
        others = torch.logsumexp(torch.addmm(offsets, told, competing.mT), dim=1)
        logit = (told * own).sum(1)
        losses.append((torch.logaddexp(others, logit) - logit).sum())
        n_asked += len(piece.targets)
    return torch.stack(losses).sum() / max(n_asked, 1)


def _offsets(
    correction: Float[Tensor, " negative"], column_of: Int[np.ndarray, " row"], piece: Piece
) -> Float[Tensor, "event negative"]:
    """What is added to the logits of who competes: − log of the chance; an event does not compete
    with itself."""
    offsets = correction.repeat(len(piece.targets), 1)
    columns = column_of[piece.targets]
    drawn = np.flatnonzero(columns >= 0)
    where = (torch.from_numpy(drawn), torch.from_numpy(columns[drawn]))
    offsets[tuple(index.to(offsets.device) for index in where)] = NEVER
    return offsets


@torch.no_grad()
def list_loss(network: SequenceNetwork, valid: Episodes, touched: Tensor, max_events: int) -> float:
    """1 minus the mean over people of the mean gain of their query events, 1 / log2(2 + rank).

    Ranks are from 0, without a cut-off, so that few people are enough to tell: the NDCG of the
    whole catalogue as a list, where one event is asked for. Touched items compete, and of those
    that the person had before, none with what is new to them. Equal scores count half. The
    cross-entropy is at its best long before lists are.
    """
    device, n_items = network.start.device, len(touched)
    vectors = network.vectors(torch.arange(n_items, device=device), touched.float())
    support = valid.support.last(max_events)
    by_length = np.argsort(support.lengths, kind="stable")
    inner = 8 * vectors.shape[1] * (support.lengths[by_length] + 1)
    gains = np.zeros(len(valid))
    cells = np.maximum(inner, n_items * valid.query.lengths[by_length])
    for part in uneven_pieces(cells.tolist(), CELLS_AT_ONCE):
        people = by_length[part]
        own, had, query = (h.take(people) for h in (support, valid.support, valid.query))
        inputs = np.pad(own.padded(own.items + 1, 0), ((0, 0), (1, 0)))
        told = network(vectors, torch.from_numpy(inputs).to(device))
        last = told[torch.arange(len(own)), torch.from_numpy(own.lengths)]
        logits = (last @ vectors.mT).masked_fill(~touched, -torch.inf)
        seen = torch.zeros_like(touched).repeat(len(own), 1)
        seen[torch.from_numpy(had.rows), torch.from_numpy(had.items)] = True
        rows = torch.from_numpy(query.rows).to(device)
        items = torch.from_numpy(query.items).to(device)[:, None]
        logits, seen = logits[rows], seen[rows]  # (query, item)
        asked, again = logits.gather(1, items), seen.gather(1, items)
        if not torch.isfinite(asked).all():
            return float("nan")  # which compares as if it were first
        rivals = again | ~seen
        level = ((logits == asked) & rivals).sum(1) - 1  # the event is level with itself
        rank = ((logits > asked) & rivals).sum(1) + level / 2
        gain = (1 / torch.log2(2.0 + rank)).cpu().numpy()
        gains[people] = np.bincount(query.rows, gain, minlength=len(query))
    return 1 - float((gains / valid.query.lengths).mean())
