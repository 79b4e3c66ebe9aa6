"""Settings that the shop decides by its own validation, and the time that each attempt has."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from metarec.contracts import Running
from metarec.contracts.running import time_left
from metarec.meta.config import MetaConfig
from metarec.meta.fitted import Learned


def best_learned(
    configs: Sequence[MetaConfig],
    learn: Callable[[MetaConfig, Running], Learned],
    running: Running,
    end: float | None,
) -> tuple[MetaConfig, Learned]:
    """The first of these settings and what it learned, or a later one whose validation loss is
    lower; each takes more time than the one before.

    Each gets its share of what is left until `end`, and a folder of its own to continue from. None
    is tried after one that time cut short, or that had nobody to be judged on.
    """
    losses: dict[str, float] = {}
    best: tuple[MetaConfig, Learned] | None = None
    for number, config in enumerate(configs):
        part = running.below(f"d{config.d}") if len(configs) > 1 else running
        learned = learn(config, replace(part, time_s=time_left(end, len(configs) - number)))
        loss = learned.metrics["valid_loss"]
        if best is None or loss < min(losses.values()):
            best = config, learned
        if loss is None or learned.metrics["cut_by_time"]:
            break
        losses[str(config.d)] = loss
    assert best is not None
    config, learned = best
    if len(losses) > 1:
        learned = replace(learned, metrics={**learned.metrics, "loss_by_d": losses})
    return config, learned


def first_of(n: int, end: float | None) -> float | None:
    """The moment until which the first of `n` attempts may take; None where there is no end."""
    left = time_left(end, n)
    return None if left is None else time.monotonic() + left


def shared(
    running: Running, trains: Sequence[bool], end: float | None
) -> Iterator[tuple[Running, float | None]]:
    """How each head is learned in turn, and until when: those that train share the time that is
    left, and each has a folder of checkpoints, the first the one that was given."""
    for number, learned in enumerate(trains):
        own = running if number == 0 else running.below("choice")
        until = first_of(max(1, sum(trains[number:])), end)
        yield replace(own, folder=own.folder if learned else None), until
