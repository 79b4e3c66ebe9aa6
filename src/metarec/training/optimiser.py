"""How a step is taken: the schedule of its length, and the step down the gradient."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from metarec.training.optimiser_config import OptimiserConfig


def optimiser_of(
    config: OptimiserConfig, groups: Iterable[dict[str, Any]]
) -> torch.optim.Optimizer:
    """The optimiser of these groups of parameters, each with its `pace`."""
    kinds: dict[str, Any] = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "sgd": torch.optim.SGD,
    }
    own = {"momentum": config.momentum} if config.name == "sgd" else {}
    # the rate is that of the schedule, from the first step on
    optimiser: torch.optim.Optimizer = kinds[config.name](
        groups, lr=1.0, weight_decay=config.weight_decay, **own
    )
    return optimiser


def rate_of(config: OptimiserConfig, step: int, steps: int, peak: float) -> float:
    """Learning rate of a step, counted from 1."""
    if config.schedule == "one-cycle":
        return one_cycle(step, steps, peak, config.warm_up)
    return peak * min(1.0, step / max(1, int(steps * config.warm_up)))


def one_cycle(step: int, steps: int, peak: float, warm: float = 0.1) -> float:
    """Learning rate of a step: a linear rise, then a cosine fall to nothing (Smith 2018)."""
    rise = max(1, int(steps * warm))
    if step <= rise:
        return peak * step / rise
    return peak * 0.5 * (1 + float(np.cos(np.pi * (step - rise) / max(1, steps - rise))))


def descend(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Tensor,
    learning_rate: float,
) -> None:
    """One step of the optimiser down the gradient of `loss`, whose length is held below 1."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["pace"]
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
