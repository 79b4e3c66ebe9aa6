"""What must hold for every list, rating and interval."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metarec import metrics

RELEVANCE = hnp.arrays(np.float64, (4, 6), elements=st.integers(0, 4).map(float))
RATINGS = hnp.arrays(np.float64, (3, 7), elements=st.integers(1, 5).map(float))
NUMBERS = hnp.arrays(np.float64, (3, 7), elements=st.integers(-8, 8).map(float))
CUTS = st.integers(1, 8)
COUNTED = [
    metrics.recall,
    metrics.precision,
    metrics.f1,
    metrics.mrr,
    metrics.average_precision,
    metrics.hit_rate,
]


@given(RELEVANCE, CUTS)
def test_list_metrics_lie_between_zero_and_one(gains, k):
    ideal = -np.sort(-gains, axis=1)
    values = [f(gains, (gains > 0).sum(axis=1), k=k) for f in COUNTED]
    values += [f(gains, ideal, k=k) for f in (metrics.ndcg, metrics.ndcg_exponential)]
    for value in values:
        np.testing.assert_array_equal(np.isnan(value), ~gains.any(axis=1))
        present = value[gains.any(axis=1)]
        assert ((present >= 0) & (present <= 1 + 1e-12)).all()


@given(RELEVANCE, CUTS)
def test_the_ideal_order_has_an_ndcg_of_one(gains, k):
    ideal = -np.sort(-gains, axis=1)
    for formula in (metrics.ndcg, metrics.ndcg_exponential):
        found = formula(ideal, ideal, k=k)
        np.testing.assert_allclose(found[gains.any(axis=1)], 1.0)


@given(RELEVANCE, CUTS, st.floats(0.1, 10))
def test_linear_ndcg_does_not_know_the_unit_of_relevance(gains, k, scale):
    ideal = -np.sort(-gains, axis=1)
    found = metrics.ndcg(gains, ideal, k=k)
    np.testing.assert_array_equal(np.isnan(found), ~gains.any(axis=1))
    np.testing.assert_allclose(metrics.ndcg(gains * scale, ideal * scale, k=k), found)


@given(RELEVANCE, st.integers(1, 5))
def test_moving_something_relevant_up_never_hurts(gains, place):
    relevant = (gains > 0).sum(axis=1)
    ideal = -np.sort(-gains, axis=1)
    swapped = gains.copy()
    pair = swapped[:, place - 1 : place + 1]
    swapped[:, place - 1 : place + 1] = -np.sort(-pair, axis=1)
    for formula in (metrics.mrr, metrics.average_precision):
        before, after = formula(gains, relevant, k=4), formula(swapped, relevant, k=4)
        assert (after >= before - 1e-12)[relevant > 0].all()
    before, after = metrics.ndcg(gains, ideal, k=4), metrics.ndcg(swapped, ideal, k=4)
    assert (after >= before - 1e-12)[relevant > 0].all()


@given(RELEVANCE, CUTS)
def test_a_users_numbers_depend_on_that_user_only(gains, k):
    relevant = (gains > 0).sum(axis=1)
    for formula in COUNTED:
        together = formula(gains, relevant, k=k)
        alone = [formula(gains[u : u + 1], relevant[u : u + 1], k=k)[0] for u in range(len(gains))]
        np.testing.assert_array_equal(together, alone)


@given(NUMBERS, RATINGS)
def test_ranks_of_ratings_change_only_with_the_order_of_scores(scores, ratings):
    ties = np.tile(np.arange(scores.shape[1]), (len(scores), 1))
    liked = (ratings >= 3.5).astype(float)
    assert not np.isnan(metrics.list_ndcg(scores, ratings, ties, k=3)).any()
    for monotone in (lambda x: 3 * x + 1, np.exp):
        np.testing.assert_array_equal(
            metrics.list_ndcg(scores, ratings, ties, k=3),
            metrics.list_ndcg(monotone(scores), ratings, ties, k=3),
        )
        np.testing.assert_array_equal(
            metrics.auc(scores, liked), metrics.auc(monotone(scores), liked)
        )


@given(NUMBERS, RATINGS)
def test_turning_the_scores_round_mirrors_the_auc(scores, ratings):
    liked = (ratings >= 3.5).astype(float)
    both_kinds = liked.any(axis=1) & ~liked.all(axis=1)
    mirrored = metrics.auc(scores, liked) + metrics.auc(-scores, liked)
    np.testing.assert_allclose(mirrored, np.where(both_kinds, 1.0, np.nan))


@given(NUMBERS, RATINGS, st.integers(1, 4))
def test_padding_changes_no_rating_metric(scores, ratings, width):
    more = ((0, 0), (0, width))
    wide = [np.pad(table, more, constant_values=np.nan) for table in (scores, ratings)]
    ties = np.tile(np.arange(scores.shape[1]), (len(scores), 1))
    for formula in (metrics.mae, metrics.rmse):
        np.testing.assert_allclose(formula(scores, ratings), formula(*wide))
    np.testing.assert_allclose(
        metrics.list_ndcg(scores, ratings, ties, k=3),
        metrics.list_ndcg(*wide, np.pad(ties, more), k=3),
    )


@given(NUMBERS, RATINGS, st.integers(-20, 20))
def test_rating_errors_do_not_change_when_both_sides_move(scores, ratings, shift):
    for formula in (metrics.mae, metrics.rmse):
        np.testing.assert_allclose(
            formula(scores, ratings), formula(scores + shift, ratings + shift)
        )
    assert (metrics.rmse(scores, ratings) >= metrics.mae(scores, ratings) - 1e-9).all()


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.05, 5))
def test_crps_is_symmetric_and_within_one_std_of_the_absolute_error(observed, mean, std):
    one = [np.array([x]) for x in (observed, mean, std)]
    mirrored = [np.array([x]) for x in (-observed, -mean, std)]
    found = metrics.crps_gaussian(*one)
    np.testing.assert_allclose(found, metrics.crps_gaussian(*mirrored), atol=1e-12)
    assert -1e-12 <= found[0] <= abs(observed - mean) + std


# an exposure is none or enough of one: the unit of the smallest double cannot be halved
@given(hnp.arrays(np.float64, 6, elements=st.just(0.0) | st.floats(1e-6, 100)), st.floats(0.1, 10))
def test_gini_knows_neither_unit_nor_order(exposures, scale):
    found = metrics.gini(exposures)
    if not exposures.any():
        assert np.isnan(found)
        return
    assert -1e-12 <= found < 1
    np.testing.assert_allclose(metrics.gini(exposures[::-1] * scale), found, atol=1e-9)


def test_intervals_of_gaussian_noise_hold_what_they_promise():
    rng = np.random.default_rng(0)
    std = rng.uniform(0.5, 2, size=20_000)
    observed = rng.normal(0, std)
    levels = np.array([0.2, 0.5, 0.9, 0.95])
    # standard error of a share below 0.0036
    found = metrics.calibration_curve(observed, np.zeros_like(std), std, levels)
    np.testing.assert_allclose(found, levels, atol=0.012)
