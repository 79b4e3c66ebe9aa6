"""How much a rating of an item varies: learned, used in the posterior, and promised honestly."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

import metarec as mr
from metarec.contracts import Episodes
from metarec.data import Split, split_cold
from metarec.meta.heads.value_training import TRUST, crps, interval_factor
from metarec.meta.loops.steps import query_weights
from metarec.metrics import crps_gaussian


@pytest.mark.slow
def test_items_whose_ratings_scatter_get_more_noise():
    # the second half of the items is rated at random, the first half as everyone agrees
    rng = np.random.default_rng(0)
    shop = mr.generate(users=300, items=60, rng=0).dataset
    items = shop.interactions["item"].to_numpy()
    values = np.where(items < 30, 4.0, rng.choice([1.0, 5.0], len(items)))
    events = shop.interactions.with_columns(pl.Series("value", values.astype(np.float32)))
    split = split_cold(replace(shop, interactions=events), users=0.2, items=0.05, rng=0)
    config = mr.MetaConfig(d=4, steps=200, judge_every=200, learning_rate=1e-2)
    model = mr.MetaRecommender(mr.HashEncoder(d=16), config).fit(split.train, split.valid)
    known = np.flatnonzero(split.train.touched)
    noise = model.heart.terms.noise
    assert noise[known[known >= 30]].mean() > 2 * noise[known[known < 30]].mean()


def test_an_event_on_a_noisier_item_moves_a_person_less(ratings: mr.MetaRecommender):
    item = str(ratings.catalogue.ids[4])
    louder = ratings.heart.terms.noise.copy()
    louder[4] *= 10
    quiet, loud = ratings, mr.MetaRecommender(ratings.encoder, ratings.config)
    heart = replace(quiet.heart, terms=replace(quiet.heart.terms, noise=louder))
    loud.__dict__.update(vars(quiet), hearts={heart.head.name: heart})
    moved = [
        abs(m.adapt([(item, 1.0)]).score([item])[0] - m.adapt([]).score([item])[0])
        for m in (quiet, loud)
    ]
    assert moved[1] < moved[0]
    stds = [m.adapt([]).predict([item]) for m in (quiet, loud)]
    assert stds[0].stds[0] == stds[1].stds[0]
    assert stds[0].predictive_stds[0] < stds[1].predictive_stds[0]


def test_ninety_per_cent_intervals_hold_ninety_per_cent_of_validation(
    ratings: mr.MetaRecommender, rating_split: Split
):
    valid = rating_split.valid
    told = ratings.predict(valid.support, valid.query)
    inside = np.abs(valid.query.values - told.scores) < 1.6449 * told.predictive_stds
    per_person = np.bincount(valid.query.rows, inside) / np.bincount(valid.query.rows)
    assert np.mean(per_person) == pytest.approx(0.9, abs=0.03)


def test_what_content_leaves_open_is_calibrated_by_queries_on_untouched_items_alone(
    rating_split: Split,
):
    train, valid = rating_split.train, rating_split.valid
    config = mr.MetaConfig(d=3, steps=1, learning_rate=1e-12, start="random", choice=False)

    def open_after(valid: Episodes) -> float:
        model = mr.MetaRecommender(mr.HashEncoder(d=8), config).fit(train, valid)
        return float(model._weights["rating"]["tau.bias"].item())

    known = replace(valid, query=valid.query.keep(train.touched[valid.query.items]))
    assert len(set(known.query.lengths)) > 1  # some are padded
    as_it_was = open_after(valid.take(slice(0)))
    assert open_after(known) == as_it_was
    assert open_after(valid) != as_it_was


def test_the_factor_is_the_ninetieth_percentile_over_that_of_a_gaussian():
    # ten people with one query event each, predicted 0 with variance 1: the ninth largest error
    # of 0.1, 0.2, ... 1.0 is 0.9, where a Gaussian would have 1.6449
    z2, asked = np.linspace(0.1, 1.0, 10)[:, None] ** 2, np.ones((10, 1), dtype=bool)
    raw = (0.9 / 1.6449) ** 2
    for beforehand in (1.0, 3.0):
        expected = (10 * raw + TRUST * beforehand) / (10 + TRUST)
        factor = interval_factor(z2, asked, beforehand)
        assert factor == pytest.approx(expected, rel=1e-6)
    assert interval_factor(z2, ~asked, 3.0) == 3.0


def test_evenness_goes_from_every_event_alike_to_every_person_alike():
    asked = np.array([[True, True, True, True], [False, True, False, False]])
    for evenness, expected in ((0.0, (4.0, 1.0)), (1, (1.0, 1.0)), (0.5, (2.0, 1.0))):
        weight = query_weights(asked, mr.MetaConfig(evenness=evenness))
        torch.testing.assert_close(weight.sum(1), torch.tensor(expected))
        assert not weight[~torch.from_numpy(asked)].any()


def test_the_loss_is_the_metric_up_to_its_factor():
    rng = np.random.default_rng(0)
    mean, values = rng.normal(size=50), rng.normal(size=50)
    std = rng.uniform(0.2, 2.0, 50)
    loss = crps(*(torch.from_numpy(column) for column in (mean, std**2, values)))
    np.testing.assert_allclose(loss, np.sqrt(np.pi) * crps_gaussian(values, mean, std))


def test_the_gradient_of_the_loss_is_right():
    rng = np.random.default_rng(1)
    mean, variance, values = (
        torch.from_numpy(column).requires_grad_()
        for column in (rng.normal(size=5), rng.uniform(0.5, 2.0, 5), rng.normal(size=5))
    )
    assert torch.autograd.gradcheck(crps, (mean, variance, values))
