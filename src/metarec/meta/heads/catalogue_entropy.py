"""The cross-entropy of a softmax over the whole catalogue, a few people at a time.

All logits of a step at once would be written to memory and read from it some ten times. Those of a
few people stay in the cache until their loss and its gradient are known, and are never kept: the
linear cross-entropy of language models (Wijmans et al. 2024, "Cut your losses"), on a CPU.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from metarec.contracts.pieces import pieces

CELLS_AT_ONCE = 2**19
"""Logits at once, 2 MB: as many as a cache holds."""


class _Entropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        people: Float[Tensor, "person d"],
        items: Float[Tensor, "item d"],
        out: Bool[Tensor, "person item"],
        targets: Int[Tensor, "person event"],
        weights: Float[Tensor, "person event"],
    ) -> Float[Tensor, ""]:
        columns, total = items.mT.contiguous(), people.new_zeros(())
        of_people, of_columns = torch.zeros_like(people), torch.zeros_like(columns)
        asking = weights.any(dim=1).nonzero()[:, 0]
        for piece in pieces(len(asking), len(items), CELLS_AT_ONCE):
            rows = asking[piece]
            own, taken, weight = people[rows], targets[rows], weights[rows]
            whole = weight.sum(dim=1, keepdim=True)
            logits = own @ columns
            total -= (logits.gather(1, taken) * weight).sum()
            logits.masked_fill_(out[rows], -torch.inf)
            highest = logits.amax(dim=1, keepdim=True)
            shares = logits.sub_(highest).exp_()
            sums = shares.sum(dim=1, keepdim=True)
            total += (whole * (highest + sums.log())).sum()
            if any(ctx.needs_input_grad):
                pull = shares.mul_(whole / sums).scatter_add_(1, taken, -weight)
                of_people[rows] = pull @ items
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
    out: Bool[Tensor, "person item"],
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
