"""`metarec evaluate` and `metarec demo`: results, reports and their errors."""

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from metarec.cli import demo as demo_room
from metarec.cli.demo import stranger
from metarec.cli.evaluate import fit_all, write_results
from metarec.cli.options import names_of
from metarec.cli.rows import TRIVIAL
from metarec.contracts.running import Running
from metarec.data import generate, generate_to, load, split_cold, split_last_out
from metarec.encoders import HashEncoder
from metarec.evaluation import evaluate
from metarec.meta import MetaConfig, MetaRecommender, load_model
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


@pytest.mark.parametrize("protocol", ["leave-last-out", "time", "new-users"])
def test_every_protocol_judges_named_models_and_the_trivial_rows(
    run, implicit_shop: Path, protocol: str
):
    rows = ["--protocol", protocol, "--models", "Cooccurrence", "--encoder", "hash"]
    answer = run("evaluate", implicit_shop, "--out", "results", *rows)
    assert answer.code == 0
    models = {r["model"] for r in json.loads(Path("results/results.json").read_text())["results"]}
    assert models == {"Cooccurrence", *TRIVIAL["implicit"]}


def test_a_saved_model_is_judged_with_a_warning_of_what_it_may_have_seen(
    run, shop: Path, model: Path
):
    rows = ["--models", "Random", "--protocol", "leave-last-out", "--encoder", "hash"]
    answer = run("evaluate", shop, "--out", "results", *rows, "--model", model)
    assert answer.code == 0
    assert "warning: the saved model was not fitted on this split's training part" in answer.err
    told = "saved MetaRecommender was not fitted on this split's training part"
    assert answer.out.index(f"Warning: {told}") < answer.out.index("next event (")
    assert told in str(json.loads(Path("results/results.json").read_text())["protocol"]["warnings"])
    report = unescape(Path("results/report.html").read_text())
    assert 0 < report.index(told, report.index("<h1")) < report.index("<table")


def test_a_model_fitted_on_the_very_training_part_is_judged_without_a_warning(run, shop: Path):
    """As a user has it: users are held out of the training part while the model is fitted."""
    train = split_last_out(load(shop)).train
    MetaRecommender(HashEncoder(), MetaConfig(steps=2)).fit(train).save("clean.model")
    rows = ["--models", "Random", "--protocol", "leave-last-out", "--encoder", "hash"]
    answer = run("evaluate", shop, "--out", "results", *rows, "--model", "clean.model")
    assert answer.code == 0
    assert "may have seen the test" not in answer.out + answer.err
    assert "saved MetaRecommender" in answer.out


def test_a_saved_row_that_does_not_say_what_it_was_fitted_on_is_warned_of(run, shop: Path):
    UserMean().fit(load(shop)).save("row.model")
    rows = ["--models", "Random", "--protocol", "leave-last-out", "--encoder", "hash"]
    answer = run("evaluate", shop, "--out", "results", *rows, "--model", "row.model")
    assert "Warning: saved UserMean was not fitted on this split's training part" in answer.out
    assert not answer.out.split("Mean [95 %")[1].splitlines()[-2].startswith("saved UserMean")


def test_a_shop_where_nobody_has_three_events_has_no_winner(run):
    Path("shop").mkdir()
    Path("shop/items.csv").write_text("item_id\na\nb\nc\n")
    Path("shop/interactions.csv").write_text("user_id,item_id\nu,a\nu,b\nv,a\nv,c\nw,b\n")
    Path("shop/dataset.toml").write_text('value = "implicit"\n')
    rows = ["--models", "Random", "--protocol", "leave-last-out", "--encoder", "hash", "--k", "2"]
    answer = run("evaluate", "shop", "--out", "results", *rows)
    assert answer.code == 0
    assert "“next event” has nobody to judge" in answer.out
    assert "Nothing to judge: no scenario has two people" in answer.out
    report = unescape(Path("results/report.html").read_text())
    shown = report[report.index("<body>") : report.index('id="rests"')]
    for claim in (" wins", " ties", " loses", "in front"):
        assert claim not in (answer.out + shown).replace("no model wins", "")


def test_a_grocery_is_told_what_its_lists_cannot_hold_and_has_a_switch(run):
    """Everybody buys the same two things over and over; one in ten events is on a third."""
    rows = [f"u{user},{'ab'[n % 2]},{n}" for user in range(20) for n in range(8)]
    rows += [f"u{user},{'c' if user < 2 else 'a'},8" for user in range(20)]
    Path("shop").mkdir()
    Path("shop/items.csv").write_text("item_id\na\nb\nc\nd\n")
    Path("shop/interactions.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]) + "\n")
    Path("shop/dataset.toml").write_text('value = "implicit"\nrepeats = "keep"\n')
    ask = ["evaluate", "shop", "--models", "Random", "--encoder", "hash", "--k", 2]
    ask += ["--protocol", "leave-last-out"]
    without = run(*ask, "--out", "without", "--exclude-seen")
    assert (
        "no list can hold more than 10.0% of what people chose; 90.0% are on items" in without.out
    )
    with_seen = run(*ask, "--out", "with", "--include-seen")
    assert "no list can hold" not in with_seen.out
    for folder, share, excluded in (("without", 0.1, True), ("with", 1.0, False)):
        written = json.loads(Path(folder, "results.json").read_text())
        assert written["protocol"]["ranking"]["exclude_seen"] is excluded
        whole = [row for row in written["attainable"] if row["k"] is None]
        assert [row["share"] for row in whole] == [share]
    hits = [
        row["mean"]
        for folder in ("without", "with")
        for row in json.loads(Path(folder, "results.json").read_text())["results"]
        if (row["model"], row["metric"], row["k"]) == ("Popularity", "recall@2", None)
    ]
    assert hits == [0.1, 0.9]


def test_folds_state_the_settings_of_each_and_not_of_the_first(run, implicit_shop: Path):
    rows = ["--protocol", "kfold", "--models", "Cooccurrence", "--encoder", "hash"]
    assert run("evaluate", implicit_shop, "--out", "results", *rows).code == 0
    written = json.loads(Path("results/results.json").read_text())
    models = {row["model"] for row in written["results"]}
    assert models == {"Cooccurrence", *TRIVIAL["implicit"]}
    protocol = written["protocol"]
    assert protocol["settings"]["fold"] == {"each": [0, 1, 2, 3, 4]}
    assert protocol["settings"]["folds"] == 5
    assert [part["scenarios"] for part in protocol["parts"]] == [
        [f"fold {fold} of 5"] for fold in range(1, 6)
    ]
    report = Path("results/report.html").read_text()
    assert "fold each 0, 1, 2, 3, 4" in report


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


def test_every_model_is_fitted_with_the_seed_and_what_it_may_use_and_shows_how_far_it_is():
    asked: list[Running] = []

    class Watched(UserMean):
        def fit(self, train, valid=None, **how):
            asked.append(Running(**how))
            return super().fit(train, valid, rng=how["rng"])

    split = split_last_out(generate(users=20, items=10, rng=0).dataset)
    how = Running(7, progress=True, threads=1, time_s=60)
    fitted = fit_all({"one": Watched(), "two": Watched()}, split, how)
    assert list(fitted) == ["one", "two"]
    assert asked == [how, how]


@pytest.fixture
def quick_demo(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The demo with few steps, without curves; gives what was generated and evaluated."""
    given: list[object] = []

    def small(**settings: object) -> object:
        given.append(settings)
        return generate(users=90, items=40, rng=settings["rng"])

    def short(fitted, split, **settings):
        given.append(settings)
        given.append((fitted, split))
        return evaluate(fitted, split, metrics=["mae", "answered"], curve=None, **settings)

    monkeypatch.setattr(demo_room, "generate", small)
    monkeypatch.setattr(demo_room, "evaluate", short)
    monkeypatch.setattr(demo_room, "DEMO_CONFIG", replace(demo_room.DEMO_CONFIG, steps=2))
    return given


def test_the_demo_generates_evaluates_saves_and_meets_a_stranger(run, quick_demo: list[object]):
    assert MetaConfig(steps=2) == demo_room.DEMO_CONFIG
    answer = run("demo", "--encoder", "hash", "--seed", 3)
    assert answer.code == 0
    shop, asked, (fitted, split) = quick_demo
    assert shop == {"users": 2000, "items": 800, "rng": 3}
    assert asked == {"k": 10, "rng": 3, "progress": True}
    assert list(fitted) == ["MetaRecommender", *TRIVIAL["rating"]]
    data = generate(users=90, items=40, rng=3).dataset
    assert split.train.hash == split_cold(data, rng=3).train.hash
    assert {p.name for p in Path("demo").iterdir()} == {
        "results.json",
        "report.html",
        "per_user.parquet",
        "model",
    }
    again = load_model("demo/model")
    told = stranger(again, data, split)
    assert told in answer.out
    assert run("demo", "--data", "demo", "--out", "demo").err.count("the folder of the data") == 1


def test_a_stranger_is_who_has_most_events_and_hears_of_three(model: Path, shop: Path):
    split, fitted = split_cold(load(shop), rng=0), load_model(model)
    episodes = split.test["new users, known items"]
    busiest = max(range(len(episodes)), key=lambda e: episodes.support.lengths[e])
    events = episodes.support.events(busiest)[:3]
    person = fitted.adapt(events)
    lines = stranger(fitted, load(shop), split).splitlines()
    titles = dict(zip(load(shop).catalogue.ids, names_of(load(shop).catalogue), strict=True))
    assert lines[0] == "A stranger arrives, and does three things:"
    assert lines[1:4] == [f"     {titles[e.item]} [{e.item}]: {e.value:g}" for e in events]
    assert lines[4:6] == [
        "",
        "What to show (title, score, the rating to expect ± standard deviation), and why:",
    ]
    shown = person.recommend(10)
    for rank, (item, score, rating, std) in enumerate(
        zip(shown.ids, shown.scores, shown.ratings, shown.stds, strict=True), 1
    ):
        told = f"{score:.2f}  {rating:.2f} ± {std:.2f}"
        assert lines[4 + 2 * rank] == f"{rank:3d}. {titles[item]} [{item}]  {told}"
        assert f"{person.explain(item).base:.2f} expected of anyone" in lines[5 + 2 * rank]
    assert lines[26:28] == ["", "What to ask next, the most telling first:"]
    asked = person.ask(3).ids
    assert lines[28:] == [f"{n:3d}. {titles[i]} [{i}]" for n, i in enumerate(asked, 1)]


def test_where_no_new_person_did_anything_there_is_no_stranger(model: Path, shop: Path):
    split = split_cold(load(shop), rng=0)
    episodes = split.test["new users, known items"]
    for few in (episodes.take(np.arange(0)), episodes.at(0)):
        told = stranger(load_model(model), load(shop), replace(split, test={NEW: few}))
        assert told == "No new user has an event on a known item, so there is no stranger to show."
    one = episodes.take(np.array([2]))  # the first of all is somebody too
    told = stranger(load_model(model), load(shop), replace(split, test={NEW: one}))
    assert told.startswith("A stranger arrives")


NEW = "new users, known items"


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


def test_an_evaluation_tells_a_pipe_how_far_it_is(run, shop: Path, monkeypatch):
    monkeypatch.setattr("metarec.contracts.progress.EVERY_S", 0.0)
    options = ("--encoder", "hash", "--models", "TextRidge", "--out", "r")
    answer = run("evaluate", shop, *options, "--k", 40)  # of 40 items: no list is shorter
    assert answer.code == 0
    assert "lists of all" not in answer.err
    assert re.search(r"TextRidge: new users, new items: \d+ of \d+ after 0 min", answer.err)
