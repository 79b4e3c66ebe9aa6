"""Ratings start at closed forms, and what is open of an item falls with its ratings."""

import tracemalloc
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import metarec as mr
from metarec.data import Split
from metarec.meta.heads.value_factors import Ratings, levels, people_given, predicted, sweeps
from metarec.meta.heads.value_start import Hidden, doubt_of
from metarec.posterior import Prior, condition, gather
from metarec.recommenders import TextRidge, UserItemBias, UserMean


@pytest.fixture(scope="module")
def started(rating_split: Split) -> mr.MetaRecommender:
    config = mr.MetaConfig(d=6, steps=0)
    encoder = mr.HashEncoder(d=16)
    return mr.MetaRecommender(encoder, config).fit(rating_split.train, rating_split.valid)


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    """Thirty people and twelve items; the last item has no rating, the one before it one."""
    rng = np.random.default_rng(0)
    people, items = np.divmod(rng.choice(30 * 10, 200, replace=False), 10)
    people, items = np.append(people, 3), np.append(items, 10)
    values = 3.0 + 0.2 * items + rng.normal(size=201)
    return Ratings(people, items, values, 30, 12)


def test_people_given_the_items_are_those_that_are_served(ratings: Ratings):
    content = np.random.default_rng(1).normal(size=(12, 3))
    *_, factors = sweeps(ratings, content, levels(ratings, content, 2), 3, np.random.default_rng(2))
    people = people_given(ratings, factors)
    for person in (0, 3, 29):
        own = ratings.people == person
        rows, features = ratings.items[own], factors.features
        targets = ratings.values[own] - factors.own[rows, -1]
        served = condition(
            Prior(np.zeros(3), np.eye(3)), gather(features[rows], targets, 1 / factors.noise[rows])
        )
        np.testing.assert_allclose(people.mean[person], served.mean)
        np.testing.assert_allclose(people.covariance[person], served.covariance())
        asked = np.full(12, person)
        mean, variance = predicted(people, factors, asked, np.arange(12))
        np.testing.assert_allclose(mean, factors.own[:, -1] + features @ served.mean)
        np.testing.assert_allclose(variance, served.variance(features))


def test_many_pairs_are_foretold_in_the_memory_of_few(ratings: Ratings):
    start = levels(ratings, np.zeros((12, 1)), 40)
    rng = np.random.default_rng(2)
    factors = replace(start, own=np.hstack([rng.normal(size=(12, 40)), start.own[:, -1:]]))
    people = people_given(ratings, factors)
    rows, items = rng.integers(30, size=30_000), rng.integers(12, size=30_000)
    few = [
        predicted(people, factors, *each)
        for each in zip(rows[:50, None], items[:50, None], strict=True)
    ]
    tracemalloc.start()
    found = predicted(people, factors, rows, items)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(np.array(found)[:, :50], np.array(few)[:, :, 0].T)
    assert peak < 2e8  # a matrix for each pair would be 403 MB


def test_an_item_without_a_rating_has_what_content_tells(ratings: Ratings):
    content = np.random.default_rng(1).normal(size=(12, 3))
    start = levels(ratings, content, 2)
    *_, factors = sweeps(ratings, content, start, 2, np.random.default_rng(2))
    for known in (start, factors):
        told = content @ known.slopes + known.intercept
        np.testing.assert_allclose(known.own[11], told[11])
        assert not np.allclose(known.own[:10], told[:10])


def test_one_rating_moves_an_item_less_than_half_as_far_as_it_stands_away(ratings: Ratings):
    content = np.zeros((12, 1))  # content tells nothing, so that only numbers of ratings do
    moved = []
    for value in (1.0, 5.0):
        values = np.where(ratings.items == 10, value, ratings.values)
        given = Ratings(ratings.people, ratings.items, values, 30, 12)
        start = levels(given, content, 0)
        *_, factors = sweeps(given, content, start, 2, np.random.default_rng(2))
        moved.append([start.own[10, -1], factors.own[10, -1]])
    for below, above in zip(*moved, strict=True):
        assert 0 < above - below < 2.0


def test_planted_doubt_is_found_from_hidden_ratings(ratings: Ratings):
    rng = np.random.default_rng(5)
    counts = rng.choice([0, 1, 3, 40], 20_000)
    noise, variances = np.full(20_000, 0.4), rng.uniform(0.02, 0.1, 20_000)
    spread = variances + 1 / (1 / 0.6 + counts / 1.5) + 1.5 * noise
    errors = rng.normal(size=20_000) * np.sqrt(spread)
    hidden = Hidden(errors[None], variances[None], noise[None], counts, np.arange(20_000))
    own = replace(levels(ratings, np.zeros((12, 1)), 0), common_noise=1.0, spread=0.5)
    doubt = doubt_of(hidden, 0, own)
    assert doubt.untouched == pytest.approx(0.6, rel=0.1)
    assert doubt.per_rating == pytest.approx(1.5, rel=0.4)
    assert doubt.noise_factor == pytest.approx(1.5, rel=0.1)


def test_what_is_open_of_an_item_falls_with_its_ratings(
    started: mr.MetaRecommender, rating_split: Split
):
    counts, open_ = (
        rating_split.train.item_counts,
        started.heart.terms.unsure[: len(started.catalogue)],
    )
    most = open_[counts == 0].max()
    np.testing.assert_allclose(open_[counts == 0], most)
    per_rating = counts[counts > 0] / (1 / open_[counts > 0] - 1 / most)
    np.testing.assert_allclose(per_rating, per_rating[0], rtol=1e-4)
    assert 0 < open_[counts > 0].max() < most


def test_ninety_per_cent_intervals_hold_by_what_is_known_of_the_item(
    started: mr.MetaRecommender, rating_split: Split
):
    inside: dict[bool, list[np.ndarray]] = {True: [], False: []}
    for episodes in rating_split.test.values():
        told, query = started.predict(episodes.support, episodes.query), episodes.query
        held = np.abs(query.values - told.scores) < 1.6449 * told.predictive_stds
        known = rating_split.train.item_counts[query.items] > 0
        for group in inside:
            inside[group].append(held[known == group])
    for held in inside.values():
        assert np.concatenate(held).mean() == pytest.approx(0.9, abs=0.05)


def test_the_start_is_behind_no_simple_row_without_a_step(
    started: mr.MetaRecommender, rating_split: Split
):
    train = rating_split.train
    rows = [UserMean(), UserItemBias(), TextRidge(mr.HashEncoder(d=16))]
    fitted = [row.fit(train) for row in rows]
    for episodes in rating_split.test.values():
        values = episodes.query.values
        own, *others = (
            np.abs(model.predict(episodes.support, episodes.query).scores - values)
            for model in (started, *fitted)
        )
        for other in others:
            gap = own - other
            assert gap.mean() < 2 * gap.std() / np.sqrt(len(gap))


def test_lists_of_ratings_stand_in_order_beyond_the_scale(started: mr.MetaRecommender):
    ids = started.catalogue.ids
    person = started.adapt([(str(item), 5.0) for item in ids[:25]])
    listed = person.recommend(k=20, rank_by="rating")
    assert max(listed.scores) <= 5.0
    beyond = person.predict(listed.ids).scores  # not held inside the scale
    assert beyond[0] > 5.0
    assert (np.diff(beyond) < 0).all()


def test_other_content_leaves_what_ratings_told_of_an_item(started: mr.MetaRecommender):
    table = started.catalogue.table
    changed = started.update_items(table.with_columns(title=pl.lit("other")))
    np.testing.assert_array_equal(changed.heart.terms.unsure, started.heart.terms.unsure)
