"""`MeLU`: a person's own layers are gradient steps, in NumPy as in the network; what it reads."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from metarec.contracts import DataError, Dataset, Episodes, NothingLearnedWarning
from metarec.data import from_frames, generate
from metarec.recommenders import MeLU, MeLUConfig
from metarec.recommenders.melu import (
    beside,
    foretold,
    gradient,
    padded,
    warn_where_nothing_is_learned,
)
from metarec.recommenders.melu_config import LAYERS
from metarec.recommenders.melu_learning import Adapting, squared_error
from metarec.recommenders.weights import in_double

SHOP = generate(users=60, items=30, rng=2).dataset
QUICK: dict[str, Any] = {"d": 4, "hidden": 6, "steps": 20, "batch": 8, "learning_rate": 1e-2}
RNG = np.random.default_rng(0)
PEOPLE, EVENTS, D, HIDDEN = 3, 5, 4, 6
REAL = np.arange(EVENTS) < np.array([5, 2, 0])[:, None]


def layers_of() -> list[np.ndarray]:
    shapes = [(D, HIDDEN), (HIDDEN,), (HIDDEN, HIDDEN), (HIDDEN,), (HIDDEN, 1), (1,)]
    return [RNG.normal(size=(PEOPLE, *shape)) for shape in shapes]


def test_the_gradient_is_that_of_the_networks_error() -> None:
    layers, x = layers_of(), RNG.normal(size=(PEOPLE, EVENTS, D))
    values = RNG.normal(size=(PEOPLE, EVENTS))
    tensors = [torch.tensor(layer, requires_grad=True) for layer in layers]
    error = squared_error(tensors, torch.tensor(x), torch.tensor(values), torch.tensor(REAL))
    expected = torch.autograd.grad(error.sum(), tensors)
    found = gradient(layers, x, values, REAL)
    for own, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, other.numpy(), rtol=1e-10, atol=1e-12)
    assert all(not own[2].any() for own in found)  # who has no event takes no step


def test_a_rating_is_the_last_layer_after_the_steps_of_the_persons_own_error() -> None:
    config = MeLUConfig(**QUICK, inner_steps=2, inner_rate=0.05)
    model = MeLU(config).fit(SHOP)
    people = SHOP.histories.take(np.array([3, 8]))
    own = in_double(model.weights_)
    items, values, real = padded(people)
    person = model._person(own, people)
    x = torch.tensor(beside(person, own["items"][items]))
    layers = [torch.tensor(own[name]).expand(2, *own[name].shape).clone() for name in LAYERS]
    for _ in range(2):
        layers = [layer.requires_grad_() for layer in layers]
        error = squared_error(layers, x, torch.tensor(values), torch.tensor(real)).sum()
        slopes = torch.autograd.grad(error, layers)
        layers = [(a - 0.05 * b).detach() for a, b in zip(layers, slopes, strict=True)]
    told = foretold([layer.numpy() for layer in layers], person, own["items"][None])
    np.testing.assert_allclose(model._score(people), told, rtol=1e-10)
    alone = [model._score(people.take([row]))[0] for row in range(2)]
    np.testing.assert_allclose(alone, told, rtol=1e-10)


def test_a_rate_of_zero_tells_everybody_with_one_profile_the_same() -> None:
    shop = replace(SHOP, users=None)
    model = MeLU(MeLUConfig(**QUICK, inner_rate=0.0)).fit(shop)
    scores = model._score(shop.histories.take(slice(0, 5)))
    np.testing.assert_array_equal(scores, scores[[0] * 5])
    moved = MeLU(MeLUConfig(**QUICK, inner_rate=0.1)).fit(shop)
    assert np.ptp(moved._score(shop.histories.take(slice(0, 5))), axis=0).max() > 1e-3


def test_learning_goes_through_the_steps() -> None:
    adapting = Adapting(SHOP.histories, [], [np.eye(30)], MeLUConfig(**QUICK, inner_rate=0.1))
    drawn = adapting.draw(np.random.default_rng(0))
    adapting.loss(drawn, 0.0).backward()
    bias = adapting.network.out.bias
    assert bias.grad is not None
    step, own, around = 1e-2, float(bias.grad), []
    for move in (step, -2 * step):
        with torch.no_grad():
            bias += move
        around.append(float(adapting.loss(drawn, 0.0).detach()))
    assert own == pytest.approx((around[0] - around[1]) / (2 * step), rel=1e-2)


def test_what_a_step_lowers_is_the_mean_of_what_each_person_leaves() -> None:
    adapting = Adapting(SHOP.histories, [], [np.eye(30)], MeLUConfig(**QUICK, inner_rate=0.1))
    people, batch, known = adapting.draw(np.random.default_rng(0))
    each = [
        (people[[i]], replace(batch, **{n: own[[i]] for n, own in vars(batch).items()}), known[[i]])
        for i in range(len(people))
    ]
    alone = [adapting.loss(drawn, 0.0).item() for drawn in each]
    assert np.ptp(alone) > 0.1
    together = adapting.loss((people, batch, known), 0.0).item()
    assert together == pytest.approx(np.mean(alone), rel=1e-5)


def test_a_step_asks_for_ten_ratings_of_a_person_or_half_and_reads_no_more_than_it_may() -> None:
    adapting = Adapting(SHOP.histories, [], [np.eye(30)], MeLUConfig(**QUICK, max_events=15))
    people, batch, known = adapting.draw(np.random.default_rng(0))
    lengths = np.minimum(SHOP.histories.lengths[people], 15)
    assert batch.event_mask.sum(axis=1).tolist() == lengths.tolist()
    asked = (batch.event_mask & ~known).sum(axis=1)
    assert asked.tolist() == np.maximum(lengths // 2, 1).tolist()
    whole = Adapting(SHOP.histories, [], [np.eye(30)], MeLUConfig(**QUICK, queries=3))
    people, batch, known = whole.draw(np.random.default_rng(0))
    many = SHOP.histories.lengths[people] >= 6
    assert many.any()
    assert ((batch.event_mask & ~known).sum(axis=1)[many] == 3).all()


def test_it_learns_of_people_and_items_what_their_columns_tell() -> None:
    rng = np.random.default_rng(1)
    users = pl.DataFrame({"user_id": [f"u{n}" for n in range(80)], "age": ["old", "new"] * 40})
    items = pl.DataFrame({"item_id": [f"i{n}" for n in range(40)], "age": ["old", "new"] * 20})
    pairs = [(u, i) for u in range(80) for i in rng.choice(40, 12, replace=False)]
    events = pl.DataFrame(
        {
            "user_id": [f"u{u}" for u, _ in pairs],
            "item_id": [f"i{i}" for _, i in pairs],
            "value": [5.0 if u % 2 == i % 2 else 1.0 for u, i in pairs],
        }
    )
    shop = from_frames(events, items, users, feedback="rating")
    model = MeLU(MeLUConfig(d=4, hidden=8, steps=400, learning_rate=1e-2)).fit(shop)
    stranger = replace(shop.histories.take([0, 1]), offsets=np.zeros(3, dtype=np.int64))
    stranger = replace(stranger, items=stranger.items[:0], values=stranger.values[:0])
    stranger = replace(stranger, times=stranger.times[:0], kinds=stranger.kinds[:0])
    scores = model._score(stranger)
    assert scores[0, 0] == pytest.approx(5.0, abs=0.5)
    assert scores[0, 1] == pytest.approx(1.0, abs=0.5)
    assert scores[1, 0] == pytest.approx(1.0, abs=0.5)


def test_the_best_by_the_error_that_is_served_is_kept() -> None:
    histories = SHOP.histories.take(np.arange(12))
    last = histories.places == 0
    valid = Episodes(histories.keep(~last), histories.keep(last))
    wild = MeLUConfig(**QUICK | {"learning_rate": 0.1, "steps": 40}, patience=100)
    model = MeLU(wild).fit(SHOP, valid)
    assert 0 < model.metrics_["best_step"] < 40
    told = model.predict(valid.support, valid.query).scores
    error = float(((told - valid.query.values) ** 2).mean())
    assert model.metrics_["valid_loss"] == pytest.approx(error, rel=1e-6)


def clicks() -> Dataset:
    return generate(users=20, items=10, kind="implicit").dataset


def test_events_without_ratings_and_items_without_columns_are_refused() -> None:
    with pytest.raises(DataError, match="MeLU learns from ratings"):
        MeLU().fit(clicks())
    events = pl.DataFrame({"user_id": ["a", "a"], "item_id": ["x", "y"], "value": [1.0, 2.0]})
    titles = pl.DataFrame({"item_id": ["x", "y"], "title": ["A film of a long night", "The sea"]})
    with pytest.raises(DataError, match="MeLU reads categories"):
        MeLU().fit(from_frames(events, titles, feedback="rating", roles={"text": ["title"]}))


def test_it_begins_at_the_mean_rating() -> None:
    """41 to 45, of which layers that begin at 0 would foretell next to nothing."""
    higher = SHOP.interactions.with_columns(pl.col("value") + 40)
    shop = replace(SHOP, interactions=higher, declared_scale=(41, 45))
    drawn = Adapting(shop.histories, [], [np.eye(30)], MeLUConfig(**QUICK))
    mean = float(shop.histories.values.mean())
    assert float(drawn.network.out.bias.detach()) == pytest.approx(mean)
    slow = MeLUConfig(**QUICK | {"steps": 1, "learning_rate": 1e-9})
    with pytest.warns(NothingLearnedWarning, match="no better on validation than the mean"):
        model = MeLU(slow).fit(shop)
    assert abs(model._score(shop.histories).mean() - mean) < 3


def test_it_tells_what_the_mean_rating_would_and_is_silent_where_it_is_better() -> None:
    histories = SHOP.histories.take(np.arange(12))
    last = histories.places == 0
    valid = Episodes(histories.keep(~last), histories.keep(last))
    model = MeLU(MeLUConfig(**QUICK | {"steps": 200})).fit(SHOP, valid)
    mean = float(SHOP.histories.values.mean())
    level = float(np.mean((valid.query.values - mean) ** 2))
    assert model.metrics_["mean_loss"] == pytest.approx(level)
    assert model.metrics_["valid_loss"] < level
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_where_nothing_is_learned(0.99, 1.0)
        warn_where_nothing_is_learned(None, None)
    with pytest.warns(NothingLearnedWarning, match="1, that of the mean 1"):
        warn_where_nothing_is_learned(1.0, 1.0)
