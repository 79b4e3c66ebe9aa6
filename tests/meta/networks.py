"""Small networks, and the numbers of a fitted one, for the tests of the heart."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

import metarec as mr
from metarec.meta.evidence import Evidence
from metarec.meta.heads.choice_training import LearnedChoice
from metarec.meta.heads.value_training import LearnedValue
from metarec.meta.heart import Heart
from metarec.meta.network import HeartNetwork, new_network
from metarec.meta.saved import state_of
from metarec.meta.updaters.network_updater import NetworkUpdater
from metarec.meta.updaters.training import UpdaterNetwork


def with_evidence(model: mr.MetaRecommender, evidence: Evidence | None) -> mr.MetaRecommender:
    """The model with this evidence beside its choice."""
    other = copy.copy(model)
    choice = replace(model.hearts["implicit"], evidence=evidence)
    other.hearts = {**model.hearts, "implicit": choice}
    return other


def small_network(
    n_items: int,
    d_content: int,
    config: mr.MetaConfig,
    *,
    implicit: bool,
    d_profile: int = 0,
    kinds: int = 0,
    mean: float = 0.0,
    seed: int = 0,
) -> HeartNetwork:
    """A fresh network whose content is one block."""
    head: Any = LearnedChoice() if implicit else LearnedValue((1.0, 5.0), mean)
    rng = torch.Generator().manual_seed(seed)
    return new_network(n_items, {"all": d_content}, d_profile, kinds, config, rng, head)


def fitted_network(model: mr.MetaRecommender) -> HeartNetwork:
    """A network with the numbers of a fitted model, in float64."""
    heart = model.heart
    weights, confidence = model._weights[heart.head.name], heart.confidence
    head: Any = LearnedValue((1.0, 5.0), 0.0)
    if not model.predicts_ratings:
        head = LearnedChoice()
    network = new_network(
        len(weights["beta"]),
        model._content.blocks,
        len(heart.prior.profile_map),
        len(heart.confidence.kind_names),
        model.config,
        torch.Generator().manual_seed(0),
        head,
        [confidence.kind_row[kind] for kind in confidence.negative_kinds],
    ).double()
    with torch.no_grad():
        network.features.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})
        network.prior.m.copy_(torch.from_numpy(heart.prior.mean))
        network.prior.M.copy_(torch.from_numpy(heart.prior.profile_map))
        network.confidence.log_confidence.copy_(torch.from_numpy(np.log(confidence.of_kind)))
        network.confidence.old.fill_(float(np.log(confidence.eps / (1 - confidence.eps))))
        network.confidence.decay.fill_(float(np.log(np.expm1(-np.log(confidence.rho)))))
        if not model.predicts_ratings:
            network.head.log_kappa.fill_(float(np.log(heart.head.slope)))
        if isinstance(heart.updater, NetworkUpdater):
            _set_updater(network, heart)
    precision = torch.from_numpy(heart.prior.precision)
    network.head.prior_precision = lambda features: precision.to(features.dtype)
    return network


def _set_updater(network: HeartNetwork, heart: Heart) -> None:
    updater = heart.updater
    assert isinstance(updater, NetworkUpdater)
    assert isinstance(network.updater, UpdaterNetwork)
    for name, numbers in updater.numbers.items():
        network.updater.numbers[name].copy_(torch.from_numpy(numbers))
    found = (heart.terms.features[:, None] == updater.landmarks).all(axis=2)
    network.updater.landmarks = torch.from_numpy(found.argmax(axis=0))
    for log, number in zip(
        (network.updater.log_v, network.updater.log_n), updater.spread, strict=True
    ):
        log.fill_(float(np.log(number)))
    if hasattr(network.head, "log_alpha"):
        network.head.log_lambda.fill_(float(np.log(updater.scales[0])))
        network.head.log_alpha.fill_(float(np.log(updater.scales[1])))


def numbers_of(heart: Heart) -> dict[str, Any]:
    """All numbers of a heart by name; sparse matrices as dense ones."""
    return dict(_named("", state_of(heart)))


def _named(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for part, inner in value.items():
            yield from _named(f"{name}.{part}" if name else part, inner)
    elif isinstance(value, list):
        yield from _named(name, dict(zip(map(str, range(len(value))), value, strict=True)))
    else:
        yield name, value.toarray() if sp.issparse(value) else value


def without_evidence(model: mr.MetaRecommender) -> mr.MetaRecommender:
    """The model with its posterior alone."""
    alone = copy.copy(model)
    alone.hearts = {n: replace(heart, evidence=None) for n, heart in model.hearts.items()}
    return alone


def assert_same_numbers(one: Heart, other: Heart) -> None:
    """Equal to the bit."""
    a, b = numbers_of(one), numbers_of(other)
    assert a.keys() == b.keys()
    for name, value in a.items():
        np.testing.assert_array_equal(value, b[name], err_msg=name)
