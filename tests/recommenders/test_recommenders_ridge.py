"""The penalty of a ridge map is chosen by items left out, each target its own."""

import numpy as np
import pytest

from metarec.recommenders import ridge
from metarec.recommenders.ridge import PENALTIES, chosen_ridge_map, ridge_map


def test_the_penalty_is_the_one_whose_items_left_out_are_foretold_best():
    rng = np.random.default_rng(3)
    features, weights = rng.normal(size=(25, 4)), rng.uniform(0.5, 3.0, 25)
    weights[3] = 0.0
    targets = features @ rng.normal(size=(4, 2)) * [1.0, 0.02] + rng.normal(size=(25, 2))
    share = weights / weights.sum()

    def solved(penalty: float, column: int, left_out: int | None = None):
        """One map, with centre, level and spread of all items, as the formula has them."""
        w = share.copy()
        centred = features - share @ features
        y = targets[:, column] - share @ targets[:, column]
        power = float(share @ (centred**2).sum(axis=1))
        if left_out is not None:
            w[left_out] = 0.0
        design = np.c_[centred, np.ones(25)]
        held = np.diag([penalty * power] * 4 + [0.0])
        return np.linalg.solve(design.T @ (w[:, None] * design) + held, design.T @ (w * y)), design

    slopes, intercept = chosen_ridge_map(features, targets, weights)
    for column in range(2):
        lost = []
        for penalty in PENALTIES[:-1]:
            left = []
            for item in np.flatnonzero(weights):
                answer, design = solved(penalty, column, item)
                y = targets[item, column] - share @ targets[:, column]
                left.append(share[item] * (y - design[item] @ answer) ** 2)
            lost.append(np.sum(left))
        level = share @ targets[:, column]
        alone = np.sum(share * ((targets[:, column] - level) / (1 - share)) ** 2)
        if alone < min(lost):
            np.testing.assert_allclose(slopes[:, column], 0.0)
            assert intercept[column] == pytest.approx(level)
            continue
        best = PENALTIES[int(np.argmin(lost))]
        np.testing.assert_allclose(slopes[:, column], solved(best, column)[0][:4], atol=1e-9)
        told = features @ slopes[:, column] + intercept[column]
        assert share @ told == pytest.approx(level)


def test_without_a_choice_the_map_is_plain_ridge():
    rng = np.random.default_rng(4)
    features, weights = rng.normal(size=(30, 5)), rng.uniform(0.5, 2.0, 30)
    targets = rng.normal(size=(30, 3))
    chosen = chosen_ridge_map(features, targets, weights, (0.1,))
    plain = ridge_map(features, targets, weights, 0.1 * weights.sum())
    for one, other in zip(chosen, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_without_a_weight_or_a_difference_of_content_only_the_level_is_told():
    features, targets = np.arange(6.0).reshape(3, 2), np.array([[1.0], [2.0], [6.0]])
    for weights, level in ((np.zeros(3), 0.0), (np.array([0.0, 0.0, 2.0]), 6.0)):
        slopes, intercept = chosen_ridge_map(features, targets, weights)
        assert slopes.tolist() == [[0.0], [0.0]]
        assert intercept.tolist() == [level]
    slopes, intercept = chosen_ridge_map(np.ones((3, 2)), targets, np.array([1.0, 1.0, 2.0]))
    assert slopes.tolist() == [[0.0], [0.0]]
    assert intercept.tolist() == [15 / 4]


def test_only_items_that_weigh_most_judge_the_penalty(monkeypatch):
    """Of light items content tells all, of heavy ones nothing: who judges decides."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 3))
    targets = features @ np.array([[1.0], [-1.0], [2.0]])
    heavy = np.arange(300) % 10 == 0
    targets[heavy] = rng.normal(size=(30, 1))
    weights = np.where(heavy, 1.5, 1.0)

    def trusts_content(judges: int) -> bool:
        monkeypatch.setattr(ridge, "MOST_JUDGED", judges)
        slopes = chosen_ridge_map(features, targets, weights, (0.01, np.inf))[0]
        return bool(slopes.any())

    assert trusts_content(300)
    assert not trusts_content(30)


def test_a_map_of_little_weight_is_a_map():
    rng = np.random.default_rng(5)
    features, targets = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))
    weights = rng.uniform(0.5, 2.0, 12)
    whole, little = (
        ridge_map(features, targets, w, 3.0 * w.sum()) for w in (weights, weights / 99)
    )
    for one, other in zip(whole, little, strict=True):
        np.testing.assert_allclose(one, other)
    assert whole[0].any()
