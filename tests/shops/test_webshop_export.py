"""An export as a web shop writes it becomes a fitted model in two commands."""

import random

import polars as pl
import pytest

from metarec.meta import load_model
from tests.cli.conftest import one_point_of_the_curve, own_place, run  # noqa: F401


@pytest.fixture
def export(own_place) -> None:  # noqa: F811
    """Orders and products between semicolons, with BOM, CRLF, HTML and German numbers."""
    draw = random.Random(0)
    skus = [f"{number:05d}" for number in range(100, 130)]
    orders = ["customer_no;sku;qty;order_date"]
    for person in range(40):
        for sku in draw.sample(skus, 4):
            day = f"2024-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}"
            amount, zone = draw.choice(["1", "2", "1,5"]), draw.choice(["Z", "+02:00"])
            orders.append(f"C{person:03d};{sku};{amount};{day}T08:15:00{zone}")
    products = ["sku;name;description;price"]
    for sku in skus:
        html = f'"<p>Ein <b>Ding</b>; Größe {sku}</p>"'
        products.append(f"{sku};Ding {sku};{html};{draw.randint(1, 99)},99 €")
    for name, lines in (("orders.csv", orders), ("products.csv", products)):
        text = "\r\n".join(lines) + "\r\n"
        (own_place / name).write_bytes(b"\xef\xbb\xbf" + text.encode())


def test_an_export_becomes_a_model_in_two_commands(run, export, own_place) -> None:  # noqa: F811
    made = run("data", "convert", "orders.csv", "shop", "--items", "products.csv")
    assert made.code == 0
    assert made.err.splitlines() == [
        "orders.csv: fields between semicolons",
        "orders.csv: read customer_no as user_id, sku as item_id, qty as value (the weight of an "
        "implicit event), order_date as timestamp",
        "products.csv: fields between semicolons",
        "products.csv: read sku as item_id",
        *made.err.splitlines()[4:],
    ]
    assert "column price is read as numbers: '" in made.err
    assert "column qty is read as numbers: '1,5' is 1.5" in made.err
    settings = ("--encoder", "hash", "--set", "steps=2", "--set", "d=4")
    assert run("fit", "shop", "--out", "model", *settings).code == 0
    catalogue = load_model(own_place / "model").catalogue
    assert str(catalogue.ids[0]) == "00100"
    assert catalogue.frame.schema["price"] == pl.Float64


def test_a_single_file_is_told_the_command_that_makes_a_shop_of_it(run, export) -> None:  # noqa: F811
    for verb in (("fit", "orders.csv", "--out", "model"), ("data", "inspect", "orders.csv")):
        answer = run(*verb)
        assert answer.code == 1
        assert "    metarec data convert orders.csv orders-shop" in answer.err.splitlines()


def test_options_are_named_as_the_command_line_has_them(run, own_place) -> None:  # noqa: F811
    (own_place / "log.csv").write_text("user;sku;ean;rating\nu;a;b;1197\nv;a;b;3\n")
    assert "such as --map item_id=sku" in run("data", "convert", "log.csv", "shop").err
    told = run("data", "convert", "log.csv", "shop", "--map", "item_id=ean").err
    assert "pass --feedback implicit for counts" in told
    assert "--scale 3,1197 for a scale of your own" in told
    assert not (own_place / "shop").exists()
    scale = ("--map", "item_id=ean", "--scale", "0,1200")
    assert run("data", "convert", "log.csv", "shop", *scale).code == 0
    assert "scale = [0.0, 1200.0]" in (own_place / "shop" / "dataset.toml").read_text()


def test_what_values_and_kinds_mean_is_written_into_the_shop(run, own_place) -> None:  # noqa: F811
    (own_place / "log.csv").write_text("user,sku,event_type\nu,a,view\nu,a,buy\nv,b,return\n")
    kinds = ("--target-kinds", "buy,order", "--negative-kinds", "return")
    options = ("--feedback", "implicit", "--repeats", "last", *kinds)
    assert run("data", "convert", "log.csv", "shop", *options).code == 0
    written = (own_place / "shop" / "dataset.toml").read_text().splitlines()
    assert {'target_kinds = ["buy", "order"]', 'negative_kinds = ["return"]'} < set(written)
    assert {'feedback = "implicit"', 'repeats = "last"'} < set(written)


def test_a_folder_of_exports_is_told_the_command_as_well(run, export, own_place) -> None:  # noqa: F811
    folder = own_place / "export"
    folder.mkdir()
    for name in ("orders.csv", "products.csv"):
        (own_place / name).rename(folder / name)
    told = run("fit", "export", "--out", "model").err
    command = "metarec data convert export/orders.csv export-shop --items export/products.csv"
    assert f"such as by {command}" in told
    assert run(*command.split()[1:]).code == 0
