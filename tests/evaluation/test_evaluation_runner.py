"""The runner: what it measures, for whom, and what it leaves out."""

import inspect
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.evaluation_toys import (
    ByRule,
    catalogue_of,
    constant,
    dataset_of,
    noisy,
    own_mean,
    planted,
    tiny,
)

from metarec import metrics
from metarec.contracts import DataError, Episodes, Histories, Recommendations, Vocabulary
from metarec.evaluation import (
    ItemContent,
    Measure,
    Results,
    categories_of,
    compare,
    evaluate,
    sign_flip_test,
    table,
    verdict,
    write_report,
)
from metarec.evaluation.statistics.bootstrap import intervals, resampled_means
from metarec.ranking.ties import tie_keys


def value(results, metric: str, **where) -> float:
    """The mean over users of one cell, by hand from the per-user values; every user has one."""
    frame = results.values.filter(pl.col("metric") == metric)
    for name, wanted in {"k": None, **where}.items():
        frame = frame.filter(pl.col(name).eq_missing(pl.lit(wanted)))
    assert len(frame)
    return float(frame["value"].mean())


def test_two_users_get_the_numbers_worked_by_hand():
    split = tiny()
    # scores by item: 4, 3, 2, 1, 0. u3 knows 0, so the list is 1, 2, 3; its query is 1 and 2.
    # u4 knows 1, so the list is 0, 2, 3; its query is item 3, at rank 3.
    model = ByRule(split.train.catalogue, lambda h: np.tile([4.0, 3.0, 2.0, 1.0, 0.0], (len(h), 1)))
    results = evaluate({"m": model}, split, k=3, curve=None)
    per_user = {
        metric: results.values.filter(pl.col("metric") == metric)["value"].to_list()
        for metric in ("recall@3", "mrr@3", "mae", "answered")
    }
    # ratings of u3: 4 and 2 against 3 and 2; of u4: 5 against 1
    assert per_user == {
        "recall@3": [1, 1],
        "mrr@3": [1, 1 / 3],
        "mae": [0.5, 4],
        "answered": [1, 1],
    }
    assert results.values["user_id"].drop_nulls().unique().to_list() in (["u3", "u4"], ["u4", "u3"])


def test_an_implicit_dataset_has_no_rating_error():
    results = evaluate({"m": constant(tiny("implicit"))}, tiny("implicit"), k=3, curve=None)
    assert "recall@3" in results.metrics
    assert not {"mae", "auc", "list_ndcg@3"} & set(results.metrics)


def test_scores_that_are_no_ratings_are_judged_by_their_order_only():
    split = tiny()
    results = evaluate(
        {"counts": replace(constant(split), predicts_ratings=False)}, split, curve=None
    )
    assert "mae" not in results.metrics
    assert {"list_ndcg@3", "auc"} <= set(results.metrics)


def test_the_draws_of_one_user_are_averaged_before_anything_else():
    split = tiny()
    episodes = split.test["new users"]
    # u3 twice as likely to be drawn: still one of two users
    doubled = replace(split, test={"new users": episodes.take(np.array([0, 1, 0, 0]))})
    models = {"m": own_mean(split)}
    once, often = (evaluate(models, s, k=3, curve=None) for s in (split, doubled))
    per_user = pl.col("user_id").is_not_null()
    a, b = (results.values.filter(per_user)["value"] for results in (once, often))
    np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_value_that_one_draw_lacks_is_averaged_over_the_others():
    split = tiny()
    episodes = split.test["new users"]
    nothing = replace(episodes.query, offsets=episodes.query.offsets)
    empty = Episodes(episodes.support, nothing.keep(np.zeros(len(nothing.items), dtype=bool)))
    merged = Episodes(_stack(episodes.support, empty.support), _stack(episodes.query, empty.query))
    results = evaluate({"m": own_mean(split)}, replace(split, test={"s": merged}), k=3, curve=None)
    alone = evaluate({"m": own_mean(split)}, replace(split, test={"s": episodes}), k=3, curve=None)
    assert value(results, "mae") == value(alone, "mae")


def _stack(first: Histories, second: Histories) -> Histories:
    return replace(
        first,
        items=np.concatenate([first.items, second.items]),
        values=np.concatenate([first.values, second.values]),
        times=np.concatenate([first.times, second.times]),
        kinds=np.concatenate([first.kinds, second.kinds]),
        offsets=np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        user_ids=np.concatenate([first.user_ids, second.user_ids]),
    )


def test_a_user_without_anything_to_judge_is_nan_and_counted():
    split = tiny()
    episodes = split.test["new users"]
    without = episodes.query.keep(episodes.query.rows == 0)
    split = replace(split, test={"s": Episodes(episodes.support, without)})
    summary = evaluate({"m": own_mean(split)}, split, k=3, curve=None).summary()
    row = summary.filter(pl.col("metric") == "mae").row(0, named=True)
    assert (row["n"], row["undefined"]) == (1, 1)


def test_the_learning_curve_shows_each_model_only_the_first_events():
    split = planted()
    counts = []

    def rule(histories: Histories) -> np.ndarray:
        counts.append(int(histories.lengths.max()))
        return np.zeros((len(histories), len(split.train.catalogue)))

    spy = ByRule(split.train.catalogue, rule)
    results = evaluate({"spy": spy}, split, metrics=["mae"], curve=(0, 2, 50))
    assert counts == [10, 0, 2] * 2  # 50 cuts nothing, so the whole support is not asked twice
    assert value(results, "mae", k=50) == value(results, "mae")
    assert set(results.values["k"].to_list()) == {None, 0, 2, 50}


def test_more_known_events_help_a_model_that_learns_the_user():
    results = evaluate(
        {"own": own_mean(planted(n_users=300))}, planted(n_users=300), metrics=["mae"]
    )
    curve = [value(results, "mae", k=k) for k in (0, 2, 5, 10)]
    assert curve == sorted(set(curve), reverse=True)
    assert curve[0] - curve[-1] > 0.05


def test_a_constant_scorer_gets_the_ndcg_of_random_order():
    split = planted(n_users=2000, n_items=2000)
    found = value(
        evaluate({"c": constant(split)}, split, metrics=["list_ndcg@3"], curve=None), "list_ndcg@3"
    )
    rng = np.random.default_rng(0)
    episodes = split.test["new users"].query, split.test["new users, late"].query
    ratings = np.concatenate([query.values.reshape(len(query), -1) for query in episodes])
    ties = np.argsort(rng.random(ratings.shape), axis=1)
    chance = metrics.list_ndcg(np.zeros_like(ratings), ratings, ties, k=3)
    assert abs(found - chance.mean()) < 3 * chance.std() / np.sqrt(len(chance))


def test_the_order_of_the_catalogue_does_not_help_a_constant_scorer():
    split = tiny()
    episodes = split.test["new users"]
    # the query of u3 holds items 1 (rated 4) and 2 (rated 2): the smaller key comes first
    ties = tie_keys(split.train.catalogue.ids)
    first = 4.0 if ties[1] < ties[2] else 2.0
    results = evaluate({"c": constant(split)}, replace(split, test={"s": episodes}), curve=None)
    gain = (first + (6 - first) / np.log2(3)) / (4 + 2 / np.log2(3))
    assert results.values.filter((pl.col("metric") == "list_ndcg@3") & (pl.col("user_id") == "u3"))[
        "value"
    ][0] == pytest.approx(gain)


def test_unanswered_pairs_lower_the_share_and_not_the_error():
    split = tiny()

    def rule(histories: Histories) -> np.ndarray:
        scores = np.full((len(histories), 5), 4.0)
        scores[:, 2] = np.nan
        return scores

    results = evaluate({"m": ByRule(split.train.catalogue, rule)}, split, k=3, curve=None)
    assert value(results, "answered") == 0.75  # u3: one of two, u4: one of one
    assert value(results, "mae") == 0.5  # |4 - 4| and |5 - 4|


def test_errors_are_judged_inside_the_scale_and_order_as_it_was_scored():
    split = tiny()
    # u3's ratings 4 and 2 of items 1 and 2, both scored above the scale: as errors both are 5
    model = ByRule(split.train.catalogue, lambda h: np.tile([0.0, 9.0, 8.0, 3.0, 0.0], (len(h), 1)))
    results = evaluate({"m": model}, split, k=3, curve=None)
    assert value(results, "mae", user_id="u3") == 2.0  # |5 - 4| and |5 - 2|
    assert value(results, "list_ndcg@3", user_id="u3") == 1.0


def test_only_finite_intervals_are_judged():
    split = planted()
    sure = own_mean(split, std=0.8, has_uncertainty=True)
    results = evaluate({"sure": sure, "silent": own_mean(split)}, split, curve=None)
    with_crps = results.values.filter(pl.col("metric").is_in(["crps", "covered_90"]))
    assert with_crps["model"].unique().to_list() == ["sure"]
    assert results.calibration["model"].unique().to_list() == ["sure"]


def test_candidates_of_an_episode_are_all_that_is_ranked():
    split = tiny()
    allowed = np.array([False, False, True, True, False])
    episodes = replace(split.test["new users"], candidates=allowed)
    model = ByRule(split.train.catalogue, lambda h: np.tile([4.0, 3.0, 2.0, 1.0, 0.0], (len(h), 1)))
    results = evaluate({"m": model}, replace(split, test={"s": episodes}), k=2, curve=None)
    # both lists are 2, 3: the catalogue on offer is shown whole
    assert value(results, "catalogue_coverage@2") == 1.0
    assert value(results, "mrr@2") == pytest.approx((1 + 1 / 2) / 2)


def test_another_vocabulary_is_mapped_by_id():
    split = tiny()
    model = ByRule(split.train.catalogue, lambda h: np.tile([4.0, 3.0, 2.0, 1.0, 0.0], (len(h), 1)))

    class Turned(ByRule):
        def recommend(self, *args, **kwargs) -> Recommendations:
            found = super().recommend(*args, **kwargs)
            n = len(self.catalogue)
            items = np.where(found.items >= 0, n - 1 - found.items, -1)
            return replace(found, vocabulary=Vocabulary.of(found.vocabulary.ids[::-1]), items=items)

    turned = Turned(model.catalogue, model.rule)
    a, b = (evaluate({"m": m}, split, k=3, curve=None) for m in (model, turned))
    assert a.values.equals(b.values)


@pytest.mark.parametrize(("relevance", "expected"), [("event", 3), ("liked", 2), ("value", 3)])
def test_relevance_says_which_query_items_count(relevance, expected):
    split = tiny()
    found = []
    spy = Measure("spy", lambda lists: found.append(lists) or np.zeros(len(lists.items)))
    evaluate({"m": constant(split)}, split, metrics=[spy], relevance=relevance, curve=None)
    assert found[0].n_relevant.sum() == expected  # ratings 4, 2, 5; liked from 3.5
    best = found[0].ideal[:, 0].tolist()
    assert best == ([4.0, 5.0] if relevance == "value" else [1.0, 1.0])


def test_a_repeated_query_item_is_relevant_once():
    split = tiny()
    data = dataset_of([(0, 0, 5), (0, 1, 2), (0, 1, 4)], 1, 5)
    h = data.histories
    episodes = Episodes(h.keep(h.places < 1), h.keep(h.places >= 1))
    found = []
    spy = Measure("spy", lambda lists: found.append(lists) or np.zeros(len(lists.items)))
    split = replace(
        split, train=replace(split.train, catalogue=data.catalogue), test={"s": episodes}
    )
    evaluate({"m": constant(split)}, split, metrics=[spy], relevance="value", curve=None)
    assert found[0].n_relevant.tolist() == [1]
    assert found[0].ideal[0, 0] == 4.0


def test_content_adds_the_measures_of_variety():
    split = planted()
    rng = np.random.default_rng(0)
    n_items = len(split.train.catalogue)
    content = ItemContent(rng.normal(size=(n_items, 4)), rng.random((n_items, 3)) < 0.5)
    asked = ["diversity", "history_novelty", "interest_coverage"]
    results = evaluate({"m": noisy(split)}, split, metrics=asked, content=content, curve=None)
    assert results.metrics == [f"{name}@10" for name in asked]
    with pytest.raises(DataError, match="no measure 'diversity' for this dataset"):
        evaluate({"m": noisy(split)}, split, metrics=asked, curve=None)


def test_all_lists_alike_are_as_unequal_as_lists_can_be():
    split = planted(feedback="implicit")
    results = evaluate({"c": constant(split)}, split, k=5, curve=None, exclude_seen=False)
    assert value(results, "gini@5", scenario="new users") == pytest.approx(1 - 5 / 40)
    assert value(results, "catalogue_coverage@5", scenario="new users") == 5 / 40


def test_categories_come_from_lists_and_from_joined_strings():
    frame = pl.DataFrame({"item_id": ["a", "b", "c"], "genres": ["x|y", None, " y "]})
    joined = catalogue_of(1).of(frame)
    listed = catalogue_of(1).of(frame.with_columns(pl.col("genres").str.split("|")))
    expected = [[True, True], [False, False], [False, True]]
    assert categories_of(joined, "genres").tolist() == expected
    assert categories_of(listed, "genres").tolist() == expected
    with pytest.raises(DataError, match="no column 'kind'"):
        categories_of(joined, "kind")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0}, "k must be at least 1, got 0"),
        ({"metrics": ["beauty"]}, "no measure 'beauty'"),
        (
            {"content": ItemContent(np.zeros((2, 2)))},
            "needs one row for each of the 5 items, got 2",
        ),
    ],
)
def test_a_wrong_question_is_refused_at_the_door(settings, message):
    with pytest.raises(DataError, match=message):
        evaluate({"m": constant(tiny())}, tiny(), **settings)


def test_nothing_to_evaluate_is_refused():
    with pytest.raises(DataError, match="at least one model"):
        evaluate({}, tiny())


def test_the_same_evaluation_gives_the_same_values():
    split = planted()
    a, b = (evaluate({"m": own_mean(split)}, split) for _ in range(2))
    assert a.values.equals(b.values)
    assert a.summary().equals(b.summary())


def test_what_the_numbers_rest_on_stands_beside_them():
    split = planted()
    model = replace(own_mean(split), serves_new_users=False)
    results = evaluate({"m": model}, split, curve=(0, 1), rng=7, progress=True)
    assert results.dataset["hash"] == split.train.hash
    assert results.protocol["excludes"] == list(split.excludes)
    assert results.protocol["seeds"] == [7]
    assert results.protocol["models"]["m"]["serves_new_users"] is False
    assert "seed 0" in results.protocol["ties"]
    assert {"python", "numpy", "metarec"} <= set(results.versions)


def test_what_is_not_said_of_an_evaluation_is_this():
    def defaults(function) -> dict[str, object]:
        asked = inspect.signature(function).parameters.values()
        return {p.name: p.default for p in asked if p.default not in (p.empty, None)}

    assert defaults(evaluate) == {
        "k": 10,
        "curve": (0, 1, 2, 5, 10, 20),
        "rng": 0,
        "relevance": "event",
        "fitted_elsewhere": (),
        "progress": False,
    }
    asked = {"family": "all comparisons", "test": "t", "draws": 1000, "rng": 0}
    assert defaults(compare) == asked
    assert defaults(sign_flip_test) == {"flips": 9_999, "rng": 0}
    for draws in (intervals, resampled_means, Results.summary):
        assert defaults(draws) == {"draws": 1000, "rng": 0}
    for plain in (verdict, write_report, table):
        assert defaults(plain) == {}


def test_nothing_is_drawn_unless_asked_for_and_then_on_the_error_stream(capsys, monkeypatch):
    evaluate({"m": constant(tiny())}, tiny(), k=3, curve=None)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("metarec.contracts.progress.EVERY_S", 0.0)
    evaluate({"m": constant(tiny())}, tiny(), k=3, curve=None, progress=True)
    drawn = capsys.readouterr()
    assert drawn.out == ""
