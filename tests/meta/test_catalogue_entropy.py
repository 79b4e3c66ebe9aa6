"""The softmax over the catalogue in pieces is the plain formula, and so is its gradient."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from metarec.meta.heads import catalogue_entropy as module
from metarec.meta.heads.catalogue_entropy import Pairs, catalogue_entropy, entropy_of_logits

N_PEOPLE, N_ITEMS, D = 7, 11, 3


def a_step(dtype: torch.dtype = torch.float64) -> tuple[Any, ...]:
    """People of whom some ask for nothing, and for items that are out with weight 0."""
    rng = torch.Generator().manual_seed(0)
    people, items, offsets = (
        torch.randn(*shape, generator=rng, dtype=dtype, requires_grad=True)
        for shape in ((N_PEOPLE, D), (N_ITEMS, D), (N_ITEMS,))
    )
    targets = torch.randint(N_ITEMS, (N_PEOPLE, 4), generator=rng)
    targets[1, 1] = targets[1, 0]  # the same item twice
    weights = torch.rand(N_PEOPLE, 4, generator=rng)
    weights[2], weights[:, 3] = 0.0, 0.0
    out = torch.rand(N_PEOPLE, N_ITEMS, generator=rng) < 0.4
    out.scatter_(1, targets[:, :3], False)
    out.scatter_(1, targets[:, 3:], True)
    weights[out.gather(1, targets)] = 0.0
    out[2] = True  # nobody is left to compete, and nothing is asked
    return people, items, offsets, out.nonzero(as_tuple=True), targets, weights


def plainly(
    people: Tensor, items: Tensor, offsets: Tensor, out: Pairs, targets: Tensor, weights: Tensor
) -> Tensor:
    logits = people @ items.mT + offsets
    barred = torch.zeros(logits.shape, dtype=torch.bool)
    barred[out] = True
    asked = logits.gather(1, targets) - logits.masked_fill(barred, -torch.inf).logsumexp(1)[:, None]
    return -torch.where(weights > 0, asked * weights, 0.0).sum()


@pytest.mark.parametrize("rows_at_once", [1, 2, 100])
def test_the_loss_and_its_gradient_are_those_of_all_logits_at_once(
    rows_at_once: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "CELLS_AT_ONCE", rows_at_once * N_ITEMS)
    step = a_step()
    expected = plainly(*step)
    found = catalogue_entropy(*step)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0.0)
    told = torch.autograd.grad(3.0 * found, step[:3])  # of a part of a sum
    for one, other in zip(told, torch.autograd.grad(3.0 * expected, step[:3]), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12)


def test_the_gradient_is_that_of_finite_differences():
    step = a_step()
    assert torch.autograd.gradcheck(lambda *told: catalogue_entropy(*told, *step[3:]), step[:3])


def test_logits_of_hundreds_are_no_trouble_in_float32():
    """exp(500) is no float32."""
    people, items, offsets, *asked = a_step(torch.float32)
    far = catalogue_entropy(people * 100, items, offsets + 500.0, *asked)
    exact = plainly(people.double() * 100, items.double(), offsets.double() + 500.0, *asked)
    torch.testing.assert_close(far.double(), exact, rtol=1e-5, atol=0.0)


def test_no_logit_is_kept_for_the_gradient():
    kept: list[int] = []

    def note(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        catalogue_entropy(*a_step())
    assert kept
    assert max(kept) < N_PEOPLE * N_ITEMS


def test_the_entropy_of_logits_is_that_of_inner_products():
    rng = torch.Generator().manual_seed(2)
    vectors, items = (torch.randn(n, 3, generator=rng, dtype=torch.float64) for n in (4, 9))
    offsets = torch.randn(9, generator=rng, dtype=torch.float64)
    out = torch.tensor([0, 0, 2, *[3] * 9]), torch.tensor([1, 4, 8, *range(9)])
    targets, weights = torch.tensor([[2, 1], [3, 3], [0, 8], [5, 6]]), torch.ones(4, 2)
    weights[0, 1] = weights[2, 1] = 0.0  # what does not compete is not asked for
    weights[3] = 0.0  # of someone who had everything
    found = []
    for entropy in (
        lambda people: catalogue_entropy(people, items, offsets, out, targets, weights),
        lambda people: entropy_of_logits(people @ items.mT + offsets, out, targets, weights),
    ):
        people_ = vectors.clone().requires_grad_()
        loss = entropy(people_)
        loss.backward()
        found.append((loss.item(), people_.grad))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-12)
