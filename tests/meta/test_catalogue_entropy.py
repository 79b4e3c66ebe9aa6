"""The softmax over the catalogue in pieces is the plain formula, and so is its gradient."""

from typing import Any

import pytest
import torch
from torch import Tensor

from metarec.meta.heads import catalogue_entropy as module
from metarec.meta.heads.catalogue_entropy import Pairs, catalogue_entropy

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


@pytest.mark.parametrize("at_once", [1, 25, 10**6])
def test_logits_that_are_no_products_come_to_the_plain_formula_in_parts_of_any_size(
    at_once: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "UNITS_AT_ONCE", at_once)
    people, items, offsets, *asked = a_step()
    parts = []

    def logits_of(part: slice) -> Tensor:
        parts.append(part)
        return people[part] @ items.mT + offsets

    loss = module.entropy_of_logits(logits_of, N_ITEMS, *asked)
    exact = plainly(people, items, offsets, *asked)
    torch.testing.assert_close(loss, exact, rtol=1e-12, atol=1e-12)
    assert len(parts) == {1: N_PEOPLE, 25: 4, 10**6: 1}[at_once]
    given = (people, items, offsets)
    for own, plain in zip(
        torch.autograd.grad(loss, given), torch.autograd.grad(exact, given), strict=True
    ):
        torch.testing.assert_close(own, plain, rtol=1e-9, atol=1e-12)
    assert len(parts) == 2 * {1: N_PEOPLE, 25: 4, 10**6: 1}[at_once]  # computed again, not kept
