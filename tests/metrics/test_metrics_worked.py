"""Every formula against numbers worked by hand, and at its edges."""

import numpy as np
import pytest

from metarec import metrics

NAN = float("nan")
LIST_METRICS = [
    metrics.recall,
    metrics.precision,
    metrics.f1,
    metrics.mrr,
    metrics.average_precision,
    metrics.hit_rate,
]


def test_ndcg_of_two_users_is_the_number_worked_by_hand():
    # user 0: gains 0, 3, 2; ideal 3, 2, 1.  DCG = 3/log2(3) + 2/2 = 1.8928 + 1 = 2.8928
    #         ideal DCG = 3 + 2/1.58496 + 1/2 = 4.7619                       -> 0.6075
    # user 1: the only relevant item first                                   -> 1
    gains = np.array([[0.0, 3.0, 2.0], [1.0, 0.0, 0.0]])
    ideal = np.array([[3.0, 2.0, 1.0], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(metrics.ndcg(gains, ideal, k=3), [0.60750, 1.0], atol=1e-5)


def test_the_exponential_gain_counts_a_five_thirty_one_times_a_one():
    # gains 2^1 - 1 = 1 then 2^5 - 1 = 31: (1 + 31/1.58496) / (31 + 1/1.58496) = 20.5589/31.6309
    gains, ideal = np.array([[1.0, 5.0]]), np.array([[5.0, 1.0]])
    np.testing.assert_allclose(metrics.ndcg_exponential(gains, ideal, k=2), [0.64996], atol=1e-5)


def test_list_metrics_of_one_list_are_the_numbers_worked_by_hand():
    # hits at ranks 2 and 4 of 5, three relevant in all
    gains, relevant = np.array([[0.0, 1.0, 0.0, 2.0, 0.0]]), np.array([3])
    found = {f.__name__: f(gains, relevant, k=5)[0] for f in LIST_METRICS}
    assert found == pytest.approx(
        {
            "recall": 2 / 3,
            "precision": 2 / 5,
            "f1": 2 * (2 / 5) * (2 / 3) / (2 / 5 + 2 / 3),
            "mrr": 1 / 2,
            "average_precision": (1 / 2 + 2 / 4) / 3,
            "hit_rate": 1.0,
        }
    )


@pytest.mark.parametrize("formula", LIST_METRICS)
def test_a_user_with_nothing_relevant_has_no_list_metric(formula):
    found = formula(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0, 1]), k=2)
    assert np.isnan(found[0])
    assert found[1] > 0


@pytest.mark.parametrize("formula", LIST_METRICS)
def test_no_hit_is_zero(formula):
    assert formula(np.zeros((1, 3)), np.array([2]), k=3)[0] == 0.0


@pytest.mark.parametrize("formula", LIST_METRICS)
def test_a_list_without_a_rank_is_zero(formula):
    assert formula(np.zeros((1, 0)), np.array([2]), k=3).tolist() == [0.0]


@pytest.mark.parametrize("formula", LIST_METRICS)
def test_no_users_give_no_numbers(formula):
    assert formula(np.zeros((0, 3)), np.zeros(0, dtype=int), k=3).shape == (0,)


@pytest.mark.parametrize("formula", LIST_METRICS)
def test_what_stands_behind_rank_k_does_not_count(formula):
    cut = formula(np.array([[1.0, 0.0, 1.0]]), np.array([2]), k=2)
    assert cut[0] == formula(np.array([[1.0, 0.0]]), np.array([2]), k=2)[0]


@pytest.mark.parametrize(
    ("formula", "other"),
    [(formula, np.array([1])) for formula in LIST_METRICS]
    + [(formula, np.ones((1, 1))) for formula in (metrics.ndcg, metrics.ndcg_exponential)],
)
def test_a_list_of_no_length_is_refused(formula, other):
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        formula(np.ones((1, 1)), other, k=0)


def test_a_list_shorter_than_k_is_filled_up_with_misses():
    assert metrics.precision(np.array([[1.0]]), np.array([1]), k=4)[0] == 0.25
    assert metrics.ndcg(np.array([[1.0]]), np.array([[1.0]]), k=4)[0] == 1.0


def test_ndcg_is_undefined_without_anything_relevant():
    assert np.isnan(metrics.ndcg(np.zeros((1, 2)), np.zeros((1, 2)), k=2)[0])


def test_counts_are_refused_by_the_exponential_gain():
    with pytest.raises(ValueError, match="use ndcg for counts"):
        metrics.ndcg_exponential(np.array([[5000.0]]), np.array([[5000.0]]), k=1)


def test_the_largest_relevance_that_a_number_holds_is_taken():
    largest = np.array([[1000.0]])
    assert metrics.ndcg_exponential(largest, largest, k=1)[0] == 1.0
    with pytest.raises(ValueError, match="at most 1000 for an exponential gain, got 1001"):
        metrics.ndcg_exponential(largest, largest + 1, k=1)


def test_rating_errors_are_means_over_each_users_own_pairs():
    # user 0: errors 1, -2 -> MAE 1.5, RMSE sqrt(5/2); user 1: one of two answered; user 2: none
    predicted = np.array([[4.0, 3.0], [2.0, NAN], [NAN, NAN]])
    observed = np.array([[3.0, 5.0], [5.0, 1.0], [3.0, NAN]])
    np.testing.assert_allclose(metrics.mae(predicted, observed), [1.5, 3.0, NAN])
    np.testing.assert_allclose(metrics.rmse(predicted, observed), [np.sqrt(2.5), 3.0, NAN])


def test_auc_counts_pairs_in_the_right_order_and_half_of_the_ties():
    # likes scored 3 and 1, dislikes 2 and 1: 3>2, 3>1, 1<2, 1=1 -> (1 + 1 + 0 + 1/2) / 4
    scores = np.array([[3.0, 1.0, 2.0, 1.0], [1.0, 2.0, NAN, NAN]])
    liked = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, NAN, 0.0]])
    np.testing.assert_allclose(metrics.auc(scores, liked), [0.625, NAN])


def test_equal_scores_of_two_people_are_no_tie():
    # the best of the first and the worst of the second are the same number
    scores, liked = np.array([[1.0, 2.0], [2.0, 3.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])
    np.testing.assert_array_equal(metrics.auc(scores, liked), [1.0, 1.0])
    np.testing.assert_array_equal(metrics.auc(scores, 1 - liked), [0.0, 0.0])


EMPTY, NONE = np.zeros((0, 3)), np.zeros((0, 3), dtype=int)
OF_NOBODY = {
    "ndcg": lambda: metrics.ndcg(EMPTY, EMPTY, k=2),
    "ndcg_exponential": lambda: metrics.ndcg_exponential(EMPTY, EMPTY, k=2),
    "mae": lambda: metrics.mae(EMPTY, EMPTY),
    "rmse": lambda: metrics.rmse(EMPTY, EMPTY),
    "auc": lambda: metrics.auc(EMPTY, EMPTY),
    "like_accuracy": lambda: metrics.like_accuracy(EMPTY, EMPTY, threshold=3.5),
    "list_ndcg": lambda: metrics.list_ndcg(EMPTY, EMPTY, NONE, k=2),
    "list_ndcg_exponential": lambda: metrics.list_ndcg_exponential(EMPTY, EMPTY, NONE, k=2),
    "novelty": lambda: metrics.novelty(NONE, np.ones(4)),
    "history_novelty": lambda: metrics.history_novelty(NONE, NONE, np.ones((4, 2))),
    "diversity": lambda: metrics.intra_list_diversity(NONE, np.ones((4, 2))),
    "popularity_lift": lambda: metrics.popularity_lift(NONE, NONE, np.ones(4)),
    "interest_coverage": lambda: metrics.interest_coverage(NONE, NONE, np.ones((4, 2), bool)),
    "serendipity": lambda: metrics.serendipity(EMPTY, EMPTY > 0, NONE[:, 0], k=2),
}


@pytest.mark.parametrize("name", OF_NOBODY)
def test_nobody_has_no_numbers(name: str):
    assert OF_NOBODY[name]().shape == (0,)


def test_who_has_nothing_has_nan_where_tables_have_no_columns():
    none, empty = np.zeros((2, 0), dtype=int), np.zeros((2, 0))
    items = np.array([[0], [1]])
    for found in (
        metrics.history_novelty(items, none, np.eye(2)),
        metrics.popularity_lift(items, none, np.ones(2)),
        metrics.interest_coverage(items, none, np.ones((2, 2), bool)),
        metrics.ndcg_exponential(empty, empty, k=1),
        metrics.list_ndcg(empty, empty, none, k=1),
        metrics.auc(empty, empty),
    ):
        np.testing.assert_array_equal(found, [NAN, NAN])


def test_like_accuracy_judges_both_sides_of_the_border():
    predicted, observed = np.array([[3.5, 3.4, 4.0, NAN]]), np.array([[4.0, 4.0, 1.0, 5.0]])
    # like right, like missed, dislike missed, no answer -> 1 of 3
    assert metrics.like_accuracy(predicted, observed, threshold=3.5)[0] == pytest.approx(1 / 3)
    # the border itself is a like, on either side
    border, sides = np.array([[3.5, 3.5]]), np.array([[5.0, 1.0]])
    assert metrics.like_accuracy(border, sides, threshold=3.5)[0] == 0.5
    assert metrics.like_accuracy(np.array([[5.0]]), border[:, :1], threshold=3.5)[0] == 1.0


def test_rating_lists_put_what_has_no_score_last():
    # scores 1, none, 2 over ratings 3, 5, 4 -> order 4, 3, 5; ideal 5, 4, 3, at k = 2:
    # (4 + 3/1.58496) / (5 + 4/1.58496) = 5.89279/7.52372
    scores, ratings = np.array([[1.0, NAN, 2.0]]), np.array([[3.0, 5.0, 4.0]])
    ties = np.array([[0, 1, 2]])
    assert metrics.list_ndcg(scores, ratings, ties, k=2)[0] == pytest.approx(0.783228, abs=1e-6)


def test_rating_lists_break_ties_by_key_and_leave_padding_out():
    ratings, ties = np.array([[1.0, 5.0, NAN]]), np.array([[0, 1, -9]])
    equal = np.array([[3.0, 3.0, 9.0]])
    assert metrics.list_ndcg(equal, ratings, ties, k=1)[0] == pytest.approx(1 / 5)
    assert metrics.list_ndcg(equal, ratings, -ties, k=1)[0] == 1.0


def test_a_user_without_any_score_has_no_rating_list():
    ratings, ties = np.array([[4.0, 2.0]]), np.array([[0, 1]])
    nothing = np.full((1, 2), NAN)
    assert np.isnan(metrics.list_ndcg(nothing, ratings, ties, k=1)[0])
    assert np.isnan(metrics.list_ndcg_exponential(nothing, ratings, ties, k=1)[0])


def test_catalogue_coverage_counts_every_item_once():
    assert metrics.catalogue_coverage(np.array([[0, 2], [2, -1]]), n_items=4) == 0.5
    assert np.isnan(metrics.catalogue_coverage(np.zeros((0, 2), dtype=int), n_items=0))


def test_interest_coverage_is_the_share_of_a_users_own_categories():
    # liked items 0 and 1 reach categories a, b, c; the list holds item 2 (b) and 3 (d)
    categories = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], dtype=bool)
    found = metrics.interest_coverage(np.array([[2, 3]]), np.array([[0, 1]]), categories)
    assert found[0] == pytest.approx(1 / 3)
    assert np.isnan(metrics.interest_coverage(np.array([[2]]), np.array([[-1]]), categories)[0])


def test_novelty_is_the_mean_surprise_in_bits():
    probability = np.array([0.5, 0.25, 0.25])
    found = metrics.novelty(np.array([[0, 1], [2, -1], [-1, -1]]), probability)
    np.testing.assert_allclose(found, [1.5, 2.0, NAN])


def test_history_novelty_looks_at_the_nearest_item_of_the_history():
    vectors = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    # item 2 lies at 45 degrees of both: distance 1 - cos 45°
    found = metrics.history_novelty(
        np.array([[2], [0], [0]]), np.array([[0, 1], [0, -1], [-1, -1]]), vectors
    )
    np.testing.assert_allclose(found, [1 - np.sqrt(0.5), 0.0, NAN], atol=1e-12)


def test_diversity_is_the_mean_distance_of_all_pairs():
    # right angles between 0 and 1, 45 degrees to item 2: mean of 1, 1 - c, 1 - c
    vectors = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    found = metrics.intra_list_diversity(np.array([[0, 1, 2], [1, -1, -1]]), vectors)
    np.testing.assert_allclose(found, [1 - 2 * np.sqrt(0.5) / 3, NAN])


def test_serendipity_counts_only_hits_that_nobody_expected():
    gains, expected = np.array([[1.0, 1.0, 0.0]]), np.array([[True, False, False]])
    assert metrics.serendipity(gains, expected, np.array([2]), k=3)[0] == pytest.approx(1 / 3)


def test_popularity_lift_compares_the_list_with_its_reader():
    popularity = np.array([8.0, 2.0, 0.0])
    lists, histories = np.array([[0, 1], [0, -1], [0, 1]]), np.array([[1], [-1], [2]])
    np.testing.assert_allclose(
        metrics.popularity_lift(lists, histories, popularity), [5 / 2 - 1, NAN, NAN]
    )


def test_gini_is_zero_for_equals_and_grows_with_inequality():
    assert metrics.gini(np.full(5, 3.0)) == pytest.approx(0)
    # 1, 3: mean absolute difference over all pairs (2 + 2) / 4 = 1; / (2 * mean 2) = 1/4
    assert metrics.gini(np.array([3.0, 1.0])) == pytest.approx(0.25)
    assert np.isnan(metrics.gini(np.zeros(3)))


def test_covered_and_its_curve_count_central_intervals():
    # 90 %: |error| <= 1.64485 std
    observed, mean, std = np.array([1.64, 1.65, NAN]), np.zeros(3), np.ones(3)
    np.testing.assert_array_equal(metrics.covered(observed, mean, std), [1.0, 0.0, NAN])
    curve = metrics.calibration_curve(observed, mean, std, np.array([0.5, 0.9, 0.95]))
    np.testing.assert_array_equal(curve, [0.0, 0.5, 1.0])
    assert np.isnan(metrics.calibration_curve(observed[2:], mean[2:], std[2:], np.array([0.9])))
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        metrics.covered(observed, mean, std, level=1.0)


def test_who_is_certain_and_right_is_inside_its_interval():
    found = metrics.covered(np.array([3.0, 3.0]), np.array([3.0, 2.9]), np.zeros(2))
    np.testing.assert_array_equal(found, [1.0, 0.0])


def test_crps_without_doubt_is_the_absolute_error():
    found = metrics.crps_gaussian(np.array([3.0, 1.0]), np.array([1.0, 1.0]), np.array([0.0, NAN]))
    np.testing.assert_array_equal(found, [2.0, NAN])


def test_one_item_has_only_one_order_so_its_list_has_no_ndcg():
    from metarec.metrics import list_ndcg

    scores, ties = np.array([[3.0, np.nan], [3.0, 2.0]]), np.array([[0, 1], [0, 1]])
    ratings = np.array([[4.0, np.nan], [4.0, 5.0]])
    found = list_ndcg(scores, ratings, ties, k=1)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(4 / 5)


def test_the_first_item_counts_like_any_other():
    first, both = np.array([[0]]), np.array([[0, 1]])
    popularity, vectors = np.array([2.0, 8.0]), np.eye(2)
    assert metrics.popularity_lift(both, first, popularity)[0] == 5 / 2 - 1
    assert metrics.popularity_lift(first, both, popularity)[0] == 2 / 5 - 1
    assert metrics.novelty(first, np.array([0.25, 0.75]))[0] == 2.0
    assert metrics.history_novelty(both, first, vectors)[0] == 0.5
    assert metrics.intra_list_diversity(both, vectors)[0] == 1.0
    assert metrics.catalogue_coverage(first, 1) == 1.0
    categories = np.array([[True, False], [False, True]])
    assert metrics.interest_coverage(first, both, categories)[0] == 0.5
    assert metrics.interest_coverage(both, first, categories)[0] == 1.0


def test_numbers_below_one_are_numbers():
    assert metrics.gini(np.array([0.25, 0.0])) == 0.5
    assert metrics.gini(np.array([1.0, 0.0])) == 0.5
    short, long = np.array([[0.03, 0.04], [0.04, -0.03]]), np.array([[3.0, 4.0], [4.0, -3.0]])
    for vectors in (short, long):
        found = metrics.intra_list_diversity(np.array([[0, 1]]), vectors)
        np.testing.assert_allclose(found, [1.0])
    gains = np.array([[0.25, 0.5]])
    assert metrics.hit_rate(gains, np.array([1]), k=1)[0] == 1.0
    assert metrics.ndcg(gains[:, ::-1], gains[:, ::-1], k=2)[0] == 1.0


def test_an_interval_that_promises_nothing_is_refused():
    one = np.ones(1)
    with pytest.raises(ValueError, match="level must lie between 0 and 1, got 0"):
        metrics.covered(one, one, one, level=0.0)
    assert metrics.covered(one, one, one, level=1e-9)[0] == 1.0


def test_an_error_is_as_large_below_as_above_and_no_doubt_cannot_be_negative():
    observed, mean = np.array([3.0, 1.0, 1.0]), np.array([1.0, 3.0, 1.0])
    assert metrics.crps_gaussian(observed, mean, np.zeros(3)).tolist() == [2.0, 2.0, 0.0]
    assert np.isnan(metrics.crps_gaussian(observed, mean, np.full(3, -1.0))).all()


def test_a_surprise_is_what_was_not_expected():
    gains, expected = np.ones((1, 4)), np.array([[True, False, False, False]])
    found = metrics.serendipity(gains, expected, np.array([4]), k=4)
    assert found.tolist() == [0.75]
    some = metrics.serendipity(np.array([[1.0, 1, 0, 1]]), expected, np.array([4]), k=3)
    np.testing.assert_allclose(some, [1 / 3])
