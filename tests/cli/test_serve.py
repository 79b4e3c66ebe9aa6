"""From a shop's folder or a saved model to a service, as `metarec serve` leads there."""

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from metarec.data import load
from metarec.serving.store import Store
from metarec.serving.store.changes import activation_of


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would be served: the processes themselves have tests of their own."""
    found: list[dict[str, Any]] = []

    def run(place: str, host: str, port: int, workers: int, **more: Any) -> None:
        more["told"](f"http://{host}:{port}")
        asked = {"place": place, "host": host, "port": port, "workers": workers}
        found.append({**asked, "keys": more["keys"]})

    monkeypatch.setattr("metarec.serving.processes.run", run)
    return found


@pytest.fixture
def own_shop(shop: Path, own_place: Path) -> Path:
    return Path(shutil.copytree(shop, own_place / "my-shop"))


def active(place: str) -> Any:
    with Store(place) as store, store.database.reading() as connection:
        return activation_of(connection)


def test_a_shop_is_fitted_once_imported_once_and_served(
    own_shop: Path,
    model: Path,
    run: Run,
    served: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted: list[Path] = []

    def fit(data: list[str], out: Path, **_: object) -> None:
        fitted.extend(map(Path, data))
        shutil.copytree(model, out)

    monkeypatch.setattr("metarec.cli.serve.fit", fit)
    first = run("serve", "my-shop", "--port", 7000, "--workers", 3)
    assert first.code == 0, first.err
    assert "serving at http://127.0.0.1:7000" in first.out
    assert "no keys: whoever uses this machine" in first.err
    assert "try: curl 'http://127.0.0.1:7000/v1/users/42/recommendations?k=5'\n" in first.out
    events = len(load(own_shop).interactions)
    assert f"{events:,} new events of " in first.err
    again = run("serve", "my-shop")
    assert "fits it anew" in again.err
    assert "0 new events of " in again.err
    assert fitted == [own_shop]
    place = str(own_shop.with_name("my-shop.db"))
    expected = {"place": place, "host": "127.0.0.1", "port": 7000, "workers": 3, "keys": False}
    assert served[0] == expected
    assert active(place).number == 1


def test_a_model_starts_with_an_empty_store_and_another_one_takes_its_place(
    model: Path, own_place: Path, run: Run, served: list[dict[str, Any]]
) -> None:
    for name in ("one.model", "two.model"):
        shutil.copytree(model, own_place / name)
    run("serve", "one.model", "--store", "my.db")
    again = run("serve", "two.model", "--store", "my.db")
    assert f"two.model answers, in place of {own_place / 'one.model'}" in again.err
    assert active("my.db").folder == str(own_place / "two.model")
    assert run("serve", "two.model").code == 0
    assert Path("two.db").is_file()


def test_other_addresses_are_served_with_keys_alone(
    model: Path, run: Run, served: list[dict[str, Any]]
) -> None:
    asked = ["serve", model, "--store", "my.db", "--host", "0.0.0.0"]
    refused = run(*asked)
    assert refused.code == 1
    assert "make one first: metarec keys add" in refused.err
    run("keys", "add", "my.db", "--name", "website")
    again = run(*asked)
    assert again.code == 0
    assert "recommendations?k=5' -H 'Authorization: Bearer YOUR-KEY'\n" in again.out
    assert served[0]["keys"]


def test_what_is_no_shop_and_no_model_is_refused(run: Run) -> None:
    assert "neither a shop's folder nor a saved model" in run("serve", "nowhere").err
    assert not Path("nowhere.db").exists()


def test_a_port_that_is_taken_is_named(model: Path, run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = run("serve", model, "--store", "my.db", "--port", port)
    assert answer.code == 1
    assert f"port {port} of 127.0.0.1 cannot be had" in answer.err


def test_a_store_is_fitted_and_inspected_as_a_shop(
    model: Path, shop: Path, own_place: Path, run: Run, served: list[dict[str, Any]]
) -> None:
    run("serve", model, "--store", "my.db")
    run("store", "import", shop, "my.db")
    told = [run("data", "inspect", place, "--encoder", "hash").out for place in ("my.db", shop)]
    lines = [[line for line in said.splitlines() if "  events " in line] for said in told]
    assert lines[0] == lines[1] != []
    fitted = run("fit", "sqlite:///my.db", "--out", "again.model", "--model", "Popularity")
    assert fitted.code == 0, fitted.err
    assert Path("again.model").is_dir()
