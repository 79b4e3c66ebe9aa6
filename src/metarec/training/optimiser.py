"""How a step is taken: the schedule of its length, and the step down the gradient."""

import numpy as np
import torch
from torch import Tensor, nn


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
