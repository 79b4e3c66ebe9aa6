"""What is kept when results are written, read and combined, and what a claim asks for."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scipy.stats
from test_evaluation_significance import results_of

from metarec.contracts import DataError
from metarec.evaluation import combine, compare, load_results, save_results, t_test
from metarec.evaluation.report.words import listed, metric_label, number, p_value, support_label
from metarec.evaluation.statistics.bootstrap import intervals
from metarec.evaluation.statistics.merging import merged, merged_models, told
from metarec.evaluation.statistics.results import ATTAINABLE, CALIBRATION, SUMMARY, Results
from metarec.evaluation.statistics.significance import COMPARISONS, sign_flip_test

ONE = results_of({"b": np.array([1.0, 2.0]), "a": np.array([3.0, 5.0])})


def test_results_without_comparisons_and_trials_are_read_back_without(tmp_path):
    named = replace(ONE, dataset={"name": "Łódź"})
    text = save_results(named, tmp_path).read_text("utf-8")
    assert '"Łódź"' in text
    again = load_results(tmp_path)
    assert (again.comparisons, again.trials) == (None, None)
    assert again.calibration.schema == pl.Schema(CALIBRATION)
    assert again.attainable.schema == pl.Schema(ATTAINABLE)
    (tmp_path / "per_user.parquet").unlink()
    with pytest.raises(DataError, match=r"holds no per_user\.parquet"):
        load_results(tmp_path)


def test_a_fact_that_is_no_number_is_not_written_as_one(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        save_results(replace(ONE, protocol={"likes_from": float("nan")}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_older_file_without_what_lists_could_hold_is_still_read(tmp_path):
    file = save_results(ONE, tmp_path)
    written = json.loads(file.read_text())
    del written["attainable"], written["protocol"]["warnings"]
    file.write_text(json.dumps(written))
    assert load_results(tmp_path).attainable.is_empty()


def test_facts_of_a_shop_under_their_former_names_have_the_present_ones(tmp_path):
    save_results(replace(ONE, dataset={"value": "rating", "timestamp": "order"}), tmp_path)
    assert load_results(tmp_path).dataset == {"feedback": "rating", "clock": "order"}


def test_names_stand_in_the_order_of_the_rows_and_seeds_ascend():
    values = pl.concat([ONE.values.with_columns(seed=seed, scenario=pl.lit(s)) for seed, s in
                        ((2, "t"), (0, "s"))]).cast({"seed": pl.Int64})  # fmt: skip
    results = replace(ONE, values=values, protocol={"seeds": [9]})
    assert (results.models, results.scenarios) == (["b", "a"], ["t", "s"])
    assert results.seeds == [0, 2]
    assert replace(results, values=values.clear()).seeds == [9]
    assert results.summary()["model"].to_list() == ["b", "a", "b", "a"]
    assert results.summary()["scenario"].to_list() == ["t", "t", "s", "s"]
    assert results.summary() is results.summary()
    assert replace(ONE, values=ONE.values.clear()).summary().schema == pl.Schema(SUMMARY)
    again = results.summary(draws=10, rng=3)
    assert again is results.summary(draws=10, rng=3)
    assert not again.equals(results.summary(draws=10, rng=4))


def part(seed: int, model: str = "m", **more: object) -> Results:
    values = results_of({model: np.array([1.0, 2.0])}).values.with_columns(
        pl.lit(seed, pl.Int64).alias("seed")
    )
    held = pl.DataFrame(
        {"scenario": [f"s{seed}", "s"], "k": [None, 5], "share": [1.0, 1.0], "events": [4, 4],
         "unavailable": [0, 0], "seen": [0, 0], "seed": [seed, 0]}, schema=ATTAINABLE,
    )  # fmt: skip
    facts = {"predicts_ratings": True, "serves_new_users": seed == 0, "has_uncertainty": True}
    protocol = {"split": "cold", "models": {model: facts}, "parts": [{"scenarios": [f"s{seed}"],
                "seeds": [seed]}], "seeds": [seed]}  # fmt: skip
    base = Results(values, pl.DataFrame(schema=CALIBRATION), {"name": "toy"}, protocol, {"np": "1"})
    return replace(base, attainable=held, **more)


def test_what_is_combined_keeps_every_part_and_claims_nothing_of_one():
    trials = [pl.DataFrame({"model": ["m"], "value": [1]}), pl.DataFrame({"model": ["n"]})]
    parts = [
        part(2, versions={"np": "2"}, trials=trials[0]),
        part(0, trials=trials[1]).with_comparisons(pl.DataFrame(schema=COMPARISONS)),
        part(1),
    ]
    found = combine(parts)
    assert found.seeds == found.protocol["seeds"] == [0, 1, 2]
    assert found.comparisons is None
    assert found.trials.to_dicts() == [{"model": "m", "value": 1}, {"model": "n", "value": None}]
    assert found.versions == {"np": {"each": ["2", "1", "1"]}}
    assert found.attainable["scenario"].to_list() == ["s2", "s", "s0", "s1"]  # the same row once
    assert [p["seeds"] for p in found.protocol["parts"]] == [[2], [0], [1]]
    assert found.protocol["models"]["m"]["serves_new_users"] is False
    assert found.protocol["split"] == "cold"
    assert combine(parts[2:]).trials is None
    twice = combine([parts[0], part(2, model="n")])
    assert (twice.models, twice.n_parts) == (["m", "n"], 2)
    with pytest.raises(DataError, match="model 'm' is measured twice under seed 2"):
        combine([part(0), parts[0], parts[0]])


def test_facts_are_shared_where_all_agree_and_told_apart_where_one_does_not():
    assert merged([({"a": 1}, 1), ({"a": 1}, 2)]) == {"a": 1}
    assert merged([({"a": 1}, 1), ({"a": 2}, 2), ({"a": 1}, 1)]) == {"a": {"each": [1, 2, 2, 1]}}
    assert merged([({"a": 1}, 1), ({}, 1)]) == {"a": {"each": [1, None]}}
    each = {"a": {"each": [1, 2]}}
    assert merged([(each, 2), ({"a": {"b": 1}}, 1)]) == {"a": {"each": [1, 2, {"b": 1}]}}
    assert merged([({"a": {"b": 1}}, 1), ({"a": {"b": 2}}, 1)]) == {"a": {"b": {"each": [1, 2]}}}
    assert merged([({"a": {"b": 1}}, 1), ({"a": 3}, 1)]) == {"a": {"each": [{"b": 1}, 3]}}
    assert told({"each": [1000, 2000]}, ",") == "each 1,000, 2,000"
    assert told({"b": 1}) == "{'b': 1}"


@pytest.mark.parametrize(
    ("fitted", "worst"),
    [
        ([True, True], True),
        ([True, None], None),
        ([None, False], False),
        ([True, False, None], False),
    ],
)
def test_what_one_part_knows_worst_is_known_of_all(fitted: list[bool | None], worst: bool | None):
    flags = {"predicts_ratings": True, "serves_new_users": True, "has_uncertainty": False}
    models = [({"m": flags | {"fitted_on_train": one}}, 1) for one in fitted]
    found = merged_models([*models, ({"n": flags}, 1)])
    assert found["m"]["fitted_on_train"] is worst
    assert (found["m"]["has_uncertainty"], found["m"]["predicts_ratings"]) == (False, True)
    assert list(found) == ["m", "n"]


def test_a_claim_asks_for_a_p_below_five_percent():
    noise = np.random.default_rng(0).normal(size=100)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    for p, claimed in ((0.06, False), (0.04, True)):
        shift = scipy.stats.t.isf(p / 2, 99) / 10
        row = compare(results_of({"a": noise + shift, "b": np.zeros(100)}), "a").row(0, named=True)
        assert row["p_holm"] == pytest.approx(p)
        assert row["low"] > 0 or p == 0.06
        assert row["significant"] is claimed


def test_only_what_is_asked_for_is_compared():
    frames = []
    for scenario in "st":
        for metric in ("mae", "ndcg@10"):
            for k in (None, 0, 5):
                one = results_of({"a": [1.0, 2.0], "b": [1.0, 3.0], "c": [0.0, 9.0]}, metric)
                frames.append(
                    one.values.with_columns(scenario=pl.lit(scenario), k=pl.lit(k, dtype=pl.Int64))
                )
    results = replace(ONE, values=pl.concat(frames))
    found = compare(results, "a", ["c"], metrics=["mae"], scenarios=["t"], k=[None, 5])
    assert found.select("scenario", "k", "metric", "model", "against").rows() == [
        ("t", None, "mae", "a", "c"),
        ("t", 5, "mae", "a", "c"),
    ]
    assert len(compare(results, "a")) == 2 * 2 * 3 * 2
    assert found.columns == list(COMPARISONS)
    nothing = compare(results, "a", metrics=["nothing"])
    assert (len(nothing), nothing.schema) == (0, pl.Schema(COMPARISONS))
    alone = replace(ONE, values=ONE.values.filter(pl.col("model") == "a"))
    assert len(compare(alone, "a")) == 0


def test_nobody_and_one_person_have_no_test():
    for table in (np.zeros((2, 0)), np.full((2, 3), np.nan), np.array([[1.0], [2.0]])):
        np.testing.assert_array_equal(t_test(table), [np.nan, np.nan])
        np.testing.assert_array_equal(sign_flip_test(table, flips=9), [np.nan, np.nan])
        low, high = intervals(table[:, :, None], draws=9)
        assert np.isnan([low, high]).all()
    pair = t_test(np.array([[1.0, 2.0], [1.0, np.nan]]))
    assert pair[0] == pytest.approx(scipy.stats.ttest_1samp([1.0, 2.0], 0).pvalue)
    assert np.isnan(pair[1])


def test_words_at_their_borders():
    assert metric_label("novelty@10") == "Novelty@10 (bits)"
    assert (p_value(0.001), p_value(0.00099)) == ("p = 0.001", "p < 0.001")
    assert (listed(["a"]), listed(["a", "b"])) == ("a", "a and b")
    assert [support_label(k) for k in (0, 1, 2)] == ["no events", "1 event", "2 events"]
    assert (number(None), number(0.0), number(1.23456, 1)) == ("–", "0.000", "1.2")
