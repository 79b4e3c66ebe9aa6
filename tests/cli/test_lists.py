"""`metarec recommend`: filters, users of a shop, and a file for everyone."""

import json
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from metarec.data import load, load_csv, save
from metarec.meta import load_model
from metarec.recommenders import Popularity

EVENTS = "i0000003:5,i0000005:1"


def ids_of(answer) -> list[str]:
    assert answer.code == 0, answer.err
    return [row["item_id"] for row in json.loads(answer.out)["recommendations"]]


def test_filters_say_what_they_say_to_the_model(run, model: Path):
    Path("only.txt").write_text("i0000001\ni0000002\n\ni0000003\n")
    person = load_model(model).adapt([("i0000003", 5.0), ("i0000005", 1.0)])
    column = next(c for c, t in person.model.catalogue.frame.schema.items() if t.is_numeric())
    middle = person.model.catalogue.frame[column].median()
    for options, asked in (
        (["--where", f"{column} < {middle}"], {"where": pl.col(column) < middle}),
        (["--exclude", "i0000001, i0000002"], {"exclude": ["i0000001", "i0000002"]}),
        (["--no-exclude-seen"], {"exclude_seen": False}),
        (["--candidates", "only.txt"], {"candidates": ["i0000001", "i0000002", "i0000003"]}),
        (["--diversity", "0.5"], {"diversity": 0.5}),
        (["--boost", column], {"boost": column}),
        (["--at-most", f"{column}=1"], {"at_most": {column: 1}}),
    ):
        answer = run("recommend", model, "--events", EVENTS, "--k", 8, "--json", *options)
        assert ids_of(answer) == list(person.recommend(8, **asked).ids), options


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--where", "nothing < 3"], "--where names the column 'nothing'; the items have ["),
        (["--at-most", "brand"], "--at-most takes column=number, such as brand=2, got 'brand'"),
        (["--exclude-kinds", "gift"], "--exclude-kinds names the kind 'gift'"),
        (["--exclude-kinds", ", "], "--exclude-kinds takes kinds, such as buy,cart, got ', '"),
        (["--boost", "y"], "--boost must name a column of"),
        (["--diversity", "1"], "--diversity must be a number from 0 to below 1"),
        (["--at-most", "price=0"], "--at-most of price must be at least 1"),
        (["--where", "price ~ 3"], "--where cannot be read"),
        (["--where", "price = 3"], "equal is ==); it takes"),
        (["--exclude-kinds", "gift", "--no-exclude-seen"], "leaves all in"),
        (["--profile", "[1]"], "--profile must be a JSON object"),
        (["--profile", "{"], "--profile is no JSON"),
        (["--user", "u"], "--data and --user go together"),
        (["--histories", "x"], "--histories and --out go together"),
        (["--users", "x"], "--users goes with --histories"),
        (["--events", "a", "--data", "x", "--user", "y"], "give one of --events, --user and"),
        (["--histories", "x", "--out", "y", "--profile", "{}"], "--profile is for one person"),
        (["--histories", "x", "--out", "y", "--json"], "--explain and --json are for one"),
    ],
)
def test_what_makes_no_sense_is_one_line(run, model: Path, options: list[str], told: str):
    answer = run("recommend", model, *options)
    assert (answer.code, answer.out) == (1, "")
    assert told in answer.err
    assert answer.err.count("\n") == 1


def test_a_user_of_a_shop_is_served_by_their_events(run, model: Path, shop: Path):
    known = load(shop)
    user = str(known.user_ids[4])
    answer = run("recommend", model, "--data", shop, "--user", user, "--k", 5, "--json")
    expected = load_model(model).recommend(known.histories.take(slice(4, 5)), 5)  # their profile
    assert ids_of(answer) == list(expected[0].ids)
    aged = '{"age": 30}' if "age" in known.users.columns else "{}"
    strange = run("recommend", model, "--events", EVENTS, "--profile", '{"colour": "red"}')
    assert "the profile has ['colour']; the model knows" in strange.err
    command = ("recommend", model, "--events", EVENTS, "--profile", aged, "--json")
    person = load_model(model).adapt(
        [("i0000003", 5.0), ("i0000005", 1.0)], profile=json.loads(aged)
    )
    assert ids_of(run(*command)) == list(person.recommend(10).ids)
    wrong = run("recommend", model, "--data", shop, "--user", f"{user}x")
    assert wrong.code == 1
    assert f"has no user '{user}x'; the nearest ids are '{user}'" in wrong.err


def test_profiles_of_every_kind_count_for_one_as_they_do_for_many(run, shop: Path):
    known = load(shop)
    n = len(known.user_ids)
    profiles = pl.DataFrame({
        "home": [{"city": ["north", "south"][row % 2]} for row in range(n)],
        "born": [date(1960 + row % 40, 1, 1) for row in range(n)],
        "income": [Decimal(row % 7) for row in range(n)],
        "wakes": [time(5 + row % 6) for row in range(n)],
        "tastes": pl.Series([[row % 5, 1.0] for row in range(n)], dtype=pl.Array(pl.Float64, 2)),
    })  # fmt: skip
    save(replace(known, users=profiles), Path("told"))
    assert run("fit", "told", "--out", "m", "--encoder", "hash", "--set", "steps=1").code == 0
    model, user = load_model("m"), str(known.user_ids[4])
    assert model.profile_columns == ("born", "home.city", "income", "tastes", "wakes")
    shown = run("recommend", "m", "--data", "told", "--user", user, "--json")
    many = model.recommend(load("told").histories.take(slice(4, 5)), 10)
    alone = [row["score"] for row in json.loads(shown.out)["recommendations"]]
    assert alone == pytest.approx(many[0].scores.tolist(), rel=1e-12)  # sums in another order
    person = model.adapt(known.history(user), profile=profiles.row(4, named=True))
    assert person.recommend(10).scores.tolist() == alone


def test_a_list_names_its_parts_and_says_why_it_is_short(run, model: Path):
    answer = run("recommend", model, "--events", EVENTS, "--k", 4, "--candidates", "i0000001")
    assert answer.out.splitlines()[0] == "rank title [id]  score  rating ± standard deviation"
    assert len(answer.out.splitlines()) == 2
    assert answer.err == "fewer than asked: 1 of 4 places; of 40 items: 39 no candidates\n"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_everyone_is_written_to_one_file(run, model: Path, shop: Path, suffix: str):
    out = Path("lists") / f"all.{suffix}"
    answer = run("recommend", model, "--histories", shop, "--out", out, "--k", 3)
    assert answer.out.startswith(f"wrote {out}: "), answer.err
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}[suffix]
    frame = read(out)
    histories = load(shop).histories
    expected = load_model(model).recommend(histories, 3).to_frame()
    assert frame.columns == ["user_id", "rank", "item_id", "title", "score", "rating", "std"]
    for column in ("user_id", "rank", "item_id", "title"):
        assert frame[column].to_list() == expected[column].to_list()
    assert (frame["score"] - expected["score"]).abs().max() < 1e-9
    assert [file.name for file in out.parent.iterdir()] == [out.name]


def test_named_users_alone_are_written_in_their_order(run, model: Path, shop: Path):
    chosen = [str(load(shop).user_ids[row]) for row in (7, 2)]
    Path("users.txt").write_text("\n".join(chosen))
    for users in ("users.txt", ",".join(chosen)):
        command = ("recommend", model, "--histories", shop, "--users", users, "--out", "two.csv")
        assert run(*command, "--k", 1).code == 0
        assert pl.read_csv("two.csv")["user_id"].to_list() == chosen
    nobody = run("recommend", model, "--histories", shop, "--users", ",", "--out", "none.csv")
    assert nobody.code == 0, nobody.err
    assert len(pl.read_csv("none.csv")) == 0
    unknown = run("recommend", model, "--histories", shop, "--users", "x", "--out", "two.csv")
    assert "1 of 1 users are not in" in unknown.err


def test_an_interrupted_file_for_everyone_is_not_there(run, model: Path, shop: Path, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("metarec.meta.MetaRecommender.recommend", interrupted)
    answer = run("recommend", model, "--histories", shop, "--out", "all.csv")
    assert answer.code == 130
    assert answer.err.startswith("all.csv was not written; the same command begins anew\n")
    assert not [file for file in Path().iterdir() if "all.csv" in file.name]


def test_a_file_of_histories_says_what_was_understood_and_must_hold_what_the_model_was_fitted_to(
    run, model: Path
):
    Path("a.csv").write_text(
        "customer_no;sku;stars\nu1; i0000003;5\nu1;i0000004;1\nu2;I0000005;3\n"
    )
    answer = run("recommend", model, "--histories", "a.csv", "--out", "lists.csv", "--k", 2)
    assert answer.code == 0, answer.err
    assert "customer_no" in answer.err
    assert "spaces around 1 id of sku go" in answer.err
    assert answer.err.count("are taken for the same: 'I0000005' is 'i0000005'") == 1
    Path("b.jsonl").write_text('{"user_id": "u1", "item_id": "i0000003"}\n')
    answer = run("recommend", model, "--histories", "b.jsonl", "--out", "lists.csv")
    assert answer.code == 1
    assert "fitted to ratings, and b.jsonl holds events without ratings" in answer.err
    Path("c.csv").write_text("user_id,item_id,rating\nu1,i0000003,80\nu1,i0000004,20\n")
    answer = run("recommend", model, "--histories", "c.csv", "--out", "more.csv")
    assert (answer.code, Path("more.csv").exists()) == (1, False)
    assert "the rating of 'i0000003' must be from 1 to 5, got 80" in answer.err


def test_a_file_of_histories_has_the_model_s_ids_and_kinds_or_it_is_said(run, tmp_path: Path):
    rows = [f"u{n % 7},{n % 11:03},{('buy', 'return', 'view')[n % 3]}" for n in range(60)]
    (tmp_path / "log.csv").write_text("user_id,item_id,event\n" + "\n".join(rows))
    shop = load_csv(tmp_path / "log.csv", target_kinds=["buy"], negative_kinds=["return"])
    Popularity().fit(shop).save("counts")
    lost = [row.replace(",00", ",").replace(",01", ",1") for row in rows]
    Path("lost.csv").write_text("user_id,item_id,event\n" + "\n".join(lost))
    for file in (tmp_path / "log.csv", "lost.csv"):
        answer = run(
            "recommend", "counts", "--histories", file, "--out", f"{Path(file).stem}-l.csv"
        )
        assert answer.code == 0, answer.err
    assert "and are taken for the same: '0' is '000'" in answer.err
    assert Path("log-l.csv").read_text() == Path("lost-l.csv").read_text()
    Path("plain.csv").write_text("user_id,item_id,what\nu1,001,buy\n")
    answer = run("recommend", "counts", "--histories", "plain.csv", "--out", "x.csv")
    assert "tells kinds of events apart (buy, return), and plain.csv tells none" in answer.err
    Path("items.csv").write_text("item_id\n001\n")
    answer = run("recommend", "counts", "--histories", "items.csv", "--out", "x.csv")
    assert answer.err.endswith(
        "these are options of: metarec data convert items.csv items-shop ...; then give items-shop "
        "instead of the file\n"
    )


def test_what_is_similar_is_that_of_the_model_with_its_filters(run, model: Path):
    loaded = load_model(model)
    column = next(c for c, t in loaded.catalogue.frame.schema.items() if t.is_numeric())
    answer = run("similar", model, "i0000003", "--k", 4, "--json")
    assert ids_of(answer) == list(loaded.similar("i0000003", 4).ids)
    where = f"{column} > {loaded.catalogue.frame[column].median()}"
    answer = run("similar", model, "i0000003, i0000004", "--k", 4, "--json", "--where", where)
    assert ids_of(answer) == list(loaded.similar(["i0000003", "i0000004"], 4, where=where).ids)
    shown = run("similar", model, "i0000003", "--candidates", "i0000004")
    assert shown.out.startswith("rank title [id]  score\n  1. ")
    assert "fewer than asked: 1 of 10 places; of 40 items: 39 no candidates" in shown.err
    strange = run("similar", model, "I0000003")
    assert (strange.code, strange.out) == (1, "")
    assert "'I0000003' is unknown, and the catalogue has 'i0000003'" in strange.err
