"""What a table and a report show, value for value, of results that were written by hand."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.evaluation_toys import by_score, tiny

from metarec.contracts import DataError
from metarec.evaluation import evaluate, table, verdict, write_report
from metarec.evaluation.report import parts as parts_room
from metarec.evaluation.report.footnotes import attainable_of
from metarec.evaluation.report.notes import excludes_of, notes_of, trials_of
from metarec.evaluation.report.page import breakable, unbroken_label
from metarec.evaluation.report.parts import Cell, calibration_part, closest, curves_of, scenarios_of
from metarec.evaluation.report.table import best_model, rank_models
from metarec.evaluation.report.verdict import main_metric
from metarec.evaluation.statistics.results import ATTAINABLE, CALIBRATION, VALUES, Results
from metarec.evaluation.statistics.significance import COMPARISONS

WHOLE, NOBODY = None, None
FACTS = {"serves_new_users": True, "predicts_ratings": True, "fitted_on_train": True}


def rows(
    model: str, scenario: str, metric: str, k: int | None, values: list[float | None]
) -> list[tuple[object, ...]]:
    return [(model, scenario, k, metric, f"u{user}", v, 0) for user, v in enumerate(values)]


def hand_made() -> Results:
    """Good beats Poor by one everywhere; Shy answers half; in s there are three people, in t two.

    Each model's values of one cell are all alike, so that an interval has no width.
    """
    values: list[tuple[object, ...]] = []
    for scenario, n in (("s", 3), ("t", 2)):
        for model, error, order in (("Poor", 2.0, 0.25), ("Good", 1.0, 0.5), ("Shy", 0.5, 0.125)):
            for k, more in ((WHOLE, 0.0), (0, 0.5), (5, 0.25)):
                values += rows(model, scenario, "mae", k, [error + more] * n)
                values += rows(model, scenario, "ndcg@10", k, [order - more / 10] * n)
            values += rows(model, scenario, "novelty@10", WHOLE, [order] * n)
            answered = 0.5 if model == "Shy" else 1.0
            values += rows(model, scenario, "answered", WHOLE, [answered] * n)
        values += [("Good", scenario, WHOLE, "gini@10", NOBODY, 0.75, 0)]
    calibration = [
        ("Good", "s", WHOLE, "all", 0.9, 0.8, 10, 0),
        ("Good", "t", WHOLE, "all", 0.9, 1.0, 30, 0),
        ("Good", "s", WHOLE, "all", 0.5, 0.0, 10, 0),
        ("Good", "s", WHOLE, "known items", 0.9, 0.7, 10, 0),
        ("Good", "s", 5, "all", 0.9, 0.6, 10, 0),
        ("Good", "s", 5, "known items", 0.9, 0.1, 10, 0),
        ("Other", "s", WHOLE, "all", 0.9, 0.5, 10, 0),
    ]
    attainable = [
        ("s", WHOLE, 0.5, 100, 25, 25, 0),
        ("s", 5, 1.0, 100, 0, 0, 0),
        ("t", WHOLE, 1.0, 10, 0, 0, 0),
    ]
    models = {name: dict(FACTS) for name in ("Poor", "Good", "Shy")}
    models["Poor"] |= {"serves_new_users": False}
    models["Shy"] |= {"predicts_ratings": False}
    return Results(
        pl.DataFrame(values, schema=VALUES, orient="row"),
        pl.DataFrame(calibration, schema=CALIBRATION, orient="row"),
        {"name": "toy", "feedback": "rating"},
        {"split": "cold", "models": models, "excludes": ["one", "two"]},
        {"numpy": "2"},
        attainable=pl.DataFrame(attainable, schema=ATTAINABLE, orient="row"),
    )


RESULTS = hand_made()
FOUND = verdict(RESULTS, "Good")


def test_the_table_is_this_text():
    people = {"s": 3, "t": 2}
    blocks = [
        line
        for scenario, n in people.items()
        for line in (
            f"{scenario} ({n} users)",
            "                       MAE ↓              nDCG@10 ↑",
            "Shy    0.500 [0.500, 0.500]*   0.125 [0.125, 0.125]",
            "Good    1.000 [1.000, 1.000]  0.500 [0.500, 0.500]*",
            "Poor    2.000 [2.000, 2.000]   0.250 [0.250, 0.250]",
            "",
        )
    ]
    shown = table(RESULTS, ["mae", "ndcg@10"]).splitlines()
    assert [line.split() for line in shown[:12]] == [line.split() for line in blocks]
    assert shown[12:] == [
        "Mean [95 % interval over users]; ↑ higher is better, ↓ lower; * best mean.",
        "Lists could hold of what people chose: s 50.0 %, t 100.0 %.",
        "Poor cannot serve a person who was not in training by itself.",
    ]
    every = RESULTS.attainable.with_columns(unavailable=pl.lit(0), seen=pl.lit(0))
    all_held = table(replace(RESULTS, attainable=every), ["mae", "ndcg@10"]).splitlines()
    assert all_held[-2] == "Lists could hold all that people chose."
    first = [line.split()[0] for line in table(RESULTS).splitlines()[1:5]]
    assert first == ["MAE", "Shy", "Good", "Poor"]


def test_a_table_is_set_in_columns_of_equal_width():
    header, good, poor, shy = table(RESULTS, ["novelty@10", "gini@10"]).splitlines()[1:5]
    assert header == "         Novelty@10 (bits)  Exposure Gini@10 ↓"
    assert good == "Good  0.500 [0.500, 0.500]              0.750*"
    assert poor == "Poor  0.250 [0.250, 0.250]                   –"
    assert shy == "Shy   0.125 [0.125, 0.125]                   –"
    names = {"Good": "A model of a long name"}
    longer = RESULTS.values.with_columns(pl.col("model").replace(names))
    lines = table(replace(RESULTS, values=longer), ["novelty@10"]).splitlines()
    assert "A model of a long name  0.500 [0.500, 0.500]" in lines
    assert "Shy                     0.125 [0.125, 0.125]" in lines


def test_a_table_shows_the_asked_size_and_at_most_four_metrics():
    assert table(RESULTS, ["mae"], k=5).splitlines()[2] == "Shy   0.750 [0.750, 0.750]*"
    names = ("mae", "ndcg@5", "recall@5", "crps", "covered_90", "hit_rate@5")
    more = [row for name in names for row in rows("a", "s", name, WHOLE, [1.0, 2.0])]
    values = pl.DataFrame(more, schema=VALUES, orient="row")
    header = table(replace(RESULTS, values=values)).splitlines()[1]
    assert header.split() == ["MAE", "↓", "nDCG@5", "↑", "Recall@5", "↑", "Hit", "rate@5", "↑"]


def test_models_are_ranked_and_what_has_no_mean_stands_behind():
    summary = pl.DataFrame(
        {
            "model": ["a", "b", "c", "d", "a", "e"],
            "metric": ["mae"] * 4 + ["ndcg@10"] * 2,
            "mean": [2.0, np.nan, 1.0, 1.0, 0.5, 0.9],
        }
    )
    assert rank_models(summary, "mae") == ["c", "d", "a", "b", "e"]
    assert rank_models(summary, "ndcg@10") == ["e", "a", "b", "c", "d"]
    assert (best_model(summary, "mae"), best_model(summary, "ndcg@10")) == ("c", "e")
    assert best_model(summary, "recall@5") is None
    assert best_model(summary.with_columns(metric=pl.lit("novelty")), "novelty") is None


def test_a_scenario_of_the_report_has_its_own_people_outcome_and_marks():
    s, t = scenarios_of(RESULTS, FOUND, ["mae", "ndcg@10", "gini@10"])
    assert [(x["name"], x["users"], x["outcome"]) for x in (s, t)] == [
        ("s", 3, "wins"),
        ("t", 2, "wins"),
    ]
    assert [row["model"] for row in s["rows"]] == ["Shy", "Good", "Poor"]
    assert [row["judged"] for row in s["rows"]] == [False, True, False]
    better, worse = "significantly better than", "significantly worse than"
    shy, good, poor = ([*row["cells"]] for row in s["rows"])
    assert shy[0] == Cell("0.500", "0.500 to 0.500", "▲", better, True)
    assert shy[1] == Cell("0.125", "0.125 to 0.125", "▼", worse, False)
    assert good[0] == Cell("1.000", "1.000 to 1.000", "", "", False)
    assert good[2] == Cell("0.750", "", "", "", True)
    assert poor[0] == Cell("2.000", "2.000 to 2.000", "▼", worse, False)
    assert poor[2] == Cell("–", "", "", "", False)
    assert not Cell("1", "").best


def test_a_scenario_of_the_report_in_which_nobody_has_a_value_has_no_people():
    nothing = pl.when(pl.col("scenario") == "t").then(np.nan).otherwise("value").alias("value")
    silent = replace(RESULTS, values=RESULTS.values.with_columns(nothing))
    s, t = scenarios_of(silent, FOUND, ["mae"])
    assert [(x["name"], x["users"]) for x in (s, t)] == [("s", 3), ("t", 0)]


def test_what_is_no_clear_difference_is_marked_as_level_and_the_verdict_has_the_last_word():
    noise = np.random.default_rng(0).normal(size=30)
    values = []
    for model, shift in (("a", 0.0), ("b", 0.01)):
        values += rows(
            model, "s", "mae", WHOLE, [*(1 + 0.1 * noise[:: 1 if shift else -1] + shift)]
        )
    level = replace(RESULTS, values=pl.DataFrame(values, schema=VALUES, orient="row"))
    found = verdict(level, "a")
    (s,) = scenarios_of(level, found, ["mae"])
    marks = {row["model"]: row["cells"][0].mark for row in s["rows"]}
    assert marks == {"a": "", "b": "≈"}
    claimed = replace(
        found, comparisons=found.comparisons.with_columns(significant=pl.lit(True), better=True)
    )
    (s,) = scenarios_of(level, claimed, ["mae"])
    assert {row["model"]: row["cells"][0].mark for row in s["rows"]} == {"a": "", "b": "▼"}


def test_pictures_have_a_line_for_the_judged_model_and_those_at_the_top(monkeypatch):
    assert closest(RESULTS, FOUND) == ["Good", "Shy", "Poor"]
    assert closest(RESULTS, replace(FOUND, judged="")) == ["Shy", "Good", "Poor"]
    assert closest(RESULTS, replace(FOUND, metric="ndcg@10", judged="Poor")) == [
        "Poor",
        "Good",
        "Shy",
    ]
    assert parts_room.CURVE_MODELS == 8
    monkeypatch.setattr(parts_room, "CURVE_MODELS", 2)
    assert closest(RESULTS, FOUND) == ["Good", "Shy"]


def test_a_model_of_one_scenario_is_placed_by_its_mean_rank():
    only = RESULTS.values.filter((pl.col("model") != "Poor") | (pl.col("scenario") == "t"))
    few = replace(RESULTS, values=only)
    # Poor is third once; by the sum of ranks it would stand before Good, which is second twice
    assert closest(few, replace(FOUND, judged="")) == ["Shy", "Good", "Poor"]


def test_curves_show_the_first_error_and_the_first_order_of_every_scenario(monkeypatch):
    given: list[tuple[object, ...]] = []

    def told(part, scenario, metric, colours):
        given.append((part["scenario"].unique().to_list(), part["metric"].unique().to_list()))
        return f"{scenario} {metric} {colours}"

    monkeypatch.setattr(parts_room, "learning_curve", told)
    colours = {"Good": 0, "Poor": 1, "Absent": 2}
    curves = curves_of(RESULTS, ["mae", "ndcg@10", "answered", "rmse"], colours)
    assert [(c["scenario"], c["metric"]) for c in curves] == [
        (scenario, metric) for scenario in "st" for metric in ("mae", "ndcg@10")
    ]
    assert given == [([c["scenario"]], [c["metric"]]) for c in curves]
    assert curves[0]["svg"] == "s mae {'Good': 0, 'Poor': 1}"
    assert curves[0]["sizes"] == [0, 5]
    assert curves[0]["rows"] == [("Good", ["1.500", "1.250"]), ("Poor", ["2.500", "2.250"])]
    assert curves[3]["rows"] == [("Good", ["0.450", "0.475"]), ("Poor", ["0.200", "0.225"])]
    assert [c["metric"] for c in curves_of(RESULTS, ["novelty@10", "mae"], colours)] == ["mae"] * 2
    turned = curves_of(RESULTS, ["ndcg@10", "answered", "mae", "rmse"], colours)
    assert [c["metric"] for c in turned] == ["ndcg@10", "mae"] * 2
    gone = (pl.col("model") == "Good") & (pl.col("k") == 5).fill_null(False)
    curves = curves_of(replace(RESULTS, values=RESULTS.values.filter(~gone)), ["mae"], colours)
    assert curves[0]["rows"] == [("Good", ["1.500", "–"]), ("Poor", ["2.500", "2.250"])]
    one = replace(RESULTS, values=RESULTS.values.filter(pl.col("k").fill_null(0) == 0))
    assert curves_of(one, ["mae"], colours) == []  # a point is no curve


def test_the_calibration_of_a_report_is_the_ninety_percent_point_by_group(monkeypatch):
    monkeypatch.setattr(parts_room, "calibration_curve_picture", lambda c, shown: str(shown))
    part = calibration_part(RESULTS, {"Poor": 0, "Good": 1})
    assert part == {
        "svg": "{'Good': 1}",
        "models": ["Good", "Other"],
        "rows": [
            ("all", ["95.0 %", "50.0 %"]),  # (0.8 * 10 + 1.0 * 30) / 40
            ("known items", ["70.0 %", "–"]),
            ("5 events", ["60.0 %", "–"]),
        ],
        "legend": {"Good": 1},
    }
    nobody = calibration_part(RESULTS, {"Poor": 0})
    assert (nobody["svg"], nobody["legend"]) == ("", {})
    assert calibration_part(replace(RESULTS, calibration=RESULTS.calibration.clear()), {}) is None


def test_notes_say_what_a_model_cannot_do():
    assert notes_of(RESULTS) == [
        "Poor cannot serve a person who was not in training by itself.",
        "Shy orders items without predicting ratings, so it has no rating error.",
        "Shy answered 50.0 % of the ratings asked for in s; its errors are over those alone, and "
        "it cannot win on them.",
        "Shy answered 50.0 % of the ratings asked for in t; its errors are over those alone, and "
        "it cannot win on them.",
    ]
    implicit = replace(RESULTS, dataset={"feedback": "implicit"})
    assert "orders items" not in str(notes_of(implicit))
    assert attainable_of(RESULTS) == [
        {"scenario": "s", "share": "50.0 %"},
        {"scenario": "t", "share": "100.0 %"},
    ]


def test_only_a_leak_that_all_parts_exclude_is_claimed():
    assert excludes_of(RESULTS) == ["one", "two"]
    each = {"excludes": {"each": [["one", "two"], ["two", "one"], ["two"]]}}
    assert excludes_of(replace(RESULTS, protocol=each)) == ["two"]
    assert excludes_of(replace(RESULTS, protocol={})) == []


def test_the_search_of_each_model_is_told_with_what_it_chose():
    trials = [
        ("b", 0, "{}", "mae", 1.0, False),
        ("b", 1, '{"x": 1}', "mae", 0.9, True),
        ("a", 0, "{}", "mae", 2.0, True),
    ]
    names = ["model", "trial", "settings", "objective", "value", "best"]
    searched = RESULTS.with_trials(pl.DataFrame(trials, schema=names, orient="row"))
    assert trials_of(searched) == [
        {"model": "b", "objective": "mae", "trials": 2, "settings": '{"x": 1}'},
        {"model": "a", "objective": "mae", "trials": 1, "settings": "{}"},
    ]
    assert trials_of(RESULTS) == []


def test_names_break_between_their_words_and_labels_do_not():
    assert str(breakable("ItemKNN+recency_x-y")) == "Item<wbr>KNN+recency_<wbr>x-<wbr>y"
    assert unbroken_label("ndcg@10") == "nDCG@10\N{NO-BREAK SPACE}↑"
    assert unbroken_label("covered_90") == "In 90 %\N{NO-BREAK SPACE}interval"


def test_a_report_tells_its_metric_first_and_shows_every_part(tmp_path: Path):
    split = tiny()
    real = evaluate({"m": by_score(split, 1, 2, 3, 4, 5)}, split, k=3, curve=None)
    protocol = dict(real.protocol) | RESULTS.protocol
    full = replace(RESULTS, dataset=real.dataset, protocol=protocol, versions={"numpy": "9.9"})
    place = tmp_path / "deep" / "report.html"
    found = write_report(full, place, heart="Good", simple=["Poor"], metric="ndcg@10")
    assert found.comparisons["against"].unique().to_list() == ["Poor"]
    html = unescape(place.read_text("utf-8"))
    body = html[html.index("<body>") :]
    first = body[body.index("models by nDCG@10") :]
    labels = re.findall(r'<th scope="col">([^<]*)</th>', first[: first.index("</thead>")])
    assert labels[:3] == ["Model", "nDCG@10\N{NO-BREAK SPACE}↑", "MAE\N{NO-BREAK SPACE}↓"]
    assert len(labels) == len(set(labels))
    for told in ("0.500 to 0.500", "95.0 %", "50.0 %", "0.750", "Poor cannot serve", "9.9"):
        assert told in body
    assert body.count('role="img"') == 5  # four curves and the calibration
    every = body[body.index("Every metric, on the whole support") : body.index('id="calibration"')]
    assert every.count('<th scope="row">') == 2 * (3 * 4 + 1)
    write_report(full, place, heart="Good", simple=["Poor"], metric="ndcg@10")  # over the first
    assert [p.name for p in place.parent.iterdir()] == ["report.html"]


def test_a_verdict_names_its_family_and_counts_who_is_silent():
    assert FOUND.metric == "mae"
    assert FOUND.comparisons["family"].unique().to_list() == [
        "Good against 1 models on mae in every scenario"
    ]
    assert "answer every pair (1 does not)" in FOUND.line
    order = verdict(RESULTS, "Good", metric="ndcg@10")  # who is silent still orders items
    assert order.comparisons["against"].unique().sort().to_list() == ["Poor", "Shy"]
    assert verdict(RESULTS, metric="mae").judged == "Good"
    surprise = verdict(RESULTS, metric="novelty@10")
    assert surprise.judged == "Good"
    assert set(surprise.outcomes.values()) == {"ties"}


def test_a_verdict_is_on_the_first_metric_that_is_known_best():
    def measured(*metrics: str) -> Results:
        values = [row for m in metrics for row in rows("a", "s", m, WHOLE, [1.0, 2.0])]
        return replace(RESULTS, values=pl.DataFrame(values, schema=VALUES, orient="row"))

    assert main_metric(measured("recall@5", "ndcg@5", "mae")) == "mae"
    assert main_metric(measured("recall@5", "ndcg@5", "ndcg@9")) == "ndcg@5"
    assert main_metric(measured("recall@5", "hit_rate@5")) == "recall@5"
    empty = replace(RESULTS, values=RESULTS.values.clear())
    assert main_metric(empty) == "ndcg"
    assert verdict(empty).comparisons.columns == list(COMPARISONS)


def test_who_may_have_seen_the_test_is_a_rival_only_where_it_is_named():
    models = {**RESULTS.protocol["models"], "Poor": FACTS | {"fitted_on_train": False}}
    leaky = replace(RESULTS, protocol={**RESULTS.protocol, "models": models})
    named = verdict(leaky, "Good", simple=["Poor"])
    assert named.comparisons["against"].unique().to_list() == ["Poor"]
    assert named.line.startswith("By MAE Good wins")
    assert "has no simple model" in verdict(leaky, "Good").line
    assert verdict(leaky, metric="ndcg@10").comparisons["against"].unique().to_list() == ["Shy"]
    with pytest.raises(DataError, match="'Shy' has no complete mae"):
        verdict(leaky, "Shy")
    silent = RESULTS.values.filter(pl.col("model") == "Shy")
    with pytest.raises(DataError, match="no model has a complete mae"):
        verdict(replace(RESULTS, values=silent))


def test_a_model_without_a_mean_in_a_scenario_is_not_its_best():
    values = rows("a", "s", "ndcg@5", WHOLE, [float("nan")] * 2)
    values += rows("b", "s", "ndcg@5", WHOLE, [0.1, 0.2])
    values += rows("a", "t", "ndcg@5", WHOLE, [0.3, 0.4])
    values += rows("b", "t", "ndcg@5", WHOLE, [0.1, 0.2])
    values += rows("b", "u", "ndcg@5", WHOLE, [0.1, 0.2])
    found = verdict(replace(RESULTS, values=pl.DataFrame(values, schema=VALUES, orient="row")))
    assert found.judged == "b"


def test_a_mark_is_of_whole_supports_and_not_of_a_point_of_the_curve():
    noise = np.random.default_rng(0).normal(size=30) / 10
    values = []
    for model, shift in (("a", 0.0), ("b", 0.3)):
        shown = noise[:: 1 if shift else -1]
        for metric in ("mae", "ndcg@10"):
            values += rows(model, "s", metric, WHOLE, [*(0.5 + shown)])
            values += rows(model, "s", metric, 5, [*(0.5 + noise / 10 + shift)])
    level = replace(RESULTS, values=pl.DataFrame(values, schema=VALUES, orient="row"))
    (s,) = scenarios_of(level, verdict(level, "a"), ["mae", "ndcg@10"])
    marks = {row["model"]: [cell.mark for cell in row["cells"]] for row in s["rows"]}
    assert marks == {"a": ["", ""], "b": ["≈", "≈"]}


@pytest.mark.parametrize("models", ["a", "ab"])
@pytest.mark.parametrize("heart", ["a", None])
def test_where_nobody_has_a_value_there_is_nothing_to_judge(models: str, heart: str | None):
    nan = float("nan")
    values = [row for model in models for row in rows(model, "s", "mae", WHOLE, [nan, nan])]
    values += [row for model in models for row in rows(model, "s", "mae", 5, [1.0, 2.0])]
    silent = replace(RESULTS, values=pl.DataFrame(values, schema=VALUES, orient="row"))
    found = verdict(silent, heart, metric="mae")
    assert found.line.startswith("Nothing to judge: no scenario has two people")
    assert found.outcomes == {}
