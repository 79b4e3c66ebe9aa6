"""The length and the way of a step, worked by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from metarec.contracts import DataError
from metarec.training.optimiser import descend, one_cycle, optimiser_of, rate_of
from metarec.training.optimiser_config import OptimiserConfig
from metarec.training.threads import limited


def test_the_learning_rate_rises_for_a_tenth_and_falls_as_a_cosine():
    assert [one_cycle(s, 100, 2.0) for s in (1, 5, 10)] == [0.2, 1.0, 2.0]
    assert one_cycle(55, 100, 2.0) == pytest.approx(1.0)  # half way down
    assert one_cycle(25, 100, 2.0) == pytest.approx(1 + np.cos(np.pi / 6))
    assert one_cycle(100, 100, 2.0) == pytest.approx(0.0, abs=1e-15)
    assert one_cycle(10, 100, 2.0, warm=0.5) == pytest.approx(0.4)
    assert one_cycle(1, 17, 3.0) == 3.0  # a tenth of 17 is one whole step
    assert one_cycle(1, 1, 3.0) == 3.0
    assert one_cycle(2, 1, 3.0) == pytest.approx(0.0, abs=1e-15)


def test_a_step_goes_down_the_gradient_at_each_groups_pace():
    one, two = nn.Parameter(torch.tensor([1.0, 1.0])), nn.Parameter(torch.tensor([1.0]))
    network = nn.ParameterList([one, two])
    groups = [{"params": [one], "pace": 1.0}, {"params": [two], "pace": 0.5}]
    optimizer = torch.optim.SGD(groups, lr=9.0)
    one.grad = torch.full((2,), 100.0)  # of the step before: not added
    loss = 3.0 * one[0] + 4.0 * two[0]  # a gradient of length 5, held below 1
    descend(network, optimizer, loss, 0.1)
    assert one.tolist() == pytest.approx([1 - 0.1 * 0.6, 1.0], abs=1e-6)
    assert two.tolist() == pytest.approx([1 - 0.05 * 0.8], abs=1e-6)
    descend(network, optimizer, 0.3 * one[1], 1.0)  # a short one is taken as it is
    assert one[1].item() == pytest.approx(0.7)


def test_a_schedule_rises_for_its_share_and_falls_or_stays():
    cycle, level = OptimiserConfig(warm_up=0.5), OptimiserConfig(schedule="constant", warm_up=0.5)
    assert [rate_of(cycle, step, 10, 2.0) for step in (1, 5)] == [0.4, 2.0]
    assert rate_of(cycle, 10, 10, 2.0) == pytest.approx(0.0, abs=1e-15)
    assert [rate_of(level, step, 10, 2.0) for step in (1, 4, 5, 10)] == [0.4, 1.6, 2.0, 2.0]
    at_once = OptimiserConfig(schedule="constant", warm_up=0.0)
    assert rate_of(at_once, 1, 10, 2.0) == 2.0
    assert rate_of(OptimiserConfig(), 5, 100, 2.0) == one_cycle(5, 100, 2.0)


def test_each_optimiser_takes_its_own_step():
    """Two steps from 1 down a slope of 0.5, worked by hand."""

    def moved(**how: Any) -> float:
        weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
        network = nn.ParameterList([weight])
        optimiser = optimiser_of(OptimiserConfig(**how), [{"params": [weight], "pace": 1.0}])
        for _ in range(2):
            descend(network, optimiser, 0.5 * weight.sum(), 0.1)
        return weight.item()

    assert moved(name="sgd") == pytest.approx(1 - 2 * 0.05)
    assert moved(name="sgd", momentum=0.5) == pytest.approx(1 - 0.05 - 0.075)
    penalised = 1 - 0.1 * (0.5 + 0.2)
    expected = penalised - 0.1 * (0.5 + 0.2 * penalised)
    assert moved(name="sgd", weight_decay=0.2) == pytest.approx(expected)
    assert moved(name="adam") == pytest.approx(1 - 2 * 0.1, abs=1e-6)
    decayed = 1 * (1 - 0.1 * 0.2) - 0.1
    assert moved(name="adamw", weight_decay=0.2) == pytest.approx(
        decayed * (1 - 0.1 * 0.2) - 0.1, abs=1e-6
    )
    assert moved(name="adam", weight_decay=0.2) == pytest.approx(1 - 2 * 0.1, abs=1e-3)


def test_momentum_is_of_plain_steps_alone():
    with pytest.raises(DataError, match='momentum is of name="sgd" alone; adamw has its own'):
        OptimiserConfig("adamw", momentum=0.9)


@pytest.mark.parametrize("threads", [None, 1])
def test_threads_are_limited_inside_and_free_again_outside(threads: int | None):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with limited(threads):
            assert torch.get_num_threads() == (threads or 2)
        with pytest.raises(RuntimeError, match="stopped"), limited(threads):
            raise RuntimeError("stopped")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
