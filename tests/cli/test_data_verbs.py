"""`metarec data`: generate, inspect, convert, pseudonymise."""

import json
import sqlite3
from pathlib import Path

import polars as pl
import pytest

from metarec.data import load
from metarec.meta import load_model


def written(files: dict[str, str]) -> None:
    for name, content in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content)


def test_generate_writes_a_shop_that_loads_and_equal_seeds_write_equal_shops(run):
    size = ["--users", 30, "--items", 20]
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        answer = run("data", "generate", folder, *size, "--kind", "implicit", "--seed", seed)
        assert (answer.code, answer.out) == (0, f"wrote {folder}\n")
    a, b, c = (load(folder) for folder in "abc")
    assert (len(a.user_ids), len(a.catalogue), a.feedback) == (30, 20, "implicit")
    assert a.hash == b.hash != c.hash


def test_generate_spares_what_is_there(run):
    written({"mine/diary.txt": "dear diary"})
    answer = run("data", "generate", "mine")
    assert answer.code == 1
    assert "diary.txt" in answer.err
    assert [p.name for p in Path().iterdir()] == ["mine"]


def test_inspect_counts_what_is_there(run, shop: Path):
    answer = run("data", "inspect", shop)
    assert answer.code == 0
    assert "users     90 (" in answer.out
    assert "items     40 (" in answer.out
    assert "events per user" in answer.out
    summary = json.loads(run("data", "inspect", shop, "--json").out)
    assert (summary["users"], summary["items"]) == (90, 40)
    assert summary["hash"] == load(shop).hash


def test_inspect_names_what_is_kept_and_not_used(run):
    written(
        {
            "shop/items.csv": "item_id\na\n",
            "shop/interactions.csv": "user_id,item_id,device,text\nu,a,phone,fine\n",
        }
    )
    told = run("data", "inspect", "shop", "--encoder", "hash").out
    for column, why in (("device", "the events' context"), ("text", "what people wrote")):
        line = next(row for row in told.splitlines() if f"interactions.{column} " in row)
        assert line.split()[1:3] == ["not", "used"]
        assert f"{why}: no model reads it yet" in line


def test_inspect_says_of_each_column_what_it_is_used_as(run):
    items = ["item_id,title,imdb_id,price,more\n"]
    items += [f"{n},👟🎸 Tea {n},tt0{n},{n}.5,http://x/{n}\n" for n in range(40)]
    events = [f"{u},{(u + n) % 40},{1 + (u * n) % 5}\n" for u in range(30) for n in range(6)]
    written(
        {
            "shop/items.csv": "".join(items),
            "shop/interactions.csv": "user_id,item_id,value\n" + "".join(events),
            "shop/dataset.toml": '[items]\nignore = ["price"]\n',
        }
    )
    told = run("data", "inspect", "shop", "--encoder", "hash").out
    uses = {line.split()[0]: " ".join(line.split()[1:]) for line in told.splitlines() if line}
    assert uses["interactions.value"].startswith("rating from 1 to 5, on a scale of 1 to 5")
    assert uses["items.title"].startswith("text text 👟🎸 Tea 0 | 👟🎸 Tea 1 | 👟🎸 Tea 2")
    assert uses["items.imdb_id"].startswith("not used a key, as its name says")
    assert uses["items.price"].startswith("not used the shop says so")
    assert uses["items.more"].startswith("not used addresses")
    listed = json.loads(run("data", "inspect", "shop", "--encoder", "hash", "--json").out)
    by_name = {row["column"]: row for row in listed["columns"]}
    assert by_name["title"]["samples"] == ["👟🎸 Tea 0", "👟🎸 Tea 1", "👟🎸 Tea 2"]
    assert listed["reading"]["unknown"] == 0


@pytest.mark.slow
def test_evaluate_reads_the_columns_that_fit_reads(run, shop: Path):
    template = ["--encoder", "hash", "--template", "{title}"]
    fitted = run("fit", shop, "--out", "m", "--set", "steps=2", *template)
    told = [line for line in fitted.err.splitlines() if line.startswith("  items.")]
    assert any("the template does not name" in line for line in told)
    content = load_model("m")._content
    assert (content.roles.columns("text"), content.encoder.template) == (["title"], "{title}")
    evaluated = run("evaluate", shop, "--models", "TextRidge", "--out", "r", *template)
    assert [row for row in evaluated.err.splitlines() if row.startswith("  items.")] == told


def test_inspect_lists_every_problem_with_file_row_and_column_and_exits_1(run):
    written(
        {
            "bad/items.csv": "item_id,title\na,Apple\na,Again\n",
            "bad/interactions.csv": "user_id,item_id,value\nu,a,many\n,a,3\nv,zzz,4\nv,a,nan\n",
        }
    )
    for verb in (["data", "inspect", "bad"], ["fit", "bad", "--out", "model"]):
        answer = run(*verb)
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith("error: 5 problems found")
        for place in (
            "items.csv, row 3, column item_id",
            "interactions.csv, row 2, column value: found 'many'",
            "interactions.csv, row 3, column user_id",
            "interactions.csv, row 4, column item_id: found 'zzz'",
            "interactions.csv, row 5, column value: found NaN",
        ):
            assert place in answer.err
    assert not Path("model").exists()


@pytest.mark.parametrize("content", [{}, {"nothing/readme.txt": "hello"}])
def test_a_folder_without_a_shop_is_told_what_to_write(run, content: dict[str, str]):
    Path("nothing").mkdir()
    written(content)
    answer = run("data", "inspect", "nothing")
    assert answer.code == 1
    assert "write interactions.parquet, interactions.csv or interactions.jsonl" in answer.err


def test_convert_reads_any_csv_with_a_mapping(run):
    written({"log.csv": "uid,movie,stars\nu,a,3\nv,b,4.5\n"})
    mapping = [f"--map={pair}" for pair in ("user_id=uid", "item_id=movie", "value=stars")]
    answer = run("data", "convert", "log.csv", "shop", "--format", "csv", *mapping)
    assert answer.code == 0
    found = load("shop")
    assert list(found.user_ids) == ["u", "v"]
    assert list(found.catalogue.ids) == ["a", "b"]
    assert found.interactions["value"].to_list() == [3.0, 4.5]


def test_convert_says_what_it_understood(run):
    written({"log.csv": "customer;sku;stars\nu;a;3,5\nv;b;4,5\n"})
    told = run("data", "convert", "log.csv", "shop").err
    for understood in ("semicolons", "customer as user_id", "'3,5' is 3.5"):
        assert understood in told


def test_convert_reads_recbole(run):
    written(
        {
            "toy/toy.inter": (
                "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ta\t3\t100\n"
                "v\tb\t4\t200\n"
            ),
            "toy/toy.item": "item_id:token\ttitle:token_seq\na\tAlien\nb\tBrazil\n",
        }
    )
    assert run("data", "convert", "toy", "shop", "--format", "recbole").code == 0
    assert load("shop").interactions["value"].to_list() == [3.0, 4.0]


def test_convert_reads_movielens(run):
    written(
        {
            "ml/ratings.csv": "userId,movieId,rating,timestamp\n7,1,3.5,978300760\n8,2,4,978300761",
            "ml/movies.csv": "movieId,title,genres\n1,Alien (1979),Horror|Sci-Fi\n2,Brazil,Drama",
        }
    )
    assert run("data", "convert", "ml", "shop", "--format", "movielens").code == 0
    found = load("shop")
    assert list(found.user_ids) == ["7", "8"]
    assert found.interactions["value"].to_list() == [3.5, 4.0]


def test_convert_leaves_bad_rows_out_only_when_asked_and_writes_them_down(run):
    written({"log.csv": "user_id,item_id,value\nu,a,3\nv,b,many\n"})
    strict = run("data", "convert", "log.csv", "shop", "--format", "csv")
    assert (strict.code, Path("shop").exists()) == (1, False)
    how = ["--format", "csv", "--lenient", "--rejects", "rejects.jsonl"]
    lenient = run("data", "convert", "log.csv", "shop", *how)
    assert lenient.code == 0
    assert "warning: " in lenient.err
    assert len(load("shop").interactions) == 1
    assert "many" in Path("rejects.jsonl").read_text()


def test_what_is_said_of_a_folder_names_a_command_that_leaves_rows_out(run):
    events = "user_id,item_id,value\nu,a,0\nu,b,5\nv,a,3\nv,c,4\nv,d,4\nu,c,1\n"
    items = "item_id,title\na,A\nb,B\n"
    written({"old/interactions.csv": events, "old/items.csv": items})
    command = "run metarec data convert SHOP NEW --lenient"
    refused = run("data", "inspect", "old").err
    assert f"add these items to the items file: 'c', 'd'; or remove their rows, or {command}" in (
        " ".join(refused.split())
    )
    leave_out = command.replace("SHOP NEW", "old new").split()[2:]
    assert run(*leave_out).code == 0
    zeros = " ".join((shown := run("data", "inspect", "new")).out.split())
    assert shown.code == 0
    assert (
        f"set scale = [1.0, 5.0] in dataset.toml and, to leave these rows out, {command}" in zeros
    )
    Path("new/dataset.toml").write_text('value = "rating"\nscale = [1.0, 5.0]\n')
    assert run("data", "inspect", "new").code == 1
    assert run("data", "convert", "new", "newest", "--lenient").code == 0
    assert load("newest").interactions["value"].to_list() == [5.0, 3.0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--format", "csv", "--map", "user_id"], "--map takes ours=theirs"),
        (["--format", "csv", "--map", "user_id=nobody"], "column nobody"),
        (["--map", "rating=uid"], "did you mean value=uid?"),
        (["--scale", "five"], "--scale takes the lowest and the highest rating"),
        (["--separator", ";"], "--map user_id=NAME"),
        (["--format", "folder", "--users", "log.csv"], "users goes with a single file"),
    ],
)
def test_a_conversion_that_makes_no_sense_writes_nothing(run, arguments: list[str], told: str):
    written({"log.csv": "uid,movie\nu,a\n"})
    answer = run("data", "convert", "log.csv", "shop", *arguments)
    assert answer.code == 1
    assert told in answer.err
    assert [p.name for p in Path().iterdir()] == ["log.csv"]


def test_pseudonymise_takes_its_key_from_the_environment_alone(run, monkeypatch, shop: Path):
    missing = run("data", "pseudonymise", shop, "shared")
    assert missing.code == 1
    assert "set the environment variable METAREC_KEY" in missing.err
    monkeypatch.setenv("METAREC_KEY", "short")
    assert run("data", "pseudonymise", shop, "shared").code == 1
    assert not Path("shared").exists()
    monkeypatch.setenv("METAREC_KEY", "a secret of 24 characters")
    assert run("data", "pseudonymise", shop, "shared").code == 0
    before, after = load(shop), load("shared")
    assert not set(before.user_ids) & set(after.user_ids)
    assert after.interactions["value"].to_list() == before.interactions["value"].to_list()
    everything = b"".join(p.read_bytes() for p in Path("shared").iterdir())
    assert str(before.user_ids[0]).encode() not in everything
    assert pl.read_parquet("shared/users.parquet")["user_id"].to_list() == list(after.user_ids)


def test_a_database_becomes_a_shop_and_its_password_is_not_shown(run, monkeypatch):
    pytest.importorskip("sqlalchemy", reason="needs metarec[sql]")
    with sqlite3.connect("shop.db") as database:
        database.execute("CREATE TABLE orders (customer TEXT, sku TEXT, who TEXT)")
        database.execute("INSERT INTO orders VALUES ('ann', '007', 'x'), ('ben', '008', 'y')")
    database.close()
    asked = ["--interactions-sql", "SELECT customer, sku FROM orders", "--items-sql"]
    asked += ["SELECT sku, who AS title FROM orders"]
    answer = run("data", "import-sql", "mine", "--url", "sqlite:///shop.db", *asked)
    assert (answer.code, answer.out.startswith("wrote mine: Dataset('mine', implicit")) == (0, True)
    assert "customer as user_id" in answer.err
    assert load("mine").catalogue.frame["title"].to_list() == ["x", "y"]
    asked[1:] = ["SELECT customer, who AS nr FROM orders", "--items-sql"]
    asked += ["SELECT sku, who AS code FROM orders"]
    given = ["--map", "interactions.item_id=nr", "--map", "items.item_id=code"]
    told = run("data", "import-sql", "theirs", "--url", "sqlite:///shop.db", *asked, *given)
    assert told.code == 0, told.err
    assert load("theirs").catalogue.ids.tolist() == ["x", "y"]
    given[-1] = "items.item_id=nowhere"
    told = run("data", "import-sql", "theirs", "--url", "sqlite:///shop.db", *asked, *given)
    assert "--map says that items.item_id is 'nowhere', which no table has" in told.err
    dated = ["--interactions-sql", "SELECT customer, sku, '01/02/2024' AS date FROM orders"]
    told = run("data", "import-sql", "dated", "--url", "sqlite:///shop.db", *dated)
    assert "pass --dates day-first or --dates month-first" in told.err
    dated += ["--dates", "day-first"]
    told = run("data", "import-sql", "dated", "--url", "sqlite:///shop.db", *dated)
    assert told.code == 0, told.err
    monkeypatch.setenv("METAREC_SQL_URL", "postgresql://ann:s3cret@127.0.0.1:1/shop")
    for answer in (run("data", "import-sql", "other", *asked), run("data", "import-sql", "--help")):
        assert "s3cret" not in answer.out + answer.err


@pytest.mark.parametrize("names", [["--encoder", "no-such-model"], ["--template", "{titel}"]])
def test_inspect_reads_with_another_reader_only_in_place_of_a_default_that_is_not_there(
    run, shop: Path, names: list[str]
):
    answer = run("data", "inspect", shop, *names)
    assert answer.code == 1
    assert "is not counted" not in answer.err
