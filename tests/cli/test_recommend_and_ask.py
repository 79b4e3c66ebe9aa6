"""`metarec recommend` and `metarec ask`: a stranger's events in, lists and reasons out."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import metarec as mr
from metarec.cli.lists import line_of
from metarec.data import load
from metarec.meta import Explanation, load_model
from metarec.meta.as_json import reasons
from metarec.recommenders import MeLU, MeLUConfig, Popularity

EVENTS = "i0000003:5,i0000005:1"


def test_the_list_is_that_of_the_model(run, model: Path):
    answer = run("recommend", model, "--events", EVENTS, "--k", 4, "--json")
    assert (answer.code, answer.err) == (0, "")
    rows = json.loads(answer.out)["recommendations"]
    expected = load_model(model).adapt([("i0000003", 5.0), ("i0000005", 1.0)]).recommend(4)
    assert [row["item_id"] for row in rows] == list(expected.ids)
    np.testing.assert_array_equal([row["score"] for row in rows], expected.scores)
    np.testing.assert_array_equal([row["std"] for row in rows], expected.stds)


def test_the_reasons_of_an_item_sum_to_its_score(run, model: Path):
    answer = run("recommend", model, "--events", EVENTS, "--explain", "--json")
    for row in json.loads(answer.out)["recommendations"]:
        told = row["reasons"]
        shares = [event["share"] for event in told["events"]]
        assert [event["item_id"] for event in told["events"]] == ["i0000003", "i0000005"]
        assert told["base"] + sum(shares) == pytest.approx(told["score"], abs=1e-9)
        assert told["score"] == pytest.approx(row["score"])
        assert 1 <= row["rating"] <= 5


def test_what_all_events_say_together_stands_among_the_reasons():
    event, said = mr.Event("a", 1.0), {"the order of your history": 0.3}
    told = Explanation("x", 1.5, 1.0, (event,), {"taste": np.ones(1) / 5}, np.ones(1) / 2, said)
    row = {"item_id": "x", "score": 1.5, "std": None}
    row["reasons"] = reasons(SimpleNamespace(explain=lambda item: told), "x")  # type: ignore[arg-type]
    assert row["reasons"]["together"] == said
    assert line_of(1, row, {"x": "X", "a": "A"}).endswith(
        "1.50 = 1.00 expected of anyone, +0.30 the order of your history, +0.20 A (1)"
    )


def test_people_read_titles_scores_and_reasons(run, model: Path, shop: Path):
    answer = run("recommend", model, "--events", EVENTS, "--k", 2, "--explain")
    titles = load(shop).catalogue.frame["title"].to_list()
    header, *lines = answer.out.splitlines()
    assert header.endswith("score  rating ± standard deviation")
    assert len(lines) == 4
    assert any(lines[0].startswith(f"  1. {title} [") for title in titles)
    assert " ± " in lines[0]
    assert "expected of anyone" in lines[1]


@pytest.mark.parametrize("events", ["", ",", " "])
def test_a_stranger_without_events_gets_what_is_expected_of_anyone(run, model: Path, events: str):
    answer = run("recommend", model, "--events", events, "--k", 3, "--json")
    assert answer.code == 0
    expected = load_model(model).adapt([]).recommend(3).ids
    assert [r["item_id"] for r in json.loads(answer.out)["recommendations"]] == list(expected)


def test_unknown_ids_are_warned_of_and_left_out(run, model: Path):
    known = run("recommend", model, "--events", "i0000003:5", "--json")
    answer = run("recommend", model, "--events", "i0000003:5,nowhere:2", "--json")
    assert answer.code == 0
    assert answer.err.startswith("warning: ")
    assert "nowhere" in answer.err
    assert answer.out == known.out


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ("i0000003:x", "'x' in 'i0000003:x' is no number"),
        ("i0000003:", "'' in 'i0000003:' is no number"),
        (":5", "':5' has no id"),
        ("i0000003:nan", "must be a finite number"),
        ("i0000003:1e400", "must be a finite number"),
    ],
)
@pytest.mark.parametrize("verb", ["recommend", "ask"])
def test_malformed_events_are_an_error(run, model: Path, verb: str, events: str, told: str):
    answer = run(verb, model, "--events", events)
    assert (answer.code, answer.out) == (1, "")
    assert told in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize("k", [10**4, 10**12, 10**20, 10**30])
def test_more_than_there_is_gives_all_there_is(run, model: Path, k: int):
    answer = run("recommend", model, "--events", "i0000003:4", "--k", k, "--json")
    assert len(json.loads(answer.out)["recommendations"]) == 39
    assert len(json.loads(run("ask", model, "--k", k, "--json").out)["questions"]) == 40


def test_who_has_everything_is_told_that_nothing_is_left(run, model: Path, shop: Path):
    everything = ",".join(f"{item}:3" for item in load(shop).catalogue.ids)
    for verb in ("recommend", "ask"):
        answer = run(verb, model, "--events", everything)
        assert (answer.code, answer.out) == (0, "")
        assert answer.err.startswith("nothing is left to ")


def test_ask_names_the_most_telling_items_and_none_that_is_known(run, model: Path):
    answer = run("ask", model, "--events", EVENTS, "--k", 3, "--json")
    questions = json.loads(answer.out)["questions"]
    expected = load_model(model).adapt([("i0000003", 5.0), ("i0000005", 1.0)]).ask(3)
    assert [q["item_id"] for q in questions] == list(expected.ids)
    assert not {"i0000003", "i0000005"} & {q["item_id"] for q in questions}
    assert len(run("ask", model, "--events", EVENTS, "--k", 3).out.splitlines()) == 3


def test_a_model_without_uncertainty_recommends_but_has_nothing_to_ask(run, shop: Path):
    Popularity().fit(load(shop)).save("popular")
    answer = run("recommend", "popular", "--events", EVENTS, "--k", 2, "--explain", "--json")
    assert answer.code == 0
    assert "warning: Popularity cannot explain" in answer.err
    assert [r["std"] for r in json.loads(answer.out)["recommendations"]] == [None, None]
    answer = run("ask", "popular")
    assert answer.code == 1
    assert "does not know how sure it is" in answer.err


@pytest.mark.filterwarnings("ignore::metarec.contracts.NothingLearnedWarning")
def test_a_model_that_knows_what_to_ask_is_asked_without_a_person(run, shop: Path):
    model = MeLU(MeLUConfig(d=2, hidden=4, steps=30, learning_rate=0.02)).fit(load(shop))
    model.save("melu")
    questions = json.loads(run("ask", "melu", "--events", EVENTS, "--k", 3, "--json").out)
    expected = model.ask([("i0000003", 5.0), ("i0000005", 1.0)], 3).ids.tolist()
    assert [q["item_id"] for q in questions["questions"]] == expected


def test_a_model_that_adapts_is_asked_whatever_its_class(run, model: Path, monkeypatch):
    class Another:
        """Not a MetaRecommender, and without its base class."""

        has_uncertainty = True

        def __init__(self, able: bool = True) -> None:
            self._model = load_model(model)
            self.catalogue = self._model.catalogue
            if able:
                self.adapt = self._model.adapt

    for verb, more in (("recommend", ["--explain"]), ("ask", [])):
        command = [verb, "m", "--events", EVENTS, "--json", *more]
        monkeypatch.setattr(f"metarec.cli.{verb}.load_model", lambda path: Another())
        assert run(*command) == run(verb, model, *command[2:])
    monkeypatch.setattr("metarec.cli.ask.load_model", lambda path: Another(able=False))
    assert "Another does not adapt to one person" in run("ask", "m").err


def test_a_damaged_model_is_told_and_not_used(run, model: Path):
    import shutil

    shutil.copytree(model, "m")
    (Path("m") / "state.safetensors").write_bytes(b"broken")
    answer = run("recommend", "m")
    assert answer.code == 1
    assert "SHA-256" in answer.err


@pytest.mark.parametrize("verb", ["recommend", "ask"])
def test_what_is_no_model_is_told_as_what_it_is(run, model: Path, shop: Path, verb: str):
    import shutil

    shutil.copytree(model, "m")
    for path, told in (
        (shop, "is not a saved model: it has no config.json; pass a folder that"),
        (model / "config.json", "is a file; pass the folder of a saved model"),
        (Path("nowhere"), "nowhere is not a saved model: it does not exist; check the path"),
    ):
        answer = run(verb, path)
        assert (answer.code, answer.out) == (1, "")
        assert told in answer.err
        assert answer.err.count("\n") == 1
    for name in ("catalogue.parquet", "state.safetensors"):
        (Path("m") / name).unlink()
        assert f"m lacks {name}; copy the whole folder" in run(verb, "m").err


@pytest.mark.parametrize("verb", ["recommend", "ask"])
def test_events_of_which_none_is_known_are_an_error(run, model: Path, verb: str):
    answer = run(verb, model, "--events", "nowhere:2,elsewhere:3")
    assert (answer.code, answer.out) == (1, "")
    assert "none of the events" in answer.err
    assert "i0000000" in answer.err


def test_events_as_json_say_the_same(run, model: Path):
    pairs = run("recommend", model, "--events", EVENTS, "--json")
    told = run(
        "recommend", model, "--events", '[["i0000003", 5], ["i0000005", 1, null, 9.5]]', "--json"
    )
    assert told.out == pairs.out
    broken = run("recommend", model, "--events", "[[")
    assert (broken.code, broken.out) == (1, "")
    assert "JSON" in broken.err


def test_a_rating_model_wants_ratings(run, model: Path):
    bare = run("recommend", model, "--events", "i0000003")
    assert (bare.code, bare.out) == (1, "")
    assert "needs one" in bare.err
    outside = run("recommend", model, "--events", "i0000003:99")
    assert (outside.code, outside.out) == (1, "")
    assert "from 1 to 5" in outside.err


@pytest.mark.parametrize(
    "events",
    [" i0000003 : 5 , i0000005:1 ", "i0000003 :5,i0000005: 1", "\ti0000003:5,,i0000005:1,"],
)
def test_space_around_an_id_or_a_value_says_nothing(run, model: Path, events: str):
    plain = run("recommend", model, "--events", EVENTS, "--json")
    assert run("recommend", model, "--events", events, "--json") == plain


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("5", "must be an item id"),
        ("[]", "must be an item id"),
        ("null", "must be an item id"),
        ('{"item": "i0000003"}', "must be an item id"),
        ('["i0000003", 5, null, 1, 2]', "must be an item id"),
        ("[5, 3]", "item must be a non-empty string, got 5"),
        ('["i0000003", "5"]', "must be a finite number, got '5'"),
        ('["i0000003", NaN]', "must be a finite number, got nan"),
        (f'["i0000003", {"9" * 5000}]', "must be a finite number, got inf"),
        ('["i0000003", 5, 3]', "kind of an event on item 'i0000003' must be a string"),
        ('["i0000003", 5, null, "x"]', "time of an event on item 'i0000003' must be finite"),
    ],
)
def test_a_malformed_event_of_json_is_named_by_its_place(run, model: Path, event: str, told: str):
    answer = run("recommend", model, "--events", f'[["i0000005", 1], {event}]')
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: event 2 of --events: ")
    assert told in answer.err
    assert answer.err.count("\n") == 1


def test_lists_in_lists_without_end_are_told(run, model: Path):
    answer = run("recommend", model, "--events", "[" * 100_000)
    assert answer.code == 1
    assert answer.err.startswith("error: --events starts like a JSON list but is none")


def test_an_id_may_hold_a_colon_of_its_own():
    import polars as pl

    from metarec.cli.options import parse_events
    from metarec.contracts import Catalogue

    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["asin:3", "x"]}))
    assert parse_events("asin:3,asin:3:5,x:2", catalogue) == ["asin:3", ("asin:3", 5.0), ("x", 2.0)]


@pytest.mark.parametrize("rank_by", ["both", "choice", "rating"])
def test_the_order_of_a_model_of_ratings_may_be_chosen(run, model: Path, rank_by: str):
    answer = run(
        "recommend", model, "--events", EVENTS, "--rank-by", rank_by, "--explain", "--json"
    )
    rows = json.loads(answer.out)["recommendations"]
    person = load_model(model).adapt([("i0000003", 5.0), ("i0000005", 2.0)])
    assert [row["item_id"] for row in rows]
    told = run("recommend", model, "--events", EVENTS, "--rank-by", rank_by).out.splitlines()
    assert len(told) == 1 + len(rows)
    for row in rows:
        by = row["reasons"]["events"][0]["reasons"]
        assert ("your ratings" in by) == (rank_by == "both")
    assert set(person.explain(rows[0]["item_id"], rank_by=rank_by).reasons) == set(by)


def test_a_model_with_one_order_takes_no_other(run, shop: Path, tmp_path: Path):
    assert run("fit", shop, "--model", "Popularity", "--out", tmp_path / "row").code == 0
    for more in (["--events", EVENTS], ["--histories", shop, "--out", tmp_path / "x.csv"]):
        answer = run("recommend", tmp_path / "row", *more, "--rank-by", "choice")
        assert answer.code == 1
        assert "Popularity orders by one score; leave --rank-by out" in answer.err
