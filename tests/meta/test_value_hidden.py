"""What hidden people say: nothing of theirs is learned from, and each number is looked up right."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
import torch

import metarec as mr
from metarec.contracts import Dataset
from metarec.meta.heads import value_start
from metarec.meta.heads.value_factors import (
    LEAST,
    Ratings,
    levels,
    people_given,
    predicted,
    sweeps,
)
from metarec.meta.heads.value_start import (
    SWEEPS,
    Hidden,
    doubt_of,
    look_at_hidden,
    start_from_levels,
)
from metarec.meta.loops.episodes import learned_counts
from metarec.training.streams import Purpose, stream
from tests.meta.networks import small_network

N_PEOPLE, N_ITEMS = 26, 20
CONTENT = np.random.default_rng(1).normal(size=(N_ITEMS, 2))
EVERYTHING = (-np.inf, np.inf)


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    """Every value once, so that an event is known by it; the last person has rated nothing."""
    rng = np.random.default_rng(0)
    cells = rng.choice((N_PEOPLE - 1) * N_ITEMS, 260, replace=False)
    people, items = np.divmod(cells, N_ITEMS)
    values = 3.0 + CONTENT[items, 0] + rng.normal(size=260)
    return Ratings(people, items, values, N_PEOPLE, N_ITEMS)


def asked_of(ratings: Ratings, seed: int = 3) -> np.ndarray:
    """The events whose ratings were foretold, in their order: with a scale of one point the errors
    are the values less this point."""
    found = look_at_hidden(ratings, CONTENT, 1, (0.0, 0.0), np.random.default_rng(seed))
    at = {value: event for event, value in enumerate(ratings.values.tolist())}
    return np.array([at[value] for value in found.errors[0].tolist()])


def test_every_person_is_hidden_once_and_asked_for_some_of_their_ratings(ratings: Ratings):
    found = look_at_hidden(ratings, CONTENT, 1, (1.0, 5.0), np.random.default_rng(3))
    asked = asked_of(ratings)
    assert len(set(asked)) == len(asked)
    np.testing.assert_array_equal(found.people, ratings.people[asked])
    assert set(found.people) == set(ratings.people)
    assert 0.2 < len(asked) / len(ratings.values) < 0.95


def test_people_are_hidden_until_enough_of_them_were_asked(ratings: Ratings, monkeypatch):
    for enough, parts in ((1, 1), (5, 1), (6, 2), (10, 2), (11, 3)):  # twenty-five in fifths
        monkeypatch.setattr(value_start, "ENOUGH_PEOPLE", enough)
        assert len(set(ratings.people[asked_of(ratings)])) == 5 * parts


def test_of_fewer_people_than_parts_each_is_hidden_once_and_never_nobody(
    ratings: Ratings, monkeypatch
):
    hide, parts = value_start._hide, []

    def watched(events: Ratings, part: np.ndarray, *rest: object) -> Hidden:
        parts.append(part.tolist())
        return hide(events, part, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(value_start, "_hide", watched)
    few = ratings.where(ratings.people < 3)
    found = look_at_hidden(few, CONTENT, 1, EVERYTHING, np.random.default_rng(3))
    assert sorted(parts) == [[0], [1], [2]]
    assert set(found.people) == {0, 1, 2}


@dataclass
class OneFold:
    """One fifth of the people, hidden: what was told of them, what was asked and what was new."""

    found: Hidden
    learned: np.ndarray
    told: np.ndarray
    asked: np.ndarray
    new: np.ndarray


@pytest.fixture
def fold(ratings: Ratings, monkeypatch) -> OneFold:
    monkeypatch.setattr(value_start, "ENOUGH_PEOPLE", 1)
    asked = asked_of(ratings)
    found = look_at_hidden(ratings, CONTENT, 1, EVERYTHING, np.random.default_rng(3))
    own = np.isin(ratings.people, found.people)
    new = np.zeros(N_ITEMS, dtype=bool)
    new[ratings.items[asked[found.counts == 0]]] = True
    told = own & ~np.isin(np.arange(len(own)), asked)
    return OneFold(found, ~own & ~new[ratings.items], told, asked, new)


def test_of_hidden_people_all_is_asked_that_is_not_told(ratings: Ratings, fold: OneFold):
    """Of new items all ratings are asked for, of known ones at least one a person."""
    assert 0 < fold.new.sum() < N_ITEMS / 2
    assert not fold.new[ratings.items[fold.told]].any()
    counts = np.bincount(ratings.items[fold.learned], minlength=N_ITEMS)
    np.testing.assert_array_equal(fold.found.counts, counts[ratings.items[fold.asked]])
    known = fold.asked[fold.found.counts > 0]
    assert set(ratings.people[known]) == set(fold.found.people)
    told = np.bincount(ratings.people[fold.told], minlength=N_PEOPLE)
    assert len(set(told[np.unique(fold.found.people)])) > 2  # supports of several sizes


def test_hidden_ratings_are_foretold_from_others_and_the_told_ones_alone(
    ratings: Ratings, fold: OneFold
):
    kept, support = ratings.where(fold.learned), ratings.where(fold.told)
    start = levels(kept, CONTENT, 1)
    more = sweeps(kept, CONTENT, start, SWEEPS, np.random.default_rng(9))
    rows, items = ratings.people[fold.asked], ratings.items[fold.asked]
    swept = [start, *more]
    assert len(swept) == len(fold.found.errors) > 1
    for at, factors in enumerate(swept):
        mean, variance = predicted(people_given(support, factors), factors, rows, items)
        errors = ratings.values[fold.asked] - mean
        np.testing.assert_allclose(fold.found.errors[at], errors, atol=1e-6)
        np.testing.assert_allclose(fold.found.variances[at], variance, atol=1e-6)
        np.testing.assert_allclose(fold.found.noise[at], factors.noise[items], atol=1e-6)


def test_of_too_few_people_nobody_is_hidden(ratings: Ratings):
    alone = ratings.where(ratings.people == 4)
    found = look_at_hidden(alone, CONTENT, 1, (1.0, 5.0), np.random.default_rng(0))
    assert found.errors.shape == found.variances.shape == found.noise.shape == (1, 0)
    assert len(found.counts) == len(found.people) == 0
    factors = levels(alone, CONTENT, 1)
    doubt = doubt_of(found, 0, factors)
    told = (doubt.untouched, doubt.per_rating, doubt.noise_factor)
    assert told == pytest.approx((factors.spread, factors.common_noise, 1.0))


def hidden_of(errors: list[list[float]], people: list[int]) -> Hidden:
    table, counts = np.array(errors), np.ones(len(people), dtype=np.int64)
    return Hidden(table, table, table, counts, np.array(people))


def test_the_best_sweep_is_the_one_that_is_best_for_people():
    # one person of many ratings, for whom sweep 1 is best, and nine of one, for whom 2 is
    people = [7] * 50 + list(range(10, 19))
    sweeps = [[1.0] * 59, [-0.1] * 50 + [0.9] * 9, [0.9] * 50 + [-0.1] * 9]
    assert hidden_of(sweeps, people).best() == 2
    assert hidden_of(sweeps[::-1], people).best() == 0


@pytest.mark.parametrize(
    ("gains", "best"), [([1.0, -0.4], 0), ([1.0, -0.2], 0), ([1.0, -0.1], 1), ([0.2, 0.2], 1)]
)
def test_a_sweep_is_taken_where_its_gain_is_more_than_one_standard_error(gains, best):
    # of two people, gains 1 and x: mean (1 + x) / 2, standard error (1 - x) / 2 / sqrt(2)
    hidden = hidden_of([[2.0, 2.0], [2.0 - gain for gain in gains]], [3, 8])
    assert hidden.best() == best


@pytest.mark.parametrize("untouched", [0.05, 3.0])
def test_a_few_hidden_ratings_move_the_doubt_less_than_many(ratings: Ratings, untouched: float):
    rng = np.random.default_rng(5)
    own = levels(ratings, CONTENT, 1)
    moved = []
    for n in (10, 10_000):
        counts, small = np.zeros(n, dtype=np.int64), np.full(n, 1e-6)
        errors = rng.normal(size=n) * np.sqrt(untouched)
        hidden = Hidden(errors[None], small[None], small[None], counts, np.arange(n))
        moved.append(abs(np.log(doubt_of(hidden, 0, own).untouched / own.spread)))
    assert moved[0] < moved[1]
    assert moved[1] == pytest.approx(abs(np.log(untouched / own.spread)), rel=0.1)


def shop_of_tastes() -> Dataset:
    """Two tastes, strong enough for sweeps; item 23 is rated by one-event people alone, 24 by none.

    The last person has one event too, on an item that others rate.
    """
    rng = np.random.default_rng(0)
    tastes = rng.normal(size=(70, 2)), rng.normal(size=(23, 2))
    cells = np.divmod(rng.choice(70 * 23, 700, replace=False), 23)
    values = 3.0 + (tastes[0][cells[0]] * tastes[1][cells[1]]).sum(axis=1)
    people, items = [*cells[0], 70, 71, 72], [*cells[1], 23, 23, 0]
    columns = {
        "user_id": [f"u{person:02}" for person in people],
        "item_id": [f"i{item:02}" for item in items],
        "value": [*np.clip(values, 1.0, 5.0), 1.0, 2.0, 5.0],
    }
    catalogue = pl.DataFrame({"item_id": [f"i{item:02}" for item in range(25)]})
    return mr.from_frames(pl.DataFrame(columns), catalogue, scale=(1.0, 5.0))


def test_training_starts_at_what_the_closed_forms_learned():
    train, config = shop_of_tastes(), mr.MetaConfig(d=2)
    n_items, counts = len(train.catalogue), learned_counts(train)
    content = np.random.default_rng(2).normal(size=(n_items, 4))
    network = small_network(n_items, 4, config, implicit=False, mean=3.4)
    start_from_levels(network, train, content, config, rng=5)
    histories, random = train.histories, stream(5, Purpose.LEVELS)
    able = np.flatnonzero((histories.lengths > 1)[histories.rows])
    columns = (histories.rows[able], histories.items[able], histories.values[able])
    ratings = Ratings(*columns, len(histories), n_items)
    assert len(able) == 700
    hidden = look_at_hidden(ratings, content, 2, train.scale, random)
    n, start = hidden.best(), levels(ratings, content, 2)
    assert n > 0
    *_, factors = sweeps(ratings, content, start, n, random)
    touched = torch.from_numpy(counts > 0)
    features, z = network.features, touched.float()
    with torch.no_grad():
        terms = features(torch.from_numpy(content).float(), z)
        untold = features(torch.from_numpy(content).float(), torch.zeros(n_items))
    told = content @ factors.slopes + factors.intercept
    for found, expected in ((terms, factors.own), (untold, told)):
        np.testing.assert_allclose(found.features[:, :-1], expected[:, :-1], atol=1e-4)
        np.testing.assert_allclose(found.offsets, expected[:, -1], atol=1e-4)
        np.testing.assert_allclose(found.features[:, -1], factors.gamma, rtol=1e-5)
    noise = np.where(counts > 0, factors.noise, factors.common_noise)
    np.testing.assert_allclose(terms.noise, noise, rtol=1e-4)
    doubt = doubt_of(hidden, n, factors)
    untouched = max(doubt.untouched / doubt.noise_factor, LEAST)
    open_ = 1 / (1 / untouched + counts * doubt.noise_factor / doubt.per_rating)
    np.testing.assert_allclose(terms.unsure, open_, rtol=1e-4)
    # what is learned from here on is drawn back to here
    assert torch.equal(features.v, features.v_start)
    assert torch.equal(features.beta, features.beta_start)
    assert not features.v[~touched].any()
    assert not features.nu[~touched].any()
