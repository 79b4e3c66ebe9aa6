"""Intervals and tests: right on null data, strong on shifted data, equal to SciPy."""

import numpy as np
import polars as pl
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluation_toys import constant, noisy, own_mean, planted

from metarec.contracts import DataError
from metarec.evaluation import combine, compare, evaluate, holm, sign_flip_test, t_test
from metarec.evaluation.statistics.bootstrap import intervals, means, resampled_means
from metarec.evaluation.statistics.results import CALIBRATION, Results


def results_of(values: dict[str, np.ndarray], metric: str = "ndcg@10") -> Results:
    """Results with the given per-user values, (user,) or (user, seed), of each model."""
    frames = []
    for model, table in values.items():
        for seed, column in enumerate(np.atleast_2d(np.asarray(table, dtype=float).T)):
            users = [f"u{user}" for user in range(len(column))]
            frames.append(
                pl.DataFrame(
                    {
                        "model": [model] * len(column),
                        "scenario": ["s"] * len(column),
                        "k": pl.Series([None] * len(column), dtype=pl.Int64),
                        "metric": [metric] * len(column),
                        "user_id": users,
                        "value": column,
                        "seed": [seed] * len(column),
                    }
                )
            )
    return Results(pl.concat(frames), pl.DataFrame(schema=CALIBRATION), {"name": "toy"}, {}, {})


def test_the_t_test_equals_scipy():
    rng = np.random.default_rng(0)
    differences = rng.normal(0.1, 1, size=(20, 30))
    expected = scipy.stats.ttest_1samp(differences, 0, axis=1).pvalue
    np.testing.assert_allclose(t_test(differences), expected)


def test_the_t_test_leaves_missing_users_out():
    rng = np.random.default_rng(1)
    differences = rng.normal(size=(5, 30))
    differences[rng.random(differences.shape) < 0.3] = np.nan
    expected = scipy.stats.ttest_1samp(differences, 0, axis=1, nan_policy="omit").pvalue
    np.testing.assert_allclose(t_test(differences), expected)


def test_the_t_test_answers_at_its_edges():
    differences = np.array([[0.0, 0.0, 0.0], [2.0, 2.0, 2.0], [1.0, np.nan, np.nan], [np.nan] * 3])
    np.testing.assert_array_equal(t_test(differences), [1.0, 0.0, np.nan, np.nan])


@pytest.mark.parametrize("unit", [2.0**-90, 1.0, 2.0**90])
def test_what_counts_as_one_number_does_not_depend_on_the_unit(unit: float):
    rounded = np.array([0.3, 0.1 + 0.2, 0.3, 0.3])  # one number, but for rounding
    nearly = 0.3 + np.array([1e-12, -1e-12, 1e-12, -1e-12])
    around = np.array([1.0, -0.5, 0.2, 0.4])
    assert len(set(rounded)) == 2
    found = t_test(np.stack([rounded, nearly, around]) * unit)
    expected = scipy.stats.ttest_1samp([nearly, around], 0, axis=1).pvalue
    np.testing.assert_allclose(found, [0.0, *expected], rtol=1e-6)
    assert found[1] > 0


def test_the_sign_flip_test_equals_scipy_where_all_flips_are_counted():
    x = np.array([0.3, 0.8, -0.1, 0.5, 1.2, 0.05, 0.4, -0.2])
    exact = scipy.stats.permutation_test(
        (x,),
        lambda v, axis: v.mean(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    ).pvalue
    assert sign_flip_test(x[None], flips=40_000)[0] == pytest.approx(exact, abs=0.005)


def test_a_sign_flip_p_never_reaches_zero():
    assert sign_flip_test(np.ones((1, 50)), flips=99)[0] == pytest.approx(1 / 100)
    assert sign_flip_test(np.zeros((1, 5)), flips=99)[0] == 1.0
    assert np.isnan(sign_flip_test(np.array([[1.0, np.nan]]), flips=9)[0])


@pytest.mark.parametrize("test", [t_test, lambda d: sign_flip_test(d, flips=999)])
def test_false_alarms_are_as_rare_as_promised_on_null_data(test):
    # skewed differences without an effect: 2,000 experiments of 60 users
    rng = np.random.default_rng(2)
    differences = rng.exponential(size=(2000, 60)) * rng.choice([-1, 1], size=(2000, 60))
    rate = (test(differences) < 0.05).mean()
    assert 0.035 < rate < 0.065  # standard error 0.005


@pytest.mark.parametrize("test", [t_test, lambda d: sign_flip_test(d, flips=999)])
def test_a_true_shift_is_found_as_often_as_theory_says(test):
    # shift of 0.4 std over 60 users: power 0.86 of a two-sided test at 0.05
    differences = np.random.default_rng(3).normal(0.4, 1, size=(1000, 60))
    assert 0.82 < (test(differences) < 0.05).mean() < 0.90


def test_intervals_hold_the_true_mean_as_often_as_promised():
    rng = np.random.default_rng(4)
    low, high = intervals(rng.exponential(size=(1000, 80, 1)), draws=400)
    held = ((low <= 1) & (high >= 1)).mean()
    assert 0.91 < held < 0.97  # percentile intervals of skewed means are a little short


def test_intervals_over_seeds_are_wider_when_seeds_disagree():
    rng = np.random.default_rng(5)
    users = rng.normal(size=(1, 200, 1))
    agree = np.repeat(users, 3, axis=2)
    disagree = agree + np.array([-0.5, 0.0, 0.5])
    widths = [np.subtract(*intervals(v)[::-1])[0] for v in (users, agree, disagree)]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)
    assert widths[2] > 1.5 * widths[1]


def test_the_bootstrap_equals_a_slow_loop_in_its_spread():
    values = np.random.default_rng(6).normal(size=(1, 40, 1))
    fast = resampled_means(values, draws=4000)[:, 0]
    rng = np.random.default_rng(7)
    slow = [values[0, rng.integers(40, size=40), 0].mean() for _ in range(4000)]
    assert fast.mean() == pytest.approx(np.mean(slow), abs=0.01)
    assert fast.std() == pytest.approx(np.std(slow), rel=0.05)


def test_a_seed_flips_the_same_signs_as_ever():
    differences = np.random.default_rng(5).normal(0.4, 1, (1, 12))
    assert sign_flip_test(differences, flips=199, rng=3).tolist() == [0.255]


def test_bootstrap_intervals_equal_scipys():
    values = np.random.default_rng(8).exponential(size=100)
    ours = intervals(values[None, :, None], draws=10_000)
    chance = {"random_state": np.random.default_rng(0)}  # as older ones name it too
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=10_000, **chance
    ).confidence_interval
    np.testing.assert_allclose(np.ravel(ours), [theirs.low, theirs.high], rtol=0.02)


def test_missing_values_and_lonely_users_have_no_interval():
    values = np.full((3, 4, 2), np.nan)
    values[1, 0] = 1.0
    values[2, :2] = 5.0
    np.testing.assert_array_equal(means(values), [np.nan, 1.0, 5.0])
    low, high = intervals(values)
    np.testing.assert_array_equal(low, [np.nan, np.nan, 5.0])
    np.testing.assert_array_equal(high, [np.nan, np.nan, 5.0])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_raw_p_and_bonferroni(p):
    raw = np.array(p)
    corrected = holm(raw)
    assert (corrected >= raw).all()
    assert (corrected <= np.minimum(1, raw * len(raw)) + 1e-15).all()
    order = np.argsort(raw, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()


def test_holm_equals_the_procedure_step_by_step():
    # 0.001 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1 -> the last may not fall below 0.06
    np.testing.assert_allclose(holm(np.array([0.04, 0.001, 0.03, 0.01])), [0.06, 0.004, 0.06, 0.03])


def test_compare_pairs_users_and_not_their_spread():
    # huge spread between users, a small advantage for each of them
    rng = np.random.default_rng(9)
    base = rng.normal(0, 10, size=200)
    table = compare(results_of({"b": base, "a": base + rng.normal(0.1, 0.1, size=200)}), "a")
    row = table.row(0, named=True)
    assert row["difference"] == pytest.approx(0.1, abs=0.03)
    assert row["significant"]
    assert row["better"]
    assert 0 < row["low"] < row["difference"] < row["high"]


def test_an_error_is_better_when_it_is_lower():
    rng = np.random.default_rng(10)
    values = {"a": rng.normal(1.0, 0.1, 100), "b": rng.normal(1.2, 0.1, 100)}
    assert compare(results_of(values, "mae"), "a")["better"].to_list() == [True]
    assert compare(results_of(values, "ndcg@10"), "a")["better"].to_list() == [False]
    assert compare(results_of(values, "novelty@10"), "a")["better"].to_list() == [None]


def test_comparing_the_other_way_round_turns_the_sign_only():
    rng = np.random.default_rng(11)
    results = results_of({"a": rng.normal(size=(50, 3)), "b": rng.normal(size=(50, 3))})
    there, back = (compare(results, name).row(0, named=True) for name in ("a", "b"))
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["low"] == pytest.approx(-back["high"])
    assert there["p"] == pytest.approx(back["p"])


def test_a_family_makes_each_claim_harder():
    rng = np.random.default_rng(12)
    values = {f"m{place}": rng.normal(size=40) for place in range(6)}
    results = results_of(values)
    alone = compare(results, "m0", ["m1"], family="one").row(0, named=True)
    among = (
        compare(results, "m0", family="five").filter(pl.col("against") == "m1").row(0, named=True)
    )
    assert alone["p"] == among["p"] == alone["p_holm"]
    assert among["p_holm"] > alone["p_holm"]
    assert among["family"] == "five"


def test_disagreeing_seeds_keep_a_claim_from_being_significant():
    # every user gains under two seeds and loses as much under the third
    gain = np.array([0.3, 0.3, -0.5]) + np.random.default_rng(13).normal(0, 0.01, size=(100, 3))
    row = compare(results_of({"a": gain, "b": np.zeros((100, 3))}), "a").row(0, named=True)
    assert row["p_holm"] < 0.05
    assert row["low"] < 0 < row["high"]
    assert not row["significant"]


def test_comparisons_of_the_same_model_on_itself_are_never_significant():
    split = planted()
    models = {"a": own_mean(split), "twin": own_mean(split), "c": constant(split)}
    results = evaluate(models, split, curve=None)
    table = compare(results, "a", ["twin"])
    assert not table["significant"].any()
    measured = table.filter(pl.col("n") > 0)
    assert measured.height > 30
    assert (measured["difference"] == 0).all()
    assert (measured["p"] == 1).all()


def test_both_tests_agree_on_an_evaluation():
    split = planted(n_users=200)
    results = evaluate(
        {"a": own_mean(split), "b": noisy(split)}, split, metrics=["mae"], curve=None
    )
    tables = [compare(results, "a", test=test)["p"].to_numpy() for test in ("t", "sign_flip")]
    assert not np.isnan(tables).any()
    np.testing.assert_allclose(*tables, atol=0.01)


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(DataError, match="no model 'x' in these results"):
        compare(results_of({"a": np.zeros(3)}), "x")


def test_combined_seeds_are_summarised_over_users_and_seeds():
    split = planted()
    parts = [evaluate({"m": noisy(split, seed=s)}, split, metrics=["mae"], rng=s) for s in range(3)]
    together = combine(parts)
    assert together.seeds == [0, 1, 2]
    assert together.protocol["seeds"] == [0, 1, 2]
    means_apart = [part.summary()["mean"].to_numpy() for part in parts]
    np.testing.assert_allclose(together.summary()["mean"], np.mean(means_apart, axis=0))
    assert together.summary()["n"].to_list() == parts[0].summary()["n"].to_list()


def test_printed_results_say_in_one_line_what_was_measured_and_on_whom():
    one = results_of({"a": np.zeros((3, 2)), "b": np.ones((3, 2))})
    assert str(one) == "Results('toy', split None: 2 models, 1 scenario, 1 metric, 3 people)"
    split = planted(n_users=40)
    parts = [evaluate({"m": noisy(split, s)}, split, metrics=["mae"], rng=s) for s in range(2)]
    assert str(parts[0]) == (
        "Results('toy', split planted: 1 model, 2 scenarios, 1 metric, 20 people)"
    )
    assert "split planted, 2 parts: 1 model" in str(combine(parts))


def test_one_seed_twice_and_two_datasets_cannot_be_combined():
    split, other = planted(), planted(n_items=30)
    one = evaluate({"m": own_mean(split)}, split, curve=None)
    with pytest.raises(DataError, match="measured twice under seed 0"):
        combine([one, one])
    with pytest.raises(DataError, match="2 different datasets"):
        combine([one, evaluate({"m": own_mean(other)}, other, curve=None)])
    with pytest.raises(DataError, match="at least one"):
        combine([])
