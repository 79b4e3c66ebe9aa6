"""The trivial rows: numbers worked out by hand, and their edges."""

import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommender_toys import dataset, taken

from metarec.contracts import Catalogue, DataError, Dataset, Episodes, Histories, vocabulary_of
from metarec.data import generate
from metarec.recommenders import (
    BaseRecommender,
    ItemMean,
    ItemMeanConfig,
    LikeShare,
    LikeShareConfig,
    Newest,
    NewestConfig,
    Popularity,
    Random,
    Trending,
    TrendingConfig,
    UserItemBias,
    UserItemBiasConfig,
    UserMean,
    UserMeanConfig,
)
from metarec.testing import planted_shop

RATINGS = [("u", "a", 5.0), ("u", "b", 3.0), ("v", "a", 4.0), ("v", "b", 4.0)]  # mean 4


def test_popularity_counts_events_and_gives_an_untouched_item_zero() -> None:
    model = Popularity().fit(taken(u="ab", v="a", w="ac"))
    np.testing.assert_array_equal(model.score([[]], list("abcde")), [[3, 1, 1, 0, 0]])


def test_popularity_counts_events_and_not_people() -> None:
    # b has more people, a more events
    model = Popularity().fit(taken(u="aaab", v="b", w="c"))
    np.testing.assert_array_equal(model.score([[]], list("abcde")), [[3, 2, 1, 0, 0]])


def test_item_mean_is_damped_towards_the_global_mean() -> None:
    model = ItemMean(ItemMeanConfig(damping=2)).fit(dataset(RATINGS, "abc"))
    # a: 4 + (1 + 0) / (2 + 2); b: 4 + (-1 + 0) / (2 + 2); c: nobody, the global mean
    np.testing.assert_allclose(model.score([[]], list("abc")), [[4.25, 3.75, 4.0]])


def test_item_mean_without_damping_is_the_plain_mean() -> None:
    model = ItemMean(ItemMeanConfig(damping=0)).fit(dataset(RATINGS, "abc"))
    np.testing.assert_allclose(model.score([[]], list("abc")), [[4.5, 3.5, 4.0]])


def test_user_mean_is_damped_and_the_same_for_all_items() -> None:
    model = UserMean(UserMeanConfig(damping=1)).fit(dataset(RATINGS, "abc"))
    # 4 + ((5 - 4) + (2 - 4)) / (2 + 1) = 11/3; without events the global mean
    scores = model.score([[("a", 5.0), ("b", 2.0)], []], list("abc"))
    np.testing.assert_allclose(scores, [[11 / 3] * 3, [4.0] * 3])


def test_a_new_users_bias_is_the_damped_mean_of_residuals_to_the_items() -> None:
    config = UserItemBiasConfig(item_damping=0, user_damping=1, sweeps=1)
    model = UserItemBias(config).fit(dataset(RATINGS, "abc"))
    # one sweep: b_a = .5, b_b = -.5, so the offsets are 4.5, 3.5, 4
    # residuals of the history: 3 - 4.5 = -1.5 and 3 - 4 = -1, so b_user = -2.5 / 3
    scores = model.score([[("a", 3.0), ("c", 3.0)]], list("abc"))
    np.testing.assert_allclose(scores, [np.array([4.5, 3.5, 4.0]) - 2.5 / 3])


def test_alternating_biases_reach_the_least_squares_solution() -> None:
    shop = planted_shop("rating").data
    config = UserItemBiasConfig(item_damping=5, user_damping=3, sweeps=200)
    model = UserItemBias(config).fit(shop)
    histories, n_items = shop.histories, len(shop.catalogue)
    rows = np.arange(len(histories.items))
    design = np.zeros((len(rows), n_items + len(histories)))
    design[rows, histories.items] = 1
    design[rows, n_items + histories.rows] = 1
    penalty = np.diag([5.0] * n_items + [3.0] * len(histories))
    residuals = histories.values - histories.values.mean()
    solved = np.linalg.solve(design.T @ design + penalty, design.T @ residuals)
    offsets = histories.values.mean() + solved[:n_items]
    np.testing.assert_allclose(model.score([[]], list(shop.catalogue.ids))[0], offsets, atol=1e-8)


def test_like_share_adds_the_shares_above_the_global_one() -> None:
    model = LikeShare(LikeShareConfig(like_from=4, damping=0)).fit(dataset(RATINGS, "abc"))
    # likes: a 2/2, b 1/2, all 3/4; the person likes 1 of 2
    scores = model.score([[("a", 5.0), ("b", 1.0)]], list("abc"))
    np.testing.assert_allclose(scores, [[0.5 + 1 - 0.75, 0.5 + 0.5 - 0.75, 0.5]])


def test_like_share_takes_the_training_mean_where_no_threshold_is_given() -> None:
    model = LikeShare(LikeShareConfig(damping=0)).fit(dataset(RATINGS, "abc"))
    np.testing.assert_allclose(model.score([[]], list("abc")), [[1.0, 0.5, 0.75]])


def test_levels_predict_held_out_ratings_better_the_more_they_know() -> None:
    rng = np.random.default_rng(0)
    level, quality = rng.normal(0, 0.7, 120), rng.normal(0, 0.7, 26)
    letters = "abcdefghijklmnopqrstuvwxyz"
    events = [
        (f"u{u}", letters[i], 5 + level[u] + quality[i] + rng.normal(0, 0.5))
        for u in range(120)
        for i in rng.choice(26, 12, replace=False)
    ]
    shop = dataset(events, letters)
    train = shop.where(shop.interactions["user"].to_numpy() < 80)
    people = shop.histories.take(np.arange(80, 120))
    support, query = people.first(8), people.keep(people.places >= 8)

    def error(model: BaseRecommender) -> float:
        predicted = model.fit(train).predict(support, query).scores
        return float(np.abs(predicted - query.values).mean())

    # mean absolute errors: noise alone .40, and .69 more where one of the two is not known
    assert error(UserItemBias(UserItemBiasConfig(1.0, 1.0))) < 0.5
    assert min(error(UserMean()), error(ItemMean())) > 0.6


def test_random_is_uniform_and_differs_between_people_items_and_seeds() -> None:
    shop = planted_shop().data
    ids = list(shop.catalogue.ids)
    scores = Random().fit(shop, rng=0).score(shop.histories, ids)
    assert scores.min() >= 0
    assert scores.max() < 1
    assert abs(scores.mean() - 0.5) < 0.02  # 2,160 draws: a standard error of .006
    assert abs(scores.var() - 1 / 12) < 0.01
    assert len(np.unique(scores)) == scores.size
    between = np.corrcoef(scores)[np.triu_indices(len(scores), 1)]
    assert abs(between.mean()) < 0.02
    assert not np.isclose(scores, Random().fit(shop, rng=1).score(shop.histories, ids)).any()


def test_random_gives_equal_histories_equal_lists() -> None:
    model = Random().fit(planted_shop().data)
    answer = model.recommend([["item-1", "item-2"], ["item-2", "item-1"], ["item-1", "item-2"]])
    assert np.array_equal(answer.items[0], answer.items[2])
    assert not np.array_equal(answer.items[0], answer.items[1])


def test_nothing_to_learn_from_is_no_error() -> None:
    empty = dataset([], "abc")
    for model in (Popularity(), ItemMean(), UserMean(), UserItemBias(), LikeShare(), Random()):
        assert np.isfinite(model.fit(empty).score([[("a", 2.0)], []], list("abc"))).all()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(1, 5)), max_size=8))
def test_user_item_bias_rises_with_every_rating(history: list[tuple[str, float]]) -> None:
    model = UserItemBias().fit(dataset(RATINGS, "abc"))
    lower = [(item, value - 0.5) for item, value in history]
    low, high = model.score([lower, history], list("abc"))
    assert (high >= low).all()
    assert (high > low).all() == bool(history)


def test_predictions_need_one_history_a_query() -> None:
    model = Popularity().fit(taken(u="ab"))
    with pytest.raises(DataError, match="1 histories cannot answer 2 queries"):
        model.predict(Histories.of([["a"]]), Histories.of([["b"], ["a"]]))


def test_a_model_takes_its_own_settings_alone() -> None:
    with pytest.raises(DataError, match="ItemMean takes a ItemMeanConfig, got UserMeanConfig"):
        ItemMean(UserMeanConfig())


class Starter(Popularity):
    """Adds to what an earlier fit left, if anything is left."""

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        left_over = getattr(self, "counts_", 0)
        super()._fit(train, valid, rng)
        self.counts_ = self.counts_ + left_over


def test_a_second_fit_starts_from_nothing() -> None:
    once = Starter().fit(taken(u="ab"))
    np.testing.assert_array_equal(once.fit(taken(u="ab")).counts_, once.counts_)


def _dated(times: list[float] | None, **columns: list[object]) -> Dataset:
    frame = {"user": [0, 0, 0, 1], "item": [0, 1, 1, 2], "value": [1.0] * 4}
    if times is not None:
        frame["timestamp"] = times
    items = pl.DataFrame({"item_id": ["a", "b", "c", "d"], **columns})
    clock = None if times is None else "unix"
    users = vocabulary_of(["u", "v"])
    return Dataset("d", "implicit", clock, Catalogue.of(items), users, pl.DataFrame(frame))


def test_trending_halves_with_days_or_with_places() -> None:
    day = 86_400.0
    scores = Trending(TrendingConfig(days=2)).fit(_dated([0.0, 2 * day, 4 * day, 4 * day]))
    np.testing.assert_allclose(scores.score([[]], list("abcd")), [[0.25, 1.5, 1.0, 0.0]])
    scores = Trending(TrendingConfig(places=1)).fit(_dated(None))
    np.testing.assert_allclose(scores.score([[]], list("abcd")), [[0.25, 1.5, 1.0, 0.0]])


def test_newest_is_the_date_or_the_first_event() -> None:
    days = [datetime.date(1970, 1, day) for day in (3, 1, 2)]
    by_date = Newest().fit(_dated([0, 1, 2, 3], since=[*days, None]))
    np.testing.assert_array_equal(by_date.score([[]], list("abcd")), [[2, 0, 1, np.nan]])
    assert by_date.recommend([[]], 4)[0].ids.tolist() == ["a", "c", "b"]
    as_text = Newest().fit(_dated([0, 1, 2, 3], since=[*map(str, days), None]))
    np.testing.assert_array_equal(as_text.dates_, by_date.dates_)
    alone = Newest().fit(_dated([0, 1, 2, 3], since=["1970-01-03", None, None, None]))
    np.testing.assert_array_equal(alone.dates_, [2, np.nan, np.nan, np.nan])
    nothing = pl.Series([None] * 4, dtype=pl.String)
    by_first = Newest().fit(_dated([0, 86_400, 86_400 * 2, 86_400 * 3], since=nothing))
    np.testing.assert_array_equal(by_first.dates_, [0, 1, 3, np.nan])
    by_event = Newest().fit(_dated([0, 86_400 * 2, 86_400 * 3, 86_400]))
    np.testing.assert_array_equal(by_event.score([[]], list("abcd")), [[0, 2, 1, np.nan]])
    with pytest.raises(DataError, match="no column of dates, and the events no clock"):
        Newest().fit(_dated(None))
    for column, told in (("title", "'title' holds String"), ("x", "'x' is no column of the items")):
        with pytest.raises(DataError, match=told):
            Newest(NewestConfig(column)).fit(_dated(None, title=list("abcd")))


def test_popular_trending_and_newest_of_a_category_are_its_counts_and_dates_in_order() -> None:
    shop = generate(users=40, items=30, kind="implicit", rng=2).dataset
    items = shop.catalogue.table.to_dicts()
    counts = dict.fromkeys(shop.catalogue.ids, 0.0)
    late = dict.fromkeys(shop.catalogue.ids, 0.0)
    newest = max(event.t for user in shop.user_ids for event in shop.history(user))
    for user in shop.user_ids:
        for event in shop.history(user):
            counts[event.item] += 1
            late[event.item] += 0.5 ** ((newest - event.t) / 86_400 / 3)
    years = {item["item_id"]: item["year"] for item in items}
    for model, numbers in (
        (Popularity(), counts),
        (Trending(TrendingConfig(days=3)), late),
        (Newest(NewestConfig("year")), years),
    ):
        fitted = model.fit(shop)
        for category in sorted({item["category"] for item in items}):
            there = [item["item_id"] for item in items if item["category"] == category]
            found = fitted.recommend([[]], len(items), where=f"category == '{category}'")[0]
            assert sorted(found.ids) == sorted(there)
            best = sorted((numbers[i] for i in there), reverse=True)
            np.testing.assert_allclose(found.scores, best)
            assert [numbers[i] for i in found.ids] == pytest.approx(best)
