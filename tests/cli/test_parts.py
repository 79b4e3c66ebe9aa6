"""The parts of the verbs, each by its own: what is named, read, split, told and refused."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metarec.cli import main
from metarec.cli.evaluate import splits_of, warn_of_leak, write_results
from metarec.cli.filters import filters_of, ids_of, profile_of
from metarec.cli.lists import line_of, tell
from metarec.cli.mapping import columns_of, mapping_of
from metarec.cli.options import check_out, config_of, encoder_of, names_of, parse_events
from metarec.cli.rows import FOR_RATINGS, HEART, ROWS, SLOW, TRIVIAL, models_of
from metarec.contracts import Catalogue, DataError
from metarec.data import (
    generate,
    load,
    save,
    split_cold,
    split_k_fold,
    split_last_out,
    split_new_users,
    split_time,
)
from metarec.encoders import HashEncoder, TextEncoder
from metarec.evaluation import evaluate
from metarec.meta import MetaConfig, load_model
from metarec.meta.as_json import rows_of
from metarec.ranking import Wanted
from metarec.ranking.exclusions import OwnEvents
from metarec.recommenders import ItemMean, Random, UserMean

SHOP = generate(users=40, items=15, rng=0).dataset


def test_ids_and_caps_may_have_spaces_and_lists_be_longer_than_a_name():
    assert ids_of(" a, b ,,") == ["a", "b"]
    assert ids_of("a," * 5000) == ["a"] * 5000
    words = dict.fromkeys(["where", "exclude", "exclude_kinds", "candidates", "boost"])
    caps = [" brand = 2", "a=b=3"]
    asked = filters_of(**words, exclude_seen=True, diversity=0.0, at_most=caps)
    assert asked["at_most"] == {"brand": 2, "a=b": 3}


def test_a_mapping_is_read_by_its_table_and_what_names_none_only_where_that_is_asked():
    mapping = mapping_of(["user_id=customer", "items.brand=maker", "users.age="])
    assert columns_of(mapping, "items") == {"brand": "maker"}
    assert columns_of(mapping, "users") == {"age": None}
    assert columns_of({"user_id": "customer"}, "items") is None
    assert columns_of(mapping, "interactions", unsaid=True) == {"user_id": "customer"}
    assert columns_of(mapping, "items", unsaid=True) == {"user_id": "customer", "brand": "maker"}


def test_rows_are_named_as_their_classes_and_with_recency_remember_four_fifths():
    for name, make in ROWS.items():
        model = make(HashEncoder())
        base, plus, _ = name.partition("+")
        assert type(model).__name__ == base
        if plus:
            assert model.config == replace(type(model)().config, recency=0.8)
    assert set(FOR_RATINGS) < set(ROWS)


def test_models_are_those_that_are_named_and_the_trivial_rows_behind_them():
    config = MetaConfig(steps=7)
    two = models_of(" EASE , MetaRecommender,,", "implicit", HashEncoder(), config)
    assert list(two) == ["EASE", HEART, *TRIVIAL["implicit"]]
    assert two[HEART].config == config
    ratings = models_of("all", "rating", HashEncoder(), config)
    assert set(ratings) == {HEART, *ROWS} - set(SLOW)  # these are asked for by name
    assert next(iter(ratings)) == HEART
    implicit = models_of("all", "implicit", HashEncoder(), config)
    assert set(ratings) - set(implicit) == set(FOR_RATINGS) - set(SLOW)


@pytest.mark.parametrize("seed", [0, 4])
def test_a_protocol_is_the_split_of_its_name_under_the_seed(seed: int):
    expected = {
        "leave-last-out": [split_last_out(SHOP)],
        "time": [split_time(SHOP)],
        "kfold": split_k_fold(SHOP, rng=seed),
        "new-users": [split_new_users(SHOP, rng=seed)],
        "cold": [split_cold(SHOP, rng=seed)],
    }
    for protocol, splits in expected.items():
        found = splits_of(SHOP, protocol, seed)
        assert [s.train.hash for s in found] == [s.train.hash for s in splits]
        assert [s.name for s in found] == [s.name for s in splits]


def test_a_model_fitted_on_one_fold_of_several_is_warned_of(capsys):
    folds = splits_of(SHOP, "kfold", 0)
    clean = Random().fit(folds[0].train)
    for metrics, splits, warned in (
        ({"train_hash": folds[0].train.hash}, folds[:1], False),
        ({"train_hash": folds[0].train.hash}, folds[:2], True),
        ({}, folds[:1], True),
    ):
        clean.metrics = metrics
        warn_of_leak(clean, splits)
        assert ("may have seen the test events" in capsys.readouterr().err) is warned


def test_without_the_heart_the_best_of_all_is_judged(tmp_path: Path):
    split = split_cold(generate(users=200, items=60, rng=0).dataset, rng=0)
    fitted = {m: make().fit(split.train) for m, make in (("a", UserMean), ("b", ItemMean))}
    results = evaluate(fitted, split, metrics=["mae", "answered"], curve=None)
    found = write_results(results, tmp_path)
    assert "simple model" not in found.line
    assert found.judged in ("a", "b")


def test_reasons_are_told_from_the_strongest_to_the_weakest_whatever_their_sign():
    told = {"score": 3.5, "base": 3.0}
    events = [("a", 5.0, 0.25), ("b", 1.0, -0.5), ("c", 4.5, 0.75)]
    said = {"a": {"taste": 0.25}, "b": {"taste": -0.5}, "c": {"taste": -0.25, "often next": 1.0}}
    told["events"] = [
        {"item_id": i, "value": v, "share": s, "reasons": said[i]} for i, v, s in events
    ]
    row = {"item_id": "d", "score": 3.49, "std": 0.126, "reasons": told}
    titles = {"a": "Alien", "b": "Brazil", "c": "Casablanca", "d": "Dune"}
    assert line_of(7, row, titles) == (
        "  7. Dune [d]  3.49 ± 0.13\n"
        "     3.50 = 3.00 expected of anyone, +0.75 Casablanca (4.5, often next), "
        "-0.50 Brazil (1), +0.25 Alien (5)"
    )
    told["events"][1]["kind"] = "return"
    assert "-0.50 Brazil (return 1)" in line_of(7, row, titles)
    assert line_of(10, {"item_id": "d", "score": 2.0, "std": None}, titles) == " 10. Dune [d]  2.00"


def test_an_encoder_is_called_by_its_name_and_keeps_the_template():
    hashed, default = encoder_of("hash", "{title}!"), encoder_of("default", "{title}?")
    other = encoder_of("some/model", "{title}.")
    assert [type(e) for e in (hashed, default, other)] == [HashEncoder, TextEncoder, TextEncoder]
    assert [e.template for e in (hashed, default, other)] == ["{title}!", "{title}?", "{title}."]
    assert other.model == "some/model"
    assert default.model == TextEncoder().model


def test_people_read_a_title_where_there_is_one_and_the_id_elsewhere():
    ids = ["1", "2", "3"]
    frame = pl.DataFrame({"item_id": ids, "name": ["x", "y", "z"], "title": ["a", None, ""]})
    assert names_of(Catalogue.of(frame)) == ["a", "2", "3"]
    assert names_of(Catalogue.of(frame.drop("title"))) == ["x", "y", "z"]
    numbers = frame.select("item_id").with_columns(title=pl.lit(7))
    assert names_of(Catalogue.of(numbers)) == ids


def test_results_may_go_beside_the_data_into_a_new_place_and_over_older_ones(tmp_path: Path):
    for name in ("shop", "old"):
        (tmp_path / name).mkdir()
    for out, data in (("old", "shop"), ("new/deep", "shop"), ("old", "nowhere"), ("shop", None)):
        check_out(tmp_path / out, None if data is None else tmp_path / data)
    with pytest.raises(DataError, match="is the folder of the data"):
        check_out(tmp_path / "old" / ".." / "shop", tmp_path / "shop")


def test_a_place_where_nobody_may_write_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda place, mode: (place, mode) != (tmp_path, os.W_OK))
    with pytest.raises(DataError, match=f"cannot be written: {tmp_path} is not a folder"):
        check_out(tmp_path / "a" / "b", None)


CATALOGUE = Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c:1"]}))


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("", []),
        ("a", ["a"]),
        ("a:2, c:1 ,c:1:3,x:4", [("a", 2.0), "c:1", ("c:1", 3.0), ("x", 4.0)]),
        (' ["a", ["b", 2]]', ["a", ("b", 2)]),
        ("[]", []),
        (f'[["a", {"9" * 18}]]', [("a", int("9" * 18))]),
        (f'[["a", {"9" * 200}]]', [("a", 1e200)]),
    ],
)
def test_events_are_read_as_they_are_written(text: str, events: list[object]):
    assert parse_events(text, CATALOGUE) == events


def test_events_on_no_item_are_told_what_ids_look_like_or_in_what_form_they_are_there():
    for text, told in (
        ("x:2,y", "its ids look like 'a'$"),
        ("A:2", "; 'A' is unknown, and the catalogue has 'a'$"),
    ):
        with pytest.raises(DataError, match=told) as refused:
            parse_events(text, CATALOGUE)
        assert "none of the events is on an item" in str(refused.value)


def test_a_setting_is_read_with_space_around_its_name_and_an_empty_file_says_nothing():
    assert config_of(None, [" steps =3", "d= 4"]) == MetaConfig(steps=3, d=4)
    Path("empty.yaml").write_text("")
    assert config_of(Path("empty.yaml"), []) == MetaConfig()
    with pytest.raises(DataError, match="nowhere is not a file"):
        config_of(Path("nowhere"), [])


def test_the_template_of_a_fit_is_kept_by_its_model(run, shop: Path):
    given = ["--encoder", "hash", "--template", "{title}", "--set", "steps=2"]
    assert run("fit", shop, "--out", "m", *given).code == 0
    assert load_model("m").encoder.template == "{title}"


@pytest.mark.parametrize("pair", ["=uid", "uid", "="])
def test_a_mapping_without_a_side_is_refused(run, pair: str):
    Path("log.csv").write_text("uid,item_id\nu,a\n")
    answer = run("data", "convert", "log.csv", "shop", "--format", "csv", "--map", pair)
    assert (answer.code, Path("shop").exists()) == (1, False)
    assert f"such as user_id=customer_no or items.item_id=sku, got {pair!r}" in answer.err


def test_an_inspected_shop_is_this_text(run):
    events = pl.DataFrame({"user": [0, 0, 1], "item": [0, 1, 0], "value": [5.0, 3.0, 3.0]})
    items = pl.DataFrame({"item_id": ["a", "b", "c"], "title": ["A", None, "C"], "year": [1, 2, 3]})
    small = replace(
        load(saved(SHOP)),
        name="small",
        clock=None,
        catalogue=Catalogue.of(items),
        interactions=events.cast({"value": pl.Float32}),
    )
    save(small, "small")
    lines = run("data", "inspect", "small").out.splitlines()
    assert lines[0] == "small (rating, clock: None, repeats: keep)"
    assert lines[2:8] == [
        "  users     40 (38 without events)",
        "  items     3 (1 without events)",
        "  events    3 (0 repeated), density 2.5000%",
        "  values    3 to 5",
        "  scale     1 to 5 (recognised; scale in dataset.toml says another)",
        "",
    ]
    assert any("items.title" in line and "33.3% missing" in line for line in lines)
    assert not any("items.year" in line and "missing" in line for line in lines)
    shown = lines[lines.index("values") + 1 : lines.index("columns") - 1]
    assert [(line.split()[0], line.count("█"), line.split()[-1]) for line in shown][:1] == [
        ("3", 30, "2")
    ]
    assert ("█" * 15 + " " * 15 + " 1") in "\n".join(shown)


def saved(shop) -> Path:
    save(shop, "whole")
    return Path("whole")


def test_the_command_reads_its_own_line_and_an_interrupt_in_typer_is_one_too(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["metarec", "--version"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    assert capsys.readouterr().out.startswith("metarec ")

    def stopping(*_: object, **__: object) -> None:
        raise SystemExit(130)

    monkeypatch.setattr(sys.modules["metarec.cli.main"], "app", stopping)
    with pytest.raises(SystemExit) as stopped:
        main(["ask"])
    assert stopped.value.code == 130
    assert capsys.readouterr() == ("", "interrupted; nothing half-written was left\n")


def test_the_help_offers_no_completion_and_a_quota_is_a_lack_of_room(run, monkeypatch):
    assert "completion" not in run("--help").out

    def broken(*_: object) -> None:
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr("metarec.cli.ask.load_model", broken)
    told = run("ask", "m").err
    assert told == "error: Disk quota exceeded; make room there or choose another path\n"


def test_a_score_that_nobody_is_sure_of_has_no_std_and_a_list_its_places(run, shop: Path):
    ItemMean().fit(load(shop)).save("row")
    answer = run("recommend", "row", "--k", 2)
    header, *lines = answer.out.splitlines()
    assert header == "rank title [id]  score"
    assert [line[:4] for line in lines] == ["  1.", "  2."]
    assert "±" not in answer.out
    asked = json.loads(run("recommend", "row", "--k", 2, "--json").out)["recommendations"]
    expected = ItemMean().fit(load(shop)).recommend([[]], 2)[0]
    assert [row["item_id"] for row in asked] == list(expected.ids)
    np.testing.assert_allclose([row["score"] for row in asked], expected.scores)


def test_ids_in_a_file_stand_one_a_line_without_the_space_around_them(tmp_path: Path):
    file = tmp_path / "ids.txt"
    file.write_bytes(b"\xef\xbb\xbf a \r\n\n\t\nb, c\n")
    assert ids_of(str(file)) == ["a", "b, c"]
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="must hold ids as UTF-8 text"):
        ids_of(str(file))


def test_a_profile_is_a_json_object_and_a_cap_a_column_with_a_number():
    assert profile_of(None) is None
    assert profile_of('{"age": 3}') == {"age": 3}
    for text, told in (("{", "is no JSON"), ("[1]", "must be a JSON object"), ("", "is no JSON")):
        with pytest.raises(DataError, match=told):
            profile_of(text)
    words = dict.fromkeys(["where", "exclude", "exclude_kinds", "candidates", "boost"])
    for cap in ("brand", "=2", "brand=", "brand=x", "brand=-1", "brand=1.5"):
        with pytest.raises(DataError, match="--at-most takes column=number"):
            filters_of(**words, exclude_seen=True, diversity=0.0, at_most=[cap])
    told = filters_of(**words, exclude_seen=False, diversity=0.5, at_most=[])
    assert told == {"exclude_seen": False, "diversity": 0.5}


def test_a_list_says_why_it_is_short_where_the_shop_has_more_to_show(capsys):
    catalogue = Catalogue.of(pl.DataFrame({"item_id": ["a", "b", "c"]}))
    for k, said in ((2, ""), (9, "fewer than asked: 2 of 9 places")):
        found = Wanted.of(k, {}, catalogue).one(
            np.array([1.0, 3.0, 2.0]), OwnEvents.on(np.array([1])), catalogue
        )
        tell(rows_of(found), found, catalogue, as_json=False)
        assert capsys.readouterr().err.startswith(said)
        assert bool(said) == bool(found.why_short)
    every = Wanted.of(9, {}, catalogue).one(np.ones(3), OwnEvents.on(np.array([], int)), catalogue)
    tell(rows_of(every), every, catalogue, as_json=False)
    assert capsys.readouterr().err == ""  # all that there is
    none = Wanted.of(2, {}, catalogue).one(np.ones(3), OwnEvents.on(np.arange(3)), catalogue)
    tell(rows_of(none), none, catalogue, as_json=False)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("nothing is left to recommend: 0 of 2 places; of 3 items: 3 seen")


@pytest.mark.parametrize(
    ("verb", "fits"),
    [
        (["fit", "--model", "ItemMean"], "metarec.recommenders.ItemMean.fit"),
        (["fit"], "metarec.meta.MetaRecommender.fit"),
        (["evaluate", "--models", "ItemMean"], "metarec.recommenders.ItemMean.fit"),
    ],
)
def test_how_to_run_is_said_to_every_fit(run, shop: Path, monkeypatch, verb, fits: str):
    said: list[dict] = []

    def fit(*_: object, **how: object) -> None:
        said.append(how)
        raise DataError("enough is seen")

    monkeypatch.setattr(fits, fit)
    name, *options = verb
    given = [name, shop, "--out", "o", "--encoder", "hash", *options]
    answer = run(*given, "--seed", 3, "--threads", 2, "--time", 5)
    assert answer.err.endswith("error: enough is seen\n")
    (how,) = said
    assert (how["rng"], how["threads"], how["time_s"], how["progress"]) == (3, 2, 5, True)
    checkpoints = Path("o.checkpoint").absolute() if "MetaRecommender" in fits else None
    assert how["folder"] == checkpoints
    run(*given)
    assert (said[1]["rng"], said[1]["threads"], said[1]["time_s"]) == (0, None, None)
