"""Factors of ratings, held to the sum that they minimise and to regressions written as loops."""

from dataclasses import replace

import numpy as np
import pytest
from recommender_toys import dataset, taken

from metarec.contracts import DataError, Histories
from metarec.recommenders import (
    BiasedMF,
    BiasedMFConfig,
    RatedItemKNN,
    RatedUserKNN,
    SVDPlusPlus,
    SVDPlusPlusConfig,
)
from metarec.recommenders import rating_factors as rf
from metarec.testing import planted_shop

SHOP = planted_shop("rating").data.histories
PENALTIES = rf.Penalties(0.7, 0.4, 3.0)


def implied(items: rf.Items, histories: Histories) -> np.ndarray:
    """z_u of everyone, history by history."""
    owns = [histories.items[histories.rows == u] for u in range(len(histories))]
    return np.stack([items.implicit[own].sum(axis=0) / np.sqrt(len(own)) for own in owns])


def objective(items: rf.Items, histories: Histories, penalties: rf.Penalties) -> float:
    """The docstring's sum at these items and the people that they give."""
    people = rf.people_given(items, histories, penalties)
    p = people.factors - implied(items, histories)
    expected = rf.scores(items, people)[histories.rows, histories.items]
    n_i = np.bincount(histories.items, minlength=len(items.biases))
    sides = (
        (histories.lengths, p, people.biases),
        (n_i, items.factors, items.biases),
    )
    total = float(np.sum((histories.values - expected) ** 2))
    for n, factors, biases in sides:
        own = penalties.factors * np.sum(factors**2, axis=1) + penalties.biases * biases**2
        total += float(np.sqrt(n) @ own)
    return total + (penalties.implicit or 0.0) * float(np.sum(items.implicit**2))


@pytest.mark.parametrize("implicit", [None, 3.0])
def test_every_sweep_lowers_the_sum_that_is_minimised(implicit: float | None) -> None:
    penalties = replace(PENALTIES, implicit=implicit)
    found = [
        objective(rf.learn(SHOP, 3, penalties, sweeps, seed=1), SHOP, penalties)
        for sweeps in (1, 2, 3, 5, 8)
    ]
    assert (np.diff(found) < 0).all()
    assert found[-1] < 0.9 * found[0]


def test_a_person_is_the_ridge_regression_of_their_own_ratings() -> None:
    items = rf.learn(SHOP, 3, PENALTIES, 3, seed=0)
    people, z = rf.people_given(items, SHOP, PENALTIES), implied(items, SHOP)
    for u in (0, 7):
        own, values = SHOP.items[SHOP.rows == u], SHOP.values[SHOP.rows == u]
        x = np.c_[items.factors[own], np.ones(len(own))]
        y = values - items.level - items.biases[own] - items.factors[own] @ z[u]
        penalty = np.sqrt(len(own)) * np.diag([0.7, 0.7, 0.7, 0.4])
        weights = np.linalg.solve(x.T @ x + penalty, x.T @ y)
        np.testing.assert_allclose(people.factors[u], weights[:3] + z[u], rtol=1e-9)
        np.testing.assert_allclose(people.biases[u], weights[3], rtol=1e-9)


def test_an_item_is_the_ridge_regression_of_those_who_rated_it() -> None:
    before = rf.learn(SHOP, 3, PENALTIES, 3, seed=0)
    people = rf.people_given(before, SHOP, PENALTIES)
    items = rf.items_given(people, SHOP, before, PENALTIES)
    for i in (0, 14):
        own, values = SHOP.rows[SHOP.items == i], SHOP.values[SHOP.items == i]
        x = np.c_[people.factors[own], np.ones(len(own))]
        y = values - before.level - people.biases[own]
        penalty = np.sqrt(len(own)) * np.diag([0.7, 0.7, 0.7, 0.4])
        weights = np.linalg.solve(x.T @ x + penalty, x.T @ y)
        np.testing.assert_allclose(items.factors[i], weights[:3], rtol=1e-9)
        np.testing.assert_allclose(items.biases[i], weights[3], rtol=1e-9)


def test_what_was_rated_at_all_speaks_as_the_dense_regression_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rf, "SOLVES", 400)
    monkeypatch.setattr(rf, "NUMBERS_AT_ONCE", 50)
    few = SHOP.take(np.arange(20))
    items = rf.learn(few, 2, replace(PENALTIES, implicit=None), 2, seed=0)
    people = rf.people_given(items, few, PENALTIES)
    found = rf.implicit_given(people, few, items, 3.0).implicit
    n, d = items.factors.shape  # the design of vec(y): one row a rating
    x = np.zeros((len(few.items), n, d))
    for e, (u, i) in enumerate(zip(few.rows, few.items, strict=True)):
        own = few.items[few.rows == u]
        np.add.at(x[e], own, items.factors[i] / np.sqrt(len(own)))
    flat = x.reshape(len(few.items), -1)
    left = few.values - rf.scores(items, people)[few.rows, few.items]
    expected = np.linalg.solve(flat.T @ flat + 3.0 * np.eye(n * d), flat.T @ left)
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-8)


def test_the_signs_of_an_item_that_someone_rated_count_in_svd_plus_plus_alone() -> None:
    """The same ratings at the mean of items: only that they were given differs."""
    shop = planted_shop("rating").data
    plain = BiasedMF(BiasedMFConfig(factors=3, l2=0.3)).fit(shop)
    more = SVDPlusPlus(SVDPlusPlusConfig(factors=3, l2=0.3, implicit_l2=1.0)).fit(shop)
    assert not plain.implicit_.any()
    assert more.implicit_[shop.touched].any(axis=1).all()
    assert not more.implicit_[~shop.touched].any()


def test_nobody_and_no_rating_have_the_level_of_the_item_and_the_bias_of_the_person() -> None:
    shop = dataset([("u", "a", 4.0), ("u", "b", 2.0), ("v", "a", 5.0)], "abc")
    model = BiasedMF(BiasedMFConfig(factors=2)).fit(shop)
    nobody, liker = model.score([[], [("a", 5.0), ("b", 5.0)]], ["a", "c"])
    assert nobody[0] == pytest.approx(model.level_ + model.biases_[0])
    assert nobody[1] == model.level_ == pytest.approx(11 / 3)
    assert liker[1] > nobody[1]
    assert np.isnan(model.similar("c").scores).all()


def test_repeated_ratings_count_as_often_as_they_were_given() -> None:
    shop = dataset([("u", "a", 4.0), ("u", "b", 2.0), ("v", "a", 5.0), ("v", "b", 1.0)], "ab")
    model = BiasedMF(BiasedMFConfig(factors=1, bias_l2=1.0)).fit(shop)
    once, twice = model.score([[("a", 5.0)], [("a", 5.0), ("a", 5.0)]], ["b"])
    assert once != twice


@pytest.mark.parametrize(
    "model", [BiasedMF(), SVDPlusPlus(), RatedItemKNN(), RatedUserKNN()], ids=repr
)
def test_events_without_ratings_are_refused_in_one_line(model: BiasedMF) -> None:
    with pytest.raises(DataError, match=r"learns from ratings, and the events of 'toy' are impl"):
        model.fit(taken(u="ab", v="bc"))
