"""`metarec items`: a saved model follows what is on offer."""

from pathlib import Path

import polars as pl
import pytest

from metarec.meta import load_model
from metarec.recommenders import Popularity


@pytest.fixture
def products(model: Path) -> pl.DataFrame:
    return load_model(model).catalogue.table


def test_a_snapshot_in_a_file_is_followed_after_its_difference_is_told(
    run, model: Path, products: pl.DataFrame
):
    text = [name for name, kind in products.schema.items() if kind == pl.List(pl.String)]
    plain = products.drop(text).rename({"item_id": "sku"})
    plain[:1].with_columns(sku=pl.lit("new")).vstack(plain[2:]).write_csv("products.csv")
    before = {file.name: file.read_bytes() for file in model.iterdir() if file.is_file()}
    looked = run("items", "sync", model, "products.csv", "--dry-run")
    assert looked.code == 0, looked.err
    assert looked.out.splitlines() == [
        "1 added: new",
        "2 retired: i0000000, i0000001",
        "38 as they were",
    ]
    assert "products.csv: read sku as item_id" in looked.err
    followed = run("items", "sync", model, "products.csv", "--out", "new.model")
    assert followed.code == 0, followed.err
    assert followed.out.startswith(looked.out)
    assert {file.name: file.read_bytes() for file in model.iterdir() if file.is_file()} == before
    after, by_hand = (
        load_model("new.model"),
        load_model(model).sync_items(plain[:1].with_columns(sku=pl.lit("new")).vstack(plain[2:])),
    )
    assert after.catalogue.hash == by_hand.catalogue.hash
    assert "i0000000" not in after.adapt([]).recommend(99).ids


def test_items_are_added_updated_retired_and_restored(run, model: Path, products: pl.DataFrame):
    products[3].with_columns(item_id=pl.lit("new")).write_parquet("new.parquet")
    Path("prices.csv").write_text("item_id;price\ni0000002;1,50 €\n")
    steps = (
        (("add", model, "new.parquet", "--out", "m"), "1 item added: new"),
        (("update", "m", "prices.csv", "--out", "m", "--force"), "1 item updated: i0000002"),
        (
            ("retire", "m", "i0000003,i0000004", "--out", "m", "--force"),
            "2 items retired: i00000",
        ),
        (("restore", "m", "i0000003", "--out", "m", "--force"), "1 item restored: i0000003"),
    )
    for command, told in steps:
        answer = run("items", *command)
        assert answer.code == 0, answer.err
        assert told in answer.out
    found = load_model("m").catalogue
    assert found.frame["price"][2] == 1.5
    assert found.ids[~found.offered].tolist() == ["i0000004"]
    assert found.ids[-1] == "new"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["sync", "items.csv"], "say where the changed model goes with --out, or --dry-run"),
        (["sync", "items.csv", "--out", "MODEL"], "is a saved model; --force replaces it"),
        (["sync", "strange.csv", "--dry-run"], "none of the 1 items of the snapshot is known"),
        (["sync", "nowhere.csv", "--dry-run"], "no such file"),
        (["update", "strange.csv", "--dry-run"], "'x' cannot be updated: it is not in the"),
        (["update", "items.csv", "--dry-run", "--map", "item_id=sku"], "expected a column sku"),
        (["add", "items.csv", "--dry-run"], "are already in the catalogue, such as 'i0000001'"),
        (["update", "bad.csv", "--dry-run"], "bad.csv, row 2, column price: found 'inf'"),
        (["retire", "I0000001", "--dry-run"], "the catalogue has 'i0000001'"),
    ],
)
def test_what_cannot_be_changed_is_told_and_changes_nothing(
    run, model: Path, arguments: list[str], told: str
):
    Path("items.csv").write_text("item_id,price\ni0000001,2.5\n")
    Path("strange.csv").write_text("item_id,price\nx,2.5\n")
    Path("bad.csv").write_text("item_id,price\ni0000001,inf\n")
    verb, *rest = (str(model) if argument == "MODEL" else argument for argument in arguments)
    answer = run("items", verb, model, *rest)
    assert (answer.code, answer.out) == (1, "")
    assert told in answer.err


def test_a_model_that_reads_no_content_says_so(run, shop: Path):
    from metarec.data import load

    Popularity().fit(load(shop)).save("counts")
    answer = run("items", "retire", "counts", "i0000001", "--dry-run")
    assert (answer.code, answer.out) == (1, "")
    assert "Popularity knows the items of its fit alone; fit it again" in answer.err
