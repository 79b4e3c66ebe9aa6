"""What holds the learned weights, and the pace at which they are learned."""

import numpy as np
import pytest
import torch

import metarec as mr
from metarec.data import Split
from metarec.meta.network import NOISE_PACE, HeartNetwork

from .networks import small_network

PENALTIES = (
    "content_decay",
    "offset_decay",
    "unsure_decay",
    "residual_precision",
    "noise_precision",
)


@pytest.fixture
def network() -> HeartNetwork:
    """Of ratings, with every penalised weight at 0."""
    made = small_network(5, 4, mr.MetaConfig(d=3), implicit=False, d_profile=3, mean=3.0)
    with torch.no_grad():
        for weights in (made.features.v, made.features.g.linear.of["all"]):
            weights.zero_()
    return made


@pytest.mark.parametrize(
    ("weights", "setting", "share"),
    [
        ("features.v", "residual_precision", 0.5 / 10),
        ("features.beta", "residual_precision", 0.5 / 10),
        ("features.nu", "noise_precision", 0.5 / 10),
        ("features.g.linear.of.all", "content_decay", 1.0),
        ("prior.M", "content_decay", 1.0),
        ("features.t.linear.of.all", "offset_decay", 1.0),
        ("features.n.linear.of.all", "offset_decay", 1.0),
        ("features.tau.linear.of.all", "unsure_decay", 1.0),
    ],
)
def test_each_weight_is_held_by_its_own_setting(network, weights: str, setting: str, share: float):
    config = mr.MetaConfig(d=3)
    assert float(network.penalty(config, 10).detach()) == 0
    moved = dict(network.named_parameters())[weights]
    with torch.no_grad():
        moved.view(-1)[1] = 3.0
    expected = share * getattr(config, setting) * 9.0
    assert float(network.penalty(config, 10).detach()) == pytest.approx(expected)


@pytest.mark.parametrize("setting", PENALTIES)
def test_a_penalty_is_finite_and_not_negative(setting: str):
    for value in (-1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match=f"{setting} must be (a finite number )?at least 0"):
            mr.MetaConfig(**{setting: value})


def test_every_weight_is_learned_and_noise_at_its_own_pace(network):
    groups = network.groups()
    learned = [id(weights) for group in groups for weights in group["params"]]
    assert sorted(learned) == sorted(id(weights) for weights in network.parameters())
    paces = {id(weights): group["pace"] for group in groups for weights in group["params"]}
    assert paces.pop(id(network.features.nu)) == NOISE_PACE > 1
    assert set(paces.values()) == {1.0}


@pytest.mark.parametrize("pace", [0.0, 1.0, NOISE_PACE])
def test_the_pace_of_the_noise_is_that_of_training(
    rating_split: Split, monkeypatch: pytest.MonkeyPatch, pace: float
):
    monkeypatch.setattr("metarec.meta.network.NOISE_PACE", pace)
    config = mr.MetaConfig(
        d=3, steps=1, learning_rate=1e-2, masked=0.0, all_masked=0.0, start="random"
    )
    model = mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(rating_split.train)
    # Adam's first step is the rate, whatever the gradient
    rated = rating_split.train.touched
    moved = np.abs(model._weights["rating"]["nu"])
    assert moved.max() == pytest.approx(pace * 1e-2, rel=1e-3)
    assert np.abs(model._weights["rating"]["beta"][rated]).max() == pytest.approx(1e-2, rel=1e-3)
