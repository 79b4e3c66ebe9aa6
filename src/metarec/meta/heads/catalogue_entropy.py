"""The cross-entropy of a softmax over the whole catalogue, a few people at a time.

All logits of a step at once would be written to memory and read from it some ten times. Those of a
few people stay in the cache until their loss and its gradient are known, and are never kept: the
linear cross-entropy of language models (Wijmans et al. 2024, "Cut your losses"), on a CPU.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from metarec.contracts.pieces import pieces

CELLS_AT_ONCE = 2**18
"""Logits at once, 1 MB: as many as a cache holds."""
UNITS_AT_ONCE = 2**20
"""Numbers of what logits are made of at once, 4 MB."""
Pairs = tuple[Int[Tensor, " pair"], Int[Tensor, " pair"]]
"""Rows of people, ascending, and of items."""


class _Entropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        people: Float[Tensor, "person d"],
        items: Float[Tensor, "item d"],
        out: Pairs,
        targets: Int[Tensor, "person event"],
        weights: Float[Tensor, "person event"],
    ) -> Float[Tensor, ""]:
        columns, total = items.mT.contiguous(), people.new_zeros(())
        of_people, of_columns = torch.zeros_like(people), torch.zeros_like(columns)
        (barred, barred_items), finite = out, torch.finfo(people.dtype)
        starts = torch.searchsorted(barred, torch.arange(len(people) + 1)).tolist()
        parts = list(pieces(len(people), len(items), CELLS_AT_ONCE))
        room = people.new_empty(parts[0].stop if parts else 0, len(items))
        for part in parts:
            own, taken, weight = people[part], targets[part], weights[part]
            whole = weight.sum(dim=1, keepdim=True)
            logits = torch.mm(own, columns, out=room[: len(own)])
            total -= (logits.gather(1, taken) * weight).sum()
            here = slice(starts[part.start], starts[part.stop])
            logits[barred[here] - part.start, barred_items[here]] = -torch.inf
            highest = logits.amax(dim=1, keepdim=True).clamp(min=finite.min)
            shares = logits.sub_(highest).exp_()
            sums = shares.sum(dim=1, keepdim=True).clamp(min=finite.tiny)
            total += (whole * (highest + sums.log())).sum()
            if any(ctx.needs_input_grad):
                pull = shares.mul_(whole / sums).scatter_add_(1, taken, -weight)
                torch.mm(pull, items, out=of_people[part])
                of_columns.addmm_(own.mT, pull)
        ctx.save_for_backward(of_people, of_columns.mT)
        return total

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, pull: Float[Tensor, ""]
    ) -> tuple[Float[Tensor, "person d"], Float[Tensor, "item d"], None, None, None]:
        of_people, of_items = ctx.saved_tensors
        return pull * of_people, pull * of_items, None, None, None


def catalogue_entropy(
    people: Float[Tensor, "person d"],
    items: Float[Tensor, "item d"],
    offsets: Float[Tensor, " item"],
    out: Pairs,
    targets: Int[Tensor, "person event"],
    weights: Float[Tensor, "person event"],
) -> Float[Tensor, ""]:
    """The weighed sum of −log softmax of the targets, whose logits are people · items + offsets.

    Items that are `out` do not compete; a target of weight 0 is not asked for, and may be one.
    """
    ones = people.new_ones(len(people), 1)
    with_one, with_offset = torch.cat([people, ones], 1), torch.cat([items, offsets[:, None]], 1)
    counts = weights.to(people.dtype)
    total: Tensor = _Entropy.apply(with_one, with_offset, out, targets, counts)  # type: ignore[no-untyped-call]
    return total


def entropy_of_logits(
    logits_of: Callable[[slice], Float[Tensor, "some item"]],
    width: int,
    out: Pairs,
    targets: Int[Tensor, "person event"],
    weights: Float[Tensor, "person event"],
) -> Float[Tensor, ""]:
    """The same of logits that are no inner products, which take `width` numbers a person.

    What a few people ask for is forgotten, and computed again on the way back (Chen et al. 2016,
    "Training deep nets with sublinear memory cost").
    """
    (barred, barred_items), total = out, weights.new_zeros(())
    starts = torch.searchsorted(barred, torch.arange(len(targets) + 1)).tolist()

    def of_some(part: slice) -> Float[Tensor, ""]:
        logits, here = logits_of(part), slice(starts[part.start], starts[part.stop])
        lowest = logits.new_tensor(torch.finfo(logits.dtype).min)
        logits = logits.index_put((barred[here] - part.start, barred_items[here]), lowest)
        told = torch.log_softmax(logits, dim=1).gather(1, targets[part])
        return -(torch.where(weights[part] > 0, told, 0.0) * weights[part]).sum()

    for part in pieces(len(targets), width, UNITS_AT_ONCE):
        total = total + checkpoint(of_some, part, use_reentrant=False, preserve_rng_state=False)
    return total
