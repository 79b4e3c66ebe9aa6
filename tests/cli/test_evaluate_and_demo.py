"""`metarec evaluate` and `metarec demo`: results, reports and their errors."""

import json
from pathlib import Path

import pytest

from metarec.cli.evaluate import write_results
from metarec.data import generate, generate_to, load, split_cold
from metarec.evaluation import evaluate
from metarec.recommenders import ItemMean, UserItemBias, UserMean

FAST = ["--encoder", "hash", "--set", "steps=5"]
KEYS = {"model", "scenario", "k", "metric", "mean", "low", "high", "n"}


def test_the_verdict_is_not_on_a_saved_model(tmp_path: Path):
    split = split_cold(generate(users=200, items=60, rng=0).dataset, rng=0)
    models = {
        "MetaRecommender": UserMean(),
        "saved MetaRecommender": UserItemBias(),  # much better, and no simple model
        "ItemMean": ItemMean(),
    }
    fitted = {name: model.fit(split.train) for name, model in models.items()}
    found = write_results(evaluate(fitted, split, curve=None), tmp_path)
    assert found.comparisons["against"].unique().to_list() == ["ItemMean"]
    assert "saved" not in found.line


def test_results_have_the_promised_shape_and_the_report_stands_beside_them(run, shop: Path):
    answer = run("evaluate", shop, "--out", "results", *FAST, "--seed", 4)
    assert answer.code == 0
    assert not set("\r\x1b━╸") & set(answer.out + answer.err)
    written = json.loads(Path("results/results.json").read_text())
    assert {"dataset", "protocol", "seed", "versions", "results"} <= written.keys()
    assert written["dataset"]["hash"] == load(shop).hash
    assert written["seed"] == 4
    assert "metarec" in written["versions"]
    assert all(row.keys() >= KEYS for row in written["results"])
    models = {row["model"] for row in written["results"]}
    assert {"MetaRecommender", "Random", "UserItemBias", "TextRidge"} <= models
    assert len({row["scenario"] for row in written["results"]}) == 4
    report = Path("results/report.html").read_text()
    assert "MetaRecommender" in report
    assert "http://" not in report.replace("http://www.w3.org", "")
    assert sorted(p.name for p in Path("results").iterdir()) == [
        "per_user.parquet",
        "report.html",
        "results.json",
    ]


@pytest.mark.parametrize("protocol", ["leave-last-out", "time", "kfold"])
def test_every_protocol_judges_named_models_and_the_trivial_rows(
    run, implicit_shop: Path, protocol: str
):
    rows = ["--protocol", protocol, "--models", "Cooccurrence", "--encoder", "hash"]
    answer = run("evaluate", implicit_shop, "--out", "results", *rows)
    assert answer.code == 0
    models = {r["model"] for r in json.loads(Path("results/results.json").read_text())["results"]}
    assert {"Cooccurrence", "Random", "Popularity"} <= models
    assert "MetaRecommender" not in models


def test_a_saved_model_is_judged_with_a_warning_of_what_it_may_have_seen(
    run, shop: Path, model: Path
):
    rows = ["--models", "Random", "--protocol", "leave-last-out", "--encoder", "hash"]
    answer = run("evaluate", shop, "--out", "results", *rows, "--model", model)
    assert answer.code == 0
    assert "warning: the saved model was not fitted on this split's training part" in answer.err
    assert "saved MetaRecommender" in answer.out


def test_lists_are_never_longer_than_the_catalogue(run, shop: Path):
    rows = ["--models", "Random", "--protocol", "leave-last-out", "--encoder", "hash"]
    answer = run("evaluate", shop, "--out", "results", *rows, "--k", 10**9)
    assert answer.code == 0
    assert "warning: lists of all 40 items, not of 1000000000" in answer.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--models", "EASE,Nonsense"], "no model is called Nonsense; there are: MetaRecommender"),
        (["--models", ","], "no model is named; there are: MetaRecommender"),
        (["--model", "nowhere"], "nowhere is not a saved model"),
        (["--set", "stepz=1"], "no hyperparameter is called stepz"),
    ],
)
def test_wrong_names_are_told_before_any_work(run, shop: Path, arguments: list[str], told: str):
    answer = run("evaluate", shop, "--out", "results", "--encoder", "hash", *arguments)
    assert (answer.code, answer.out) == (1, "")
    assert told in answer.err
    assert not Path("results").exists()


def test_a_split_by_time_is_refused_where_there_is_no_clock(run):
    Path("shop").mkdir()
    Path("shop/items.csv").write_text("item_id\na\nb\n")
    Path("shop/interactions.csv").write_text("user_id,item_id,value\nu,a,3\nu,b,4\nv,a,5\n")
    answer = run("evaluate", "shop", "--out", "results", "--protocol", "time", *FAST)
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("error: ")
    assert not Path("results").exists()


def test_a_shop_too_small_for_some_scenario_is_evaluated_all_the_same(run):
    generate_to("tiny", users=5, items=10)
    answer = run("evaluate", "tiny", "--out", "results", "--models", "Random", "--encoder", "hash")
    assert answer.code == 0
    assert "NaN" not in Path("results/results.json").read_text()


@pytest.mark.slow
def test_the_demo_runs_from_a_folder_to_a_stranger(run, shop: Path):
    answer = run("demo", "--data", shop, "--out", "demo", "--encoder", "hash")
    assert answer.code == 0
    assert {"results.json", "report.html", "per_user.parquet", "model"} == {
        p.name for p in Path("demo").iterdir()
    }
    assert "A stranger arrives, and does three things:" in answer.out
    assert answer.out.count("expected of anyone") == 10
    asked = answer.out.split("What to ask next")[1].splitlines()
    assert [line[:4] for line in asked[1:4]] == ["  1.", "  2.", "  3."]
    event = load(shop).catalogue.ids[0]
    assert run("recommend", "demo/model", "--events", f"{event}:5").code == 0


@pytest.mark.slow
def test_all_models_are_compared_by_one_word(run, implicit_shop: Path):
    assert run("evaluate", implicit_shop, "--out", "results", "--models", "all", *FAST).code == 0
    models = {r["model"] for r in json.loads(Path("results/results.json").read_text())["results"]}
    assert {"MetaRecommender", "EASE", "IALS", "BPR", "IALSRidge", "EASE+recency"} <= models
