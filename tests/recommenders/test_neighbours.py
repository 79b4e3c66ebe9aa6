"""Neighbours among people, and those of ratings, against the same written as loops."""

import numpy as np
import pytest
from recommender_toys import taken
from scipy.sparse import csr_matrix

from metarec.contracts import Histories
from metarec.recommenders import (
    RatedItemKNN,
    RatedItemKNNConfig,
    RatedUserKNN,
    RatedUserKNNConfig,
    UserItemBias,
    UserKNN,
    UserKNNConfig,
)
from metarec.recommenders.deviations import deviations_from, mean_told, stored
from metarec.testing import planted_shop

SHOP = planted_shop("rating").data
H = SHOP.histories
PEOPLE = H.take(np.arange(0, 12)).keep(H.take(np.arange(0, 12)).places < 5)


def table_of(histories: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Deviations from damped biases, NaN where there is no rating; and the levels."""
    bias = UserItemBias().fit(SHOP)
    levels = bias.score(histories, [str(i) for i in SHOP.catalogue.ids])
    table = np.full(levels.shape, np.nan)
    for u, i, value in zip(histories.rows, histories.items, histories.values, strict=True):
        table[u, i] = value - levels[u, i]
    return table, levels


def alike(a: np.ndarray, b: np.ndarray, shrinkage: float) -> float:
    both = ~np.isnan(a) & ~np.isnan(b)
    length = np.sqrt(np.nansum(a**2) * np.nansum(b**2))
    if not both.any() or length == 0:
        return 0.0
    return max(0.0, float((a * b)[both].sum() / length * both.sum() / (both.sum() + shrinkage)))


@pytest.mark.parametrize(("neighbours", "shrinkage", "damping"), [(50, 2.0, 0.1), (4, 0.0, 0.3)])
def test_nearest_people_tell_how_they_rated(
    neighbours: int, shrinkage: float, damping: float
) -> None:
    model = RatedUserKNN(RatedUserKNNConfig(neighbours, shrinkage, damping)).fit(SHOP)
    train, _ = table_of(H)
    own, expected = table_of(PEOPLE)
    for u in range(len(PEOPLE)):
        likeness = np.array([alike(own[u], other, shrinkage) for other in train])
        for v in np.argsort(-likeness, kind="stable")[neighbours:]:
            likeness[v] = 0.0
        for i in range(len(SHOP.catalogue)):
            who = [v for v in range(len(train)) if not np.isnan(train[v, i])]
            told = sum(likeness[v] * train[v, i] for v in who)
            expected[u, i] += told / (sum(likeness[v] for v in who) + damping)
    found = model.score(PEOPLE, [str(i) for i in SHOP.catalogue.ids])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(("neighbours", "shrinkage", "damping"), [(36, 2.0, 0.1), (5, 0.0, 0.3)])
def test_nearest_items_tell_how_the_person_rated_them(
    neighbours: int, shrinkage: float, damping: float
) -> None:
    model = RatedItemKNN(RatedItemKNNConfig(neighbours, shrinkage, damping)).fit(SHOP)
    train, _ = table_of(H)
    own, expected = table_of(PEOPLE)
    n = len(SHOP.catalogue)
    for i in range(n):
        likeness = np.array([alike(train[:, i], train[:, j], shrinkage) for j in range(n)])
        likeness[i] = 0.0
        for j in np.argsort(-likeness, kind="stable")[neighbours:]:
            likeness[j] = 0.0
        for u in range(len(PEOPLE)):
            rated = ~np.isnan(own[u])
            told = (likeness[rated] * own[u, rated]).sum()
            expected[u, i] += told / (likeness[rated].sum() + damping)
    found = model.score(PEOPLE, [str(i) for i in SHOP.catalogue.ids])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_people_who_took_the_same_speak_for_what_else_they_took() -> None:
    """u is (1, 1, 0) to the person's (1, 0, 0): cosine 1/√2; v has nothing in common."""
    shop = taken(u="ab", v="cd", w="ac")
    model = UserKNN(UserKNNConfig(neighbours=2)).fit(shop)
    scores = model.score([["a"]], ["a", "b", "c", "d", "e"])
    half = 1 / np.sqrt(2)
    np.testing.assert_allclose(scores, [[2 * half, half, half, 0.0, np.nan]])
    one = UserKNN(UserKNNConfig(neighbours=1)).fit(shop).score([["a", "b"]], ["b", "c"])
    np.testing.assert_allclose(one, [[1.0, 0.0]])


def test_with_recency_the_newest_event_chooses_who_is_near() -> None:
    shop = taken(u="ab", v="cd")
    model = UserKNN(UserKNNConfig(neighbours=1, recency=0.5)).fit(shop)
    newest = model.score([["a", "c"], ["c", "a"]], ["b", "d"])
    assert newest[0, 0] == newest[1, 1] == 0.0
    assert newest[0, 1] == newest[1, 0] > 0.0


def test_of_several_ratings_of_an_item_neighbours_hear_the_mean() -> None:
    levels = np.array([3.0, 2.0])
    repeated = Histories.of([[("a", 5.0), ("b", 1.0), ("a", 4.0)]])
    table, bias = deviations_from(levels, repeated)
    assert bias[0, 0] == pytest.approx((2.0 - 1.0 + 1.0) / (3 + 5))
    np.testing.assert_allclose(table.toarray(), [[1.5 - 0.25, -1.0 - 0.25]])


def test_a_rating_as_expected_is_heard_as_one() -> None:
    """A stored 0 stands in the mean: without it the other rating would count whole."""
    own = csr_matrix((np.array([1.0, 0.0]), (np.array([0, 0]), np.array([0, 1]))), shape=(1, 2))
    near = csr_matrix(np.array([[1.0], [1.0]]))
    assert mean_told(own @ near, stored(own) @ near, 0.0) == pytest.approx(0.5)
