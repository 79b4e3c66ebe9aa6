"""What the golden files hold: small fitted models, and losses of fixed parameters on one batch."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import torch

import metarec as mr
from metarec.contracts import Dataset
from metarec.data import sample_prefix_batch, sample_rating_batch
from metarec.encoders import TabularFeatures
from metarec.meta.heads.choice_training import LearnedChoice
from metarec.meta.heads.value_training import LearnedValue
from metarec.meta.loops.episodes import Inputs
from metarec.meta.loops.steps import Step
from metarec.meta.network import HeartNetwork, new_network
from tests.golden.saved_before import renamed

DAY = 86_400.0
Arrays = dict[str, np.ndarray]
KINDS = ("buy", "view")
MODELS: dict[str, dict[str, object]] = {
    "ratings": {"kind": "rating"},
    "ratings_clock": {"kind": "rating", "recency": "clock"},
    "implicit": {"kind": "implicit", "value_weight": "log"},
    "implicit_clock": {"kind": "implicit", "recency": "clock"},
    "implicit_random": {"kind": "implicit", "recency": "none", "start": "random", "hidden": 4},
}
REFIT_SEEDS = (0, 1, 2, 3, 4)


def shop(kind: str) -> Dataset:
    """A synthetic shop whose events are of two kinds and have uneven weights."""
    data = mr.generate(users=80, items=60, kind=kind, rng=5).dataset  # type: ignore[arg-type]
    n = len(data.interactions)
    kinds = pl.Series("event", [KINDS[row % 3 == 0] for row in range(n)])
    table = data.interactions.with_columns(kinds)
    if kind == "implicit":
        weights = pl.Series("value", [1.0 + row % 4 for row in range(n)], dtype=pl.Float32)
        table = table.with_columns(weights)
    return replace(data, interactions=table)


def config(name: str, **other: object) -> mr.MetaConfig:
    settings = {k: v for k, v in MODELS[name].items() if k != "kind"} | other
    small = {"d": 6, "steps": 60, "judge_every": 30, "batch_users": 16, "max_events": 30}
    small["choice"] = False
    return mr.MetaConfig(**(small | settings))  # type: ignore[arg-type]


def fitted(name: str, rng: int = 0) -> mr.MetaRecommender:
    model = mr.MetaRecommender(mr.HashEncoder(d=8), config(name))
    return model.fit(shop(str(MODELS[name]["kind"])), rng=rng)


def people(ids: list[str], rating: bool) -> list[tuple[list[mr.Event], dict[str, object] | None]]:
    """Four histories, clocks out of order and repeats among them, and who they are."""
    value = (lambda v: float(v)) if rating else (lambda v: 1.0 + v)
    profile = {"age": 30, "income": "low"}
    long = [
        mr.Event(ids[(7 * j) % 60], value(1 + j % 5), KINDS[j % 2], 1e9 + DAY * ((5 * j) % 11))
        for j in range(15)
    ]
    undated = [mr.Event(ids[j], value(5 - j % 4), None, None) for j in range(4)]
    return [([], None), ([], profile), (undated, None), (long, profile)]


def answers(model: mr.MetaRecommender) -> Arrays:
    """All that a person can be asked, as arrays by name."""
    ids = [f"i{row:07d}" for row in range(60)]
    found: Arrays = {}
    for row, (events, profile) in enumerate(people(ids, model.predicts_ratings)):
        person = model.adapt(events, profile=profile)
        predicted, listed = person.predict(ids), person.recommend(k=10)
        told, asked = person.explain(ids[8]), person.ask(k=4)
        found |= {
            f"{row}.scores": person.score(ids),
            f"{row}.stds": predicted.stds,
            f"{row}.predictive": predicted.predictive_stds,
            f"{row}.list": np.array([ids.index(i) for i in listed.ids]),
            f"{row}.listed": listed.scores,
            f"{row}.base": np.array([told.base, told.score]),
            f"{row}.shares": told.shares,
            f"{row}.effects": told.effects,
            f"{row}.asked": np.array([ids.index(i) for i in asked.ids]),
            f"{row}.gains": asked.scores,
        }
    return found


def steady(shape: tuple[int, ...], phase: float) -> np.ndarray:
    """Numbers in (-1, 1) that follow from shape and phase alone."""
    n = int(np.prod(shape))
    return np.sin(phase + 1.7 * np.arange(n) + 0.1 * np.arange(n) ** 1.3).reshape(shape)


def loss_and_gradients(name: str) -> Arrays:
    """The training loss of fixed parameters on one fixed batch in float64, and its gradient."""
    data, settings = shop(str(MODELS[name]["kind"])), config(name)
    implicit = data.feedback == "implicit"
    users = np.arange(0, 60, 4)
    assert data.users is not None
    tabular = TabularFeatures.fit(data.users)
    profiles = torch.from_numpy(tabular.transform(data.users)).double()
    content = torch.from_numpy(steady((60, 9), 0.3))
    counts = torch.from_numpy(np.arange(60) % 5).double()
    recency = {"auto": "place" if implicit else "none"}.get(settings.recency, settings.recency)
    inputs = Inputs(
        data.histories, content, profiles, torch.zeros(profiles.shape[1]).double(), counts,
        recency, users,
    )  # fmt: skip
    head = LearnedChoice() if implicit else LearnedValue(data.scale, 3.2)
    d_profile, rng_of_start = profiles.shape[1], torch.Generator().manual_seed(0)
    network = new_network(60, {"all": 9}, d_profile, 2, settings, rng_of_start, head).double()
    set_parameters(name, network)
    rng = np.random.default_rng(11)
    prefixes = implicit and recency != "none"
    batch = (
        sample_prefix_batch(data.histories, users, rng, max_events=20, prefixes=3)
        if prefixes
        else sample_rating_batch(data.histories, users, rng, max_events=20)
    )
    shown = np.where(users % 8 == 0, -1, users)
    z = torch.from_numpy(np.arange(60) % 3 > 0).double()
    step = Step(batch, shown, z, torch.Generator().manual_seed(4))
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        terms = network.features(content, z, None)
        loss = network.head.loss(network, terms, step, inputs, settings)
        total = loss + network.penalty(settings, 500)
        total.backward()
    finally:
        torch.set_default_dtype(default)
    gradients = {
        f"gradient.{parameter_name}": parameter.grad.numpy()
        for parameter_name, parameter in network.named_parameters()
        if parameter.grad is not None
    }
    return {"loss": np.array([loss.item(), total.item()]), **gradients}


@torch.no_grad()
def set_parameters(name: str, network: HeartNetwork) -> None:
    """The parameters that the golden losses were computed with, at their present names."""
    fresh = dict(network.named_parameters())
    with np.load(Path(__file__).parent / f"{name}.parameters.npz") as stored:
        for before in stored:
            if renamed(before) in fresh:
                fresh.pop(renamed(before)).copy_(torch.from_numpy(stored[before]))
    assert not fresh, f"no golden numbers for {sorted(fresh)}"


def validation(name: str) -> np.ndarray:
    """Validation loss of refits, one a seed."""
    losses = [fitted(name, seed).metrics["valid_loss"] for seed in REFIT_SEEDS]
    return np.array(losses, dtype=np.float64)


def as_mapping(file: Mapping[str, np.ndarray]) -> Arrays:
    return {name: file[name] for name in file}
