"""Numbers worked by hand where the likeliest mistakes would give others."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scipy.stats
from test_evaluation_runner import value
from test_evaluation_significance import results_of
from tests.evaluation_toys import ByRule, by_score, constant, dataset_of, own_mean, planted, tiny

from metarec.contracts import Episodes, Histories, Predictions
from metarec.data.splits.split import Split
from metarec.evaluation import (
    ItemContent,
    better,
    combine,
    compare,
    evaluate,
    table,
    verdict,
)
from metarec.evaluation.protocol import measures as measures_room
from metarec.evaluation.protocol.answers import mean_by_user, users_of
from metarec.evaluation.protocol.background import Background
from metarec.evaluation.report.pictures import pooled
from metarec.evaluation.statistics import bootstrap as bootstrap_room
from metarec.evaluation.statistics import significance as significance_room
from metarec.evaluation.statistics.bootstrap import intervals, means, resampled_means
from metarec.evaluation.statistics.significance import sign_flip_test
from metarec.ranking.ties import tie_keys

# what is significant


def test_a_difference_that_only_the_raw_p_calls_clear_is_not_significant():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(5, 40))
    noise -= noise.mean(axis=1, keepdims=True)
    # a mean of 2.2 standard errors: p = 0.034 alone, above 0.1 among five
    shift = 2.2 * noise.std(axis=1, ddof=1, keepdims=True) / np.sqrt(40)
    values = {"a": np.zeros(40)} | {f"m{row}": -(noise + shift)[row] for row in range(5)}
    rows = compare(results_of(values), "a")
    assert (rows["p"] < 0.05).all()
    assert (rows["low"] > 0).all()
    assert (rows["p_holm"] > 0.05).all()
    assert not rows["significant"].any()
    assert compare(results_of(values), "a", ["m0"])["significant"].all()
    two = compare(results_of(values), "a", ["m0", "m1"])  # 0.068 in a family of two
    assert two["p_holm"].is_between(0.05, 0.1).all()
    assert not two["significant"].any()


def test_the_randomisation_test_is_made_where_it_is_asked_for():
    values = results_of({"a": np.ones(50) + 0.01 * np.arange(50), "b": np.zeros(50)})
    assert compare(values, "a", test="sign_flip")["p"][0] == pytest.approx(1 / 10_000)
    assert compare(values, "a")["p"][0] < 1e-30


def test_who_has_a_value_under_one_seed_alone_counts_as_one_who_has_some():
    table = np.array([[1.0, np.nan], [2.0, 3.0], [np.nan, np.nan]])
    row = results_of({"a": table}).summary().row(0, named=True)
    assert (row["n"], row["undefined"]) == (2, 1)


def test_numbers_of_the_whole_system_are_counted_where_there_are_none():
    whole = results_of({"a": np.array([[1.0]])})
    row = whole.values.row(0, named=True) | {"user_id": None}
    values = [row | {"value": v, "seed": s} for s, v in enumerate([3.0, np.nan, np.nan])]
    table = replace(whole, values=pl.DataFrame(values, schema=whole.values.schema)).summary()
    assert table.select("n", "undefined").rows() == [(1, 2)]


def test_shares_of_scenarios_and_seeds_are_pooled_by_their_answers():
    shares = pl.DataFrame({"level": [0.9, 0.9], "observed": [1.0, 0.5], "n": [10, 30]})
    assert pooled(shares, ["level"]).row(0) == (0.9, 0.625, 40)


def test_an_interval_with_zero_in_it_is_not_significant_whatever_the_p():
    # the p of every user's mean over seeds is tiny; seeds disagree, so the interval holds zero
    gain = np.array([0.3, 0.3, -0.5]) + np.random.default_rng(1).normal(0, 0.01, size=(100, 3))
    zero = np.zeros((100, 3))
    for sign in (1, -1):
        row = compare(results_of({"a": sign * gain, "b": zero}), "a").row(0, named=True)
        assert row["p_holm"] < 0.05
        assert not row["significant"]


def test_every_seed_counts_in_mean_difference_and_test():
    a = np.array([[1.0, 3.0], [2.0, 4.0], [0.0, 5.0]])
    b = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    results = results_of({"a": a, "b": b})
    # of a: (1 + 3 + 2 + 4 + 0 + 5) / 6; differences by user: (1 + 3)/2, (1 + 4)/2, (-1 + 4)/2
    summary = results.summary().filter(pl.col("model") == "a").row(0, named=True)
    assert summary["mean"] == pytest.approx(15 / 6)
    assert summary["n"] == 3
    row = compare(results, "a").row(0, named=True)
    assert row["difference"] == pytest.approx(2.0)
    assert row["p"] == pytest.approx(scipy.stats.ttest_1samp([2.0, 2.5, 1.5], 0).pvalue)
    assert row["n"] == 3


def test_a_number_of_the_whole_system_is_the_mean_over_seeds_and_has_no_interval():
    split = tiny("implicit")
    parts = [
        evaluate({"m": by_score(split, *s)}, split, metrics=["catalogue_coverage"], k=1, rng=rng)
        for rng, s in enumerate([(4, 3, 2, 1, 0), (4, 4, 4, 4, 9)])
    ]
    # u3 has 0, u4 has 1: shown 1 and 0, or 4 and 4 -> 2 of 5 and 1 of 5 items
    row = combine(parts).summary().filter(pl.col("k").is_null()).row(0, named=True)
    assert row["mean"] == pytest.approx(0.3)
    assert np.isnan([row["low"], row["high"]]).all()
    assert row["n"] == 2


def test_an_interval_leaves_a_fortieth_on_either_side():
    values = np.random.default_rng(2).normal(size=(1, 50, 1))
    drawn = np.sort(resampled_means(values, draws=1000, rng=3)[:, 0])
    low, high = intervals(values, draws=1000, rng=3)
    assert (drawn < low[0]).mean() == pytest.approx(0.025, abs=1e-9)
    assert (drawn > high[0]).mean() == pytest.approx(0.025, abs=1e-9)


def test_seeds_of_draws_change_and_repeat_them():
    values = np.random.default_rng(3).normal(size=(1, 30, 2))
    for draw in (
        lambda rng: resampled_means(values, draws=50, rng=rng),
        lambda rng: sign_flip_test(values[:, :, 0] + 0.3, flips=99, rng=rng),
        lambda rng: results_of({"a": values[0]}).summary(draws=50, rng=rng)["low"].to_numpy(),
        lambda rng: compare(results_of({"a": values[0], "b": 0 * values[0]}), "a", rng=rng)["low"],
    ):
        assert np.array_equal(draw(1), draw(1))
        assert not np.array_equal(draw(1), draw(2))


def test_draws_in_parts_have_the_same_spread_and_none_is_left_out(monkeypatch):
    values = np.random.default_rng(4).normal(size=(2, 40, 2))
    whole = resampled_means(values, draws=999)
    monkeypatch.setattr(bootstrap_room, "USERS_AT_ONCE", 40 * 7)
    parts = resampled_means(values, draws=999)
    assert not np.isnan(parts).any()
    np.testing.assert_allclose(parts.std(axis=0), whole.std(axis=0), rtol=0.15)
    whole_p = sign_flip_test(values[:, :, 0] + 0.2, flips=999)
    monkeypatch.setattr(significance_room, "SIGNS_AT_ONCE", 40 * 7)
    np.testing.assert_allclose(sign_flip_test(values[:, :, 0] + 0.2, flips=999), whole_p, atol=0.05)


def test_a_mean_over_users_and_seeds_leaves_out_who_has_no_value():
    np.testing.assert_array_equal(means(np.array([[[1.0, np.nan], [4.0, 7.0]]])), [4.0])


# the verdict


def with_curve(whole: dict[str, np.ndarray], point: dict[str, np.ndarray]):
    at_five = results_of(point).values.with_columns(pl.lit(5, dtype=pl.Int64).alias("k"))
    results = results_of(whole)
    return replace(results, values=pl.concat([results.values, at_five]))


def test_the_verdict_is_on_the_whole_support_whatever_the_curve_says():
    rng = np.random.default_rng(5)
    better, worse = rng.normal(1, 0.1, 50), rng.normal(0, 0.1, 50)
    results = with_curve({"a": better, "b": worse}, {"a": worse - 9, "b": better})
    for heart in (None, "a"):
        found = verdict(results, heart)
        assert (found.judged, found.outcomes) == ("a", {"s": "wins"})
        assert found.comparisons["k"].to_list() == [None]
        # one rival in one scenario: a family of one
        assert found.comparisons["p_holm"].to_list() == found.comparisons["p"].to_list()


def test_a_heart_must_beat_each_rival_and_loses_to_any():
    rng = np.random.default_rng(6)
    base = rng.normal(0, 0.1, 60)
    values = {"low": base - 1, "heart": base, "twin": base + rng.normal(0, 0.01, 60)}
    assert verdict(results_of(values), "heart").outcomes == {"s": "ties"}
    values["high"] = base + 1
    found = verdict(results_of(values), "heart")
    assert found.outcomes == {"s": "loses"}
    assert found.line.startswith("A simple model wins: high beats heart on “s” (nDCG@10 −1.0")
    errors = verdict(results_of(values, "rmse"), "heart")  # of an error the lowest is the hardest
    assert "low beats heart" in errors.line


def test_who_is_silent_of_a_newcomer_alone_still_takes_part_in_the_verdict():
    split = planted(n_users=240)
    base = own_mean(split)

    def silent_at_first(histories: Histories) -> np.ndarray:
        return np.where(histories.lengths[:, None] > 0, base.rule(histories), np.nan)

    shy = ByRule(split.train.catalogue, silent_at_first)
    results = evaluate({"shy": shy, "flat": constant(split)}, split, curve=(0, 5))
    assert verdict(results, metric="mae").judged == "shy"


def test_who_leaves_one_rating_in_a_hundred_takes_no_part_in_a_verdict_on_errors():
    split = planted(n_users=240)
    base = own_mean(split)
    rare = np.arange(40) == 7  # one item of forty

    def without(histories: Histories) -> np.ndarray:
        return np.where(rare, np.nan, base.rule(histories))

    shy = ByRule(split.train.catalogue, without)
    results = evaluate({"shy": shy, "flat": constant(split)}, split, curve=None)
    answered = results.summary().filter((pl.col("metric") == "answered") & (pl.col("n") > 0))
    assert (answered.filter(pl.col("model") == "shy")["mean"] > 0.95).all()
    assert verdict(results, metric="mae").judged == "flat"


def test_the_judged_model_is_the_best_in_most_scenarios():
    rng = np.random.default_rng(8)
    a, b = rng.normal(1, 0.1, 30), rng.normal(0, 0.1, 30)
    frames = []
    for scenario, values in (
        ("s1", {"a": a, "b": b}),
        ("s2", {"a": a, "b": b}),
        ("s3", {"a": b, "b": a}),
    ):
        one = results_of(values)
        frames.append(one.values.with_columns(pl.lit(scenario).alias("scenario")))
    found = verdict(replace(one, values=pl.concat(frames)))
    assert (found.judged, found.outcomes) == ("a", {"s1": "wins", "s2": "wins", "s3": "loses"})


# whose values, and of what


def test_episodes_without_ids_stand_alone_and_others_are_joined_by_id():
    split = tiny()
    episodes = split.test["new users"]
    nameless = Episodes(
        replace(episodes.support, user_ids=None), replace(episodes.query, user_ids=None)
    )
    codes, ids = users_of(nameless.take(np.array([0, 0, 1])))
    assert (codes.tolist(), ids.to_list()) == ([0, 1, 2], ["0", "1", "2"])
    codes, ids = users_of(episodes.take(np.array([1, 0, 1])))
    assert (codes.tolist(), ids.to_list()) == ([0, 1, 0], ["u4", "u3"])
    got = mean_by_user(np.array([1.0, np.nan, 5.0, np.nan]), np.array([1, 0, 1, 2]))
    np.testing.assert_array_equal(got, [np.nan, 3.0, np.nan])


def test_intervals_are_judged_by_what_an_observed_rating_would_show():
    split = planted()

    class Noisy(ByRule):
        def predict(self, histories: Histories, query: Histories) -> Predictions:
            scores = query.values + 1.0  # one off each
            narrow, wide = np.full(len(scores), 0.1), np.full(len(scores), 1.0)
            return Predictions(scores, narrow, wide)

    model = Noisy(split.train.catalogue, constant(split).rule, has_uncertainty=True)
    results = evaluate({"m": model}, split, curve=None)
    assert value(results, "covered_90") == 1.0  # 1 within 1.645, and not within 0.1645
    # (2 Φ(1) - 1) + 2 φ(1) - 1/√π at z = 1 and a std of 1
    assert value(results, "crps") == pytest.approx(0.60244, abs=1e-5)
    assert results.calibration.filter(pl.col("level") < 0.65)["observed"].max() == 0.0


def test_what_was_chosen_before_is_known_and_what_was_not_is_new():
    split = tiny()
    model = replace(own_mean(split), std=1.0)
    results = evaluate({"m": model}, split, curve=None)
    counts = dict(results.calibration.filter(pl.col("level") == 0.9)["group", "n"].iter_rows())
    # asked for: items 1 and 2, touched in training, and item 3, which is not
    assert counts == {"all": 3, "known items": 2, "new items": 1}


def test_novelty_and_lift_count_training_events_alone():
    split = tiny("implicit")  # counts 3, 2, 1, 0, 0 of six events
    results = evaluate({"m": by_score(split, 0, 9, 8, 0, 0)}, split, k=2, curve=None)
    # u3 (has 0) is shown 1, 2: (3, 2)/11; u4 (has 1) is shown 2 and 0, 3 or 4 by key
    surprise = -np.log2(np.array([3, 2]) / 11).mean()
    assert value(results, "novelty@2", user_id="u3") == pytest.approx(surprise)
    assert value(results, "popularity_lift@2", user_id="u3") == pytest.approx(1.5 / 3 - 1)


def test_a_retired_item_is_expected_of_nobody_and_no_inequality():
    split = tiny("implicit")
    catalogue = split.train.catalogue.retire(["i0"])
    split = replace(split, train=replace(split.train, catalogue=catalogue))
    model = by_score(split, np.nan, 3, 2, 1, 0)
    results = evaluate({"m": model}, split, k=1, curve=None)
    # of what is left item 1 is the most popular: to show it to u3, who takes it, is no surprise
    assert value(results, "serendipity@1", user_id="u3") == 0.0
    surprising = evaluate({"m": by_score(split, np.nan, 1, 9, 0, 0)}, split, k=1, curve=None)
    assert value(surprising, "serendipity@1", user_id="u3") == 1.0  # only one item is expected
    # shown: 1 and 2, of the four on offer
    assert value(results, "catalogue_coverage@1") == 2 / 4
    assert value(results, "gini@1") == pytest.approx(0.5)
    # u3's list of two holds item 2 as well, taken and not expected of a list of one
    longer = evaluate({"m": by_score(split, np.nan, 1, 2, 3, 0)}, split, k=2, curve=None)
    assert value(longer, "serendipity@2", user_id="u3") == 0.0  # 3 and 2: both 1 and 2 expected


def test_inequality_is_over_the_candidates_alone():
    split = tiny("implicit")
    episodes = split.test["new users"]
    few = replace(episodes, candidates=np.array([False, False, True, True, False]))
    one = evaluate(
        {"m": by_score(split, 0, 0, 9, 1, 0)}, replace(split, test={"s": few}), k=1, curve=None
    )
    assert value(one, "gini@1") == pytest.approx(0.5)  # 2 and 0; over all five it would be 0.8
    both = evaluate({"m": constant(split)}, replace(split, test={"s": few}), k=2, curve=None)
    assert value(both, "gini@2") == pytest.approx(0.0)


def test_interests_are_those_of_what_was_liked():
    split = tiny()
    # u3 rated 1 with 4 and 2 with 2: liked from 3.5 is item 1 alone, of category a; 3 is of b
    categories = np.zeros((5, 3), dtype=bool)
    categories[[1, 2, 3], [0, 1, 2]] = True
    content = ItemContent(categories=categories)
    asked = {"metrics": ["interest_coverage"], "k": 1, "curve": None, "content": content}
    shows_one = evaluate({"m": by_score(split, 0, 9, 0, 0, 0)}, split, **asked)
    assert value(shows_one, "interest_coverage@1", user_id="u3") == 1.0
    shows_two = evaluate({"m": by_score(split, 0, 0, 9, 0, 0)}, split, **asked)
    assert value(shows_two, "interest_coverage@1", user_id="u3") == 0.0
    generous = evaluate({"m": by_score(split, 0, 9, 0, 0, 0)}, split, likes_from=2.0, **asked)
    assert value(generous, "interest_coverage@1", user_id="u3") == 0.5


def test_liking_begins_at_five_eighths_of_the_scale_and_the_border_is_liked():
    assert Background.of(tiny().train).likes_from == 3.5
    assert Background.of(tiny().train, likes_from=2.0).likes_from == 2.0
    split = tiny()
    # predicted 4 and 3 of ratings 4 and 2: right twice at a border of 4, once at one of 2.5
    model = by_score(split, 0, 4, 3, 5, 0)
    for border, right in ((4.0, 1.0), (2.5, 0.5)):
        results = evaluate({"m": model}, split, likes_from=border, curve=None)
        assert value(results, "like_accuracy", user_id="u3") == right
    auc = evaluate({"m": by_score(split, 0, 1, 2, 0, 0)}, split, curve=None, likes_from=4.0)
    assert value(auc, "auc", user_id="u3") == 0.0  # the liked item 1 below item 2


def test_distances_are_of_the_content_given_and_the_same_in_parts(monkeypatch):
    split = planted(n_users=40)
    rng = np.random.default_rng(7)
    content = ItemContent(rng.normal(size=(40, 3)))
    asked = {"metrics": ["diversity", "history_novelty"], "k": 3, "content": content}
    whole = evaluate({"m": own_mean(split)}, split, **asked)
    monkeypatch.setattr(measures_room, "CELLS_AT_ONCE", 3 * 13 * 2)
    assert evaluate({"m": own_mean(split)}, split, **asked).values.equals(whole.values)
    angle = ItemContent(np.array([[1.0, 0], [0, 1], [1, 0], [1, 0], [1, 1]]))
    few = evaluate(
        {"m": by_score(tiny(), 0, 9, 8, 0, 0)}, tiny(), **{**asked, "k": 2, "content": angle}
    )
    # u3 has 0 and is shown 1 and 2, at right angles; 2 lies where 0 does
    assert value(few, "diversity@2", user_id="u3") == pytest.approx(1.0)
    assert value(few, "history_novelty@2", user_id="u3") == pytest.approx(0.5)


def test_k_is_the_length_of_every_list_and_seen_items_come_back_only_when_asked():
    split = tiny("implicit")
    model = by_score(split, 9, 8, 7, 6, 5)
    results = evaluate({"m": model}, split, k=1, curve=None, exclude_seen=False)
    assert value(results, "recall@1", user_id="u3") == 0.0  # shown is 0, which u3 has
    assert value(evaluate({"m": model}, split, k=1, curve=None), "recall@1", user_id="u3") == 0.5


def test_all_but_the_last_event_known_is_not_the_whole_support():
    split = planted(n_users=40)
    results = evaluate({"own": own_mean(split)}, split, metrics=["mae"], curve=(9, 10))
    assert value(results, "mae", k=10) == value(results, "mae") != value(results, "mae", k=9)


# tables


def test_of_several_draws_of_an_item_the_best_rating_counts_and_the_table_sorts_errors_up():
    rows = [(0, 0, 5), (0, 1, 2), (0, 1, 4), (0, 2, 3)]
    data = dataset_of([(u, i, float(v)) for u, i, v in rows], 1, 5)
    h = data.histories
    episodes = Episodes(h.keep(h.places < 1), h.keep(h.places >= 1))
    split = Split("toy", data, episodes, {"s": episodes}, ())
    found = evaluate(
        {"m": by_score(split, 0, 1, 9, 0, 0)}, split, k=2, curve=None, relevance="value"
    )
    # shown 2 (worth 3), 1 (worth 4): (3 + 4/log2(3)) / (4 + 3/log2(3))
    gain = (3 + 4 / np.log2(3)) / (4 + 3 / np.log2(3))
    assert value(found, "ndcg@2") == pytest.approx(gain)
    order = [
        line.split()[0]
        for line in table(results_of({"x": [3.0, 3], "y": [1.0, 1]}, "mae")).splitlines()[2:4]
    ]
    assert order == ["y", "x"]


def test_scores_that_are_no_ratings_have_no_intervals_of_ratings():
    split = planted()
    order = replace(own_mean(split, std=0.8), predicts_ratings=False)
    results = evaluate({"m": order}, split, curve=None)
    assert not {"crps", "covered_90"} & set(results.metrics)
    assert results.calibration.is_empty()


def test_a_resampled_mean_of_ones_is_one_also_where_seeds_lack_values():
    values = np.full((1, 6, 3), 1.0)
    values[0, :4, 1:] = np.nan
    drawn = resampled_means(values, draws=200)
    np.testing.assert_allclose(drawn[~np.isnan(drawn)], 1.0)
    assert np.isfinite(drawn).mean() > 0.9


def test_an_empty_rank_is_no_hit_on_another_persons_last_item():
    # u3 takes the last item; the list of u4 ends at once
    data = dataset_of([(0, 0, 5.0), (0, 4, 5.0), (1, 1, 5.0), (1, 2, 5.0)], 2, 5, "implicit")
    h = data.histories
    episodes = Episodes(h.keep(h.places < 1), h.keep(h.places >= 1))
    split = Split("toy", data, episodes, {"s": episodes}, ())
    silent = by_score(split, *[np.nan] * 5)
    assert value(evaluate({"m": silent}, split, k=2, curve=None), "recall@2", user_id="u1") == 0.0


def test_every_measure_of_one_evaluation_is_the_number_worked_by_hand():
    split = tiny()
    ties = tie_keys(split.train.catalogue.ids)
    first, second = (6.0, 7.0) if ties[1] < ties[2] else (7.0, 6.0)
    # u3 has 0, and rated 1 with 4 and 2 with 2; both are scored above the scale, where equal scores
    # would be in the other order
    model = replace(by_score(split, 0, first, second, 8, 0), std=1.0)
    results = evaluate({"m": model}, split, k=2, curve=None)
    log3 = np.log2(3)
    ascending = first < second
    gains = (2, 4) if ascending else (4, 2)
    exponential = (3, 15) if ascending else (15, 3)
    expected = {
        # shown are 3, which u3 does not take, and one of the two that u3 takes
        "ndcg@2": (1 / log3) / (1 + 1 / log3),
        "ndcg_exponential@2": (1 / log3) / (1 + 1 / log3),
        "recall@2": 1 / 2,
        "precision@2": 1 / 2,
        "f1@2": 1 / 2,
        "mrr@2": 1 / 2,
        "map@2": (1 / 2) / 2,
        "hit_rate@2": 1.0,
        # as a person sees them both are 5: errors of 1 and 3
        "mae": 2.0,
        "rmse": np.sqrt(5.0),
        "like_accuracy": 1 / 2,
        "list_ndcg@3": (gains[0] + gains[1] / log3) / (4 + 2 / log3),
        "list_ndcg_exponential@3": (exponential[0] + exponential[1] / log3) / (15 + 3 / log3),
        "auc": 0.0 if ascending else 1.0,
        "answered": 1.0,
    }
    found = {metric: value(results, metric, user_id="u3") for metric in expected}
    assert found == pytest.approx(expected)


def test_gains_by_value_are_linear_or_exponential():
    split = tiny()
    model = by_score(split, 0, 6, 7, 8, 0)  # to u3: 3, then 2, worth 2 of (4, 2)
    results = evaluate({"m": model}, split, k=2, curve=None, relevance="value")
    log3 = np.log2(3)
    linear, exponential = (2 / log3) / (4 + 2 / log3), (3 / log3) / (15 + 3 / log3)
    assert value(results, "ndcg@2", user_id="u3") == pytest.approx(linear)
    assert value(results, "ndcg_exponential@2", user_id="u3") == pytest.approx(exponential)
    # liked from 4.0: item 1, rated 4, is the only relevant one, and is not shown
    liked = evaluate(
        {"m": model}, split, k=3, curve=None, relevance="liked", likes_from=4.0, metrics=["mrr"]
    )
    assert value(liked, "mrr@3", user_id="u3") == pytest.approx(1 / 3)


def test_only_a_rating_beyond_the_third_place_is_left_out_of_a_list_of_ratings():
    rows = [(0, 0, 3.0), *[(0, item, float(6 - item)) for item in range(1, 6)], (1, 0, 1.0)]
    data = dataset_of(rows, 2, 6)
    h = data.histories.take(np.array([0]))
    episodes = Episodes(h.keep(h.places < 1), h.keep(h.places >= 1))
    split = Split("toy", data, episodes, {"s": episodes}, ())
    # rated 5, 4, 3, 2, 1; the order is right but for the last two
    model = by_score(split, 0, 5, 4, 3, 1, 2)
    assert value(evaluate({"m": model}, split, k=3, curve=None), "list_ndcg@3") == 1.0


def test_which_way_is_better_is_what_the_page_says():
    lower = {"mae", "rmse", "crps", "gini@10"}
    neither = {"novelty@10", "popularity_lift@10", "diversity@10", "history_novelty@10"}
    neither |= {"covered_90", "answered"}
    higher = {"ndcg@10", "recall@5", "auc", "list_ndcg@3", "catalogue_coverage@10", "serendipity@1"}
    for way, names in (("lower", lower), ("neither", neither), ("higher", higher)):
        assert {better(name) for name in names} == {way}


def test_a_support_size_named_twice_is_measured_once():
    split = planted(n_users=40)
    values = evaluate({"own": own_mean(split)}, split, metrics=["mae"], curve=(5, 2, 5)).values
    assert values["k"].unique(maintain_order=True).to_list() == [None, 2, 5]
    assert len(values) == 3 * 20
