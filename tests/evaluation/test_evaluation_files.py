"""Results on disk: read back as they were, whole or not at all."""

import json
import math

import polars as pl
import pytest
from tests.evaluation_toys import constant, own_mean, planted

from metarec.contracts import DataError
from metarec.evaluation import Results, compare, evaluate, load_results, save_results


@pytest.fixture(scope="module")
def results() -> Results:
    split = planted()
    models = {"own": own_mean(split, std=0.8, has_uncertainty=True), "flat": constant(split)}
    found = evaluate(models, split, curve=(0, 5), rng=3)
    trials = {"model": "own", "trial": 0, "settings": "{}", "objective": "mae", "value": math.nan}
    found = found.with_trials(pl.DataFrame([{**trials, "best": True, "state": "done"}]))
    return found.with_comparisons(compare(found, "own"))


def test_what_is_read_back_is_what_was_written(results, tmp_path):
    save_results(results, tmp_path / "new" / "folder")
    again = load_results(tmp_path / "new" / "folder")
    for name in ("values", "calibration", "comparisons", "trials"):
        assert getattr(again, name).equals(getattr(results, name)), name
    for name in ("dataset", "protocol", "versions"):
        assert getattr(again, name) == getattr(results, name)
    assert again.summary().equals(results.summary())


def test_the_file_holds_the_promised_keys(results, tmp_path):
    written = json.loads(save_results(results, tmp_path).read_text())
    assert list(written)[:5] == ["dataset", "protocol", "seed", "versions", "results"]
    assert {"name", "hash"} <= set(written["dataset"])
    assert written["seed"] == 3
    promised = ["model", "scenario", "k", "metric", "mean", "low", "high", "n"]
    assert all(list(row)[:8] == promised for row in written["results"])
    assert len(written["comparisons"]) == len(results.comparisons)


def test_a_number_that_does_not_exist_is_null(results, tmp_path):
    text = save_results(results, tmp_path).read_text()
    assert "NaN" not in text
    rows = json.loads(text)["results"]
    assert {r["low"] for r in rows if r["metric"] == "gini@10"} == {None}
    assert {r["k"] for r in rows} == {None, 0, 5}


def test_a_folder_without_results_says_what_to_give(tmp_path, results):
    with pytest.raises(DataError, match=r"holds no results\.json"):
        load_results(tmp_path)
    save_results(results, tmp_path)
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(DataError, match="does not hold results of metarec"):
        load_results(tmp_path)
