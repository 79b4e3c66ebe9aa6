"""Small updaters of a decision network with drawn numbers, and people for them."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from metarec.meta.features.terms import ItemTerms
from metarec.meta.updaters import UPDATERS, MetaSGD, Support
from metarec.meta.updaters.decision import Dense
from metarec.meta.updaters.inner_loop import InnerLoop
from metarec.meta.updaters.network_updater import NetworkUpdater
from metarec.meta.updaters.task import Task
from metarec.posterior import Prior

D, ITEMS, WIDTH = 4, 128, 5
EVERY = [kind for kind in UPDATERS.values() if issubclass(kind, NetworkUpdater)]


def terms_of(seed: int = 0) -> ItemTerms:
    rng = np.random.default_rng(seed)
    features = 0.5 * rng.normal(size=(ITEMS, D))
    return ItemTerms(features, np.zeros(ITEMS), *np.ones((3, ITEMS)))


def updater_of(
    kind: type[NetworkUpdater], *, landmarks: int = 20, plain: bool = False, **loop: Any
) -> NetworkUpdater:
    """An updater whose hidden units have something to say, unless it is a `plain` linear score."""
    rng = np.random.default_rng(3)
    settings = InnerLoop(**{"steps": 3, "rate": 0.8, "width": WIDTH, **loop})
    numbers = kind.begin(D, settings, lambda *shape: rng.normal(size=shape))
    for name in ("B", "G", "gain", "gate", "step", "lstm_bias"):
        if name in numbers and not plain:
            numbers[name] = 0.3 * rng.normal(size=numbers[name].shape)
    if kind is MetaSGD:
        for name in ("A", "B", "w"):
            shape = numbers[f"rate_{name}"].shape
            numbers[f"rate_{name}"] = settings.rate * rng.uniform(0.5, 1.0, size=shape)
    chosen = terms_of().features[:landmarks]
    return kind(numbers, chosen, (0.7, 2.0 if landmarks else 0.0), settings, (0.6, 2.0))


def prior_of(updater: NetworkUpdater) -> Prior:
    """N(m, P⁻¹) with P = λI + αG over the landmarks."""
    ridge, pull = updater.scales
    marks = updater.landmarks
    G = marks.T @ marks / max(1, len(marks))
    return Prior(np.array([0.3, -0.2, 0.1, 0.4]), ridge * np.eye(D) + pull * G)


def people(n: int = 7, events: int = 6) -> Support:
    """Padded supports of several lengths; the first is empty."""
    rng = np.random.default_rng(5)
    mask = np.arange(events) < np.minimum(np.arange(n), events)[:, None]
    return Support(
        rng.integers(0, ITEMS, (n, events)),
        rng.normal(size=(n, events)),
        mask * rng.uniform(0.5, 1.5, (n, events)),
    )


def alone(support: Support, row: int) -> Support:
    """One person's events without padding."""
    real = support.precisions[row] > 0
    columns = (support.rows, support.targets, support.precisions)
    return Support(*(column[row][real] for column in columns))


def updater_in_torch(updater: NetworkUpdater) -> NetworkUpdater:
    """The updater with numbers of PyTorch."""
    return replace(updater, numbers={k: torch.from_numpy(v) for k, v in updater.numbers.items()})


def task_of(updater: NetworkUpdater, support: Support) -> Task:
    """What the updater is to read when it serves."""
    return Task.of(
        np,
        prior_of(updater).mean,
        terms_of().features[support.rows],
        support.targets,
        support.precisions,
        updater.landmarks,
        updater.scales,
    )


def torch_task(
    updater: NetworkUpdater,
    support: Support,
    features: torch.Tensor | None = None,
    mean: torch.Tensor | None = None,
) -> Task:
    """The same in training."""
    phi = torch.from_numpy(terms_of().features) if features is None else features
    prior = prior_of(updater)
    return Task.of(
        torch,
        torch.from_numpy(prior.mean) if mean is None else mean,
        phi[torch.from_numpy(support.rows)],
        torch.from_numpy(support.targets),
        torch.from_numpy(support.precisions),
        phi[: len(updater.landmarks)],
        updater.scales,
    )


def whitened(updater: NetworkUpdater) -> tuple[np.ndarray, Dense]:
    """x of all items, and θ of everyone."""
    prior = prior_of(updater)
    L = np.linalg.cholesky(prior.precision)
    x = terms_of().features @ np.linalg.inv(L).T
    return x, Dense(updater.numbers["A"], updater.numbers["B"], prior.mean @ L)
