"""Tasks a second of meta-training: our updaters in a batch, person by person, and TorchOpt.

One outer step of 128 people, of whom 20 events are the support and 10 the query: the steps inside,
the query's loss, and its gradient through them. The network is f(x) = xᵀw + relu(Ax)ᵀBᵀw, with 65
features and 32 hidden units; MAML takes five steps on all of it (second order), ANIL five on w.
TorchOpt's differentiable SGD takes them on the same network as a module, one person after another
as its examples do; it is spared the bound that scales our steps. The closed form stands beside its
own loop (how much sooner it comes to one error is `training_speed`'s). One process, one core, in
turns, the median of CPU time.

TorchOpt is no dependency of ours: `pip install torchopt`.
"""

import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.common import Goal, say, write
from metarec.meta.updaters import ANIL, MAML
from metarec.meta.updaters.decision import Dense
from metarec.meta.updaters.inner_loop import InnerLoop
from metarec.meta.updaters.network_updater import NetworkUpdater
from metarec.meta.updaters.task import Task
from metarec.posterior.differentiable import condition_on

PEOPLE, SUPPORT, QUERY, FEATURES = 128, 20, 10, 65
LOOP = InnerLoop(steps=5, rate=0.5)
ROUNDS = 7
GOALS = {"MAML": 2.0, "ANIL": 4.0}
"""How many times as many tasks as TorchOpt."""
OURS, LOOPED, OTHER = "in a batch", "person by person", "TorchOpt"


@dataclass(frozen=True)
class People:
    """What is known of everyone, and what is asked."""

    x: Tensor
    y: Tensor
    asked: Tensor
    answers: Tensor

    def some(self, part: slice) -> "People":
        """Some of them."""
        return People(self.x[part], self.y[part], self.asked[part], self.answers[part])


class Network(nn.Module):
    """The decision network as a module."""

    def __init__(self, numbers: dict[str, Tensor], own: tuple[str, ...]) -> None:
        super().__init__()
        self.body = nn.ParameterDict({n: nn.Parameter(numbers[n]) for n in "AB" if n not in own})
        self.head = nn.ParameterDict({n: nn.Parameter(numbers[n]) for n in own})

    def forward(self, x: Tensor) -> Tensor:
        """f of each row."""
        told = {**self.body, **self.head}
        return x @ told["w"] + (x @ told["A"].mT).relu() @ (told["w"] @ told["B"])


def main() -> None:
    try:
        torchopt: Any = importlib.import_module("torchopt")
    except ImportError:
        sys.exit("TorchOpt is not installed: pip install torchopt")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    people = People(
        torch.randn(PEOPLE, SUPPORT, FEATURES) / FEATURES**0.5,
        torch.randn(PEOPLE, SUPPORT),
        torch.randn(PEOPLE, QUERY, FEATURES) / FEATURES**0.5,
        torch.randn(PEOPLE, QUERY),
    )
    each = [slice(row, row + 1) for row in range(PEOPLE)]
    found: dict[str, dict[str, float]] = {}
    for kind, own in ((MAML, ("A", "B", "w")), (ANIL, ("w",))):
        numbers = start(kind)
        network = Network(numbers, own)
        ours = Dense(numbers["A"], numbers["B"], numbers["w"])
        torch.testing.assert_close(network(people.asked[0]), ours.scores(people.asked[0]))
        found[kind.__name__] = rates(
            {
                OURS: partial(step_of, kind, numbers, people, [slice(None)]),
                LOOPED: partial(step_of, kind, numbers, people, each),
                OTHER: partial(torchopt_step, torchopt, network, people),
            }
        )
    found["ClosedForm"] = rates(
        {OURS: partial(closed, people, [slice(None)]), LOOPED: partial(closed, people, each)}
    )
    for name, each_way in found.items():
        told = ", ".join(f"{how} {rate:,.0f}" for how, rate in each_way.items())
        say(f"{name}: {told} tasks/s of CPU")
    goals = []
    for name, least in GOALS.items():
        other = OTHER if OTHER in found[name] else LOOPED
        ratio = found[name][OURS] / found[name][other]
        told = ", ".join(f"{how} {rate:,.0f}" for how, rate in found[name].items())
        say(f"{name}: {told} tasks/s of CPU")
        goals.append(
            Goal(f"{name}: {least:g}x of {other}", f"{ratio:.1f}x ({told})", ratio >= least)
        )
    sizes = {"people": PEOPLE, "support": SUPPORT, "query": QUERY, "features": FEATURES}
    write(
        "inner_loops",
        None,
        goals,
        tasks_a_second=found,
        sizes={**sizes, "width": LOOP.width, "steps": LOOP.steps},
        versions={"torch": torch.__version__, "torchopt": torchopt.__version__},
    )


def start(kind: type[NetworkUpdater]) -> dict[str, Tensor]:
    """The same numbers for everyone who takes part; B is not 0, so that all layers move."""
    drawn = np.random.default_rng(0)
    numbers = kind.begin(FEATURES, LOOP, lambda *shape: drawn.standard_normal(shape))
    tensors = {name: torch.from_numpy(told).float() for name, told in numbers.items()}
    tensors["B"] = 0.1 * torch.randn_like(tensors["B"])
    tensors["w"] = torch.zeros(FEATURES)
    return {name: told.requires_grad_() for name, told in tensors.items()}


def step_of(
    kind: type[NetworkUpdater], numbers: dict[str, Tensor], people: People, parts: list[slice]
) -> None:
    """One outer step of ours, all people of a part at once."""
    nobody, scales = torch.zeros(0, FEATURES), (torch.ones(()), torch.zeros(()))
    for part in parts:
        own = people.some(part)
        precisions = torch.ones(own.y.shape)
        task = Task.of(torch, numbers["w"], own.x, own.y, precisions, nobody, scales)
        theta = kind(numbers, nobody, scales, LOOP).decide(task)
        loss = (theta.decision(task.whitening).scores(own.asked) - own.answers).square().mean()
        (loss * len(own.y) / PEOPLE).backward()
    for told in numbers.values():
        told.grad = None


def torchopt_step(torchopt: Any, network: Network, people: People) -> None:
    """The same by TorchOpt: the steps of one person, back to the start, and the next one's."""
    inner = torchopt.MetaSGD(network.head, lr=LOOP.rate / SUPPORT)
    begun = torchopt.extract_state_dict(network, by="reference")
    state = torchopt.extract_state_dict(inner, by="reference")
    losses = []
    for row in range(PEOPLE):
        for _ in range(LOOP.steps):
            inner.step(0.5 * (network(people.x[row]) - people.y[row]).square().sum())
        losses.append((network(people.asked[row]) - people.answers[row]).square().mean())
        torchopt.recover_state_dict(network, begun)
        torchopt.recover_state_dict(inner, state)
    torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
    network.zero_grad()


def closed(people: People, parts: list[slice]) -> None:
    """One outer step of the closed form."""
    mean, precision = torch.zeros(FEATURES, requires_grad=True), torch.eye(FEATURES)
    for part in parts:
        own = people.some(part)
        told = condition_on(mean, precision, own.x, own.y, torch.ones(own.y.shape))
        loss = (told.scores(own.asked) - own.answers).square().mean()
        (loss * len(own.y) / PEOPLE).backward()  # type: ignore[no-untyped-call]


def rates(steps: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Tasks a second of CPU time of each, in turns after one that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(ROUNDS + 1):
        for name, step in steps.items():
            began = time.process_time()
            step()
            if turn:
                seconds[name].append(time.process_time() - began)
    return {name: PEOPLE / float(np.median(times)) for name, times in seconds.items()}


if __name__ == "__main__":
    main()
