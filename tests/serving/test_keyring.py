"""Keys that come and go while a service runs: all processes heed them, and seldom ask."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from metarec.serving import keyring
from metarec.serving.api.watching import log_to_stderr
from metarec.serving.keyring import Keyring
from metarec.serving.store import Store
from metarec.serving.store.keys import add_key, revoke_key

from .services import Serve
from .test_processes import running

SITE = "https://shop.example"
MODEL = "/v1/model"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(keyring, "time", made)
    return made


def store_of(client: TestClient) -> Store:
    found: Store = client.app.state.service.store  # type: ignore[attr-defined]
    return found


def status(client: TestClient, secret: str | None = None, **headers: str) -> int:
    if secret is not None:
        headers["Authorization"] = f"Bearer {secret}"
    return int(client.get(MODEL, headers=headers).status_code)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the service logs; it hands nothing on to the root."""
    told: list[str] = []

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() != "request":
                told.append(f"{record.levelname} {record.getMessage()}")

    log_to_stderr()  # first: it adds its own handler to a log without any
    handler = Told()
    keyring.LOG.addHandler(handler)
    yield told
    keyring.LOG.removeHandler(handler)


def test_the_first_key_closes_every_process_of_a_service_that_had_none(
    serve: Serve, model: Path, clock: Clock, lines: list[str]
) -> None:
    processes = [serve(model), serve()]
    assert [status(client) for client in processes] == [200, 200]
    key, secret = add_key(store_of(processes[0]).database, "website", ["read"])
    clock.now += 1.0
    assert [status(client) for client in processes] == [401, 401]
    assert [status(client, secret) for client in processes] == [200, 200]
    closing = "WARNING a key was made: from now on callers need one, until the next start"
    assert lines == ["INFO keys changed: 1 hold, 0 are revoked", closing] * 2
    assert secret not in str(lines)
    revoke_key(store_of(processes[0]).database, key.id)
    clock.now += 1.0
    for secret_or_none in (None, secret):
        assert [status(client, secret_or_none) for client in processes] == [401, 401]
    assert lines[4:] == ["INFO keys changed: 0 hold, 1 are revoked"] * 2


def test_a_service_without_keys_is_called_by_any_name_once_it_asks_for_them(
    serve: Serve, model: Path, clock: Clock
) -> None:
    client = serve(model)
    assert status(client, Host="api.shop.example") == 400
    secret = add_key(store_of(client).database, "website", ["read"])[1]
    clock.now += 1.0
    assert status(client, secret, Host="api.shop.example") == 200


def test_pages_of_a_key_that_was_made_later_may_read_answers(
    serve: Serve, model: Path, clock: Clock
) -> None:
    client = serve(model)
    asked = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    assert client.options("/v1/events", headers=asked).status_code == 405
    key, _ = add_key(store_of(client).database, "page", ["browser"], [SITE])
    clock.now += 1.0
    found = client.options("/v1/events", headers=asked)
    assert found.headers["access-control-allow-origin"] == SITE
    revoke_key(store_of(client).database, key.id)
    clock.now += 1.0
    assert client.options("/v1/events", headers=asked).status_code == 405


def test_a_key_that_is_new_opens_at_once_and_one_that_is_revoked_closes_within_a_second(
    serve: Serve, model: Path, clock: Clock
) -> None:
    client = serve(model, keys=True)
    assert status(client) == 401
    key, secret = add_key(store_of(client).database, "website", ["read"])
    assert status(client, secret) == 200
    revoke_key(store_of(client).database, key.id)
    clock.now += 1.0
    assert status(client, secret) == 401


def test_the_store_is_asked_once_a_second_however_many_ask(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = add_key(store.database, "website", ["read"])[1]
    keys, asked = Keyring(store, asked=False), list[int]()
    reading = store.database.reading

    def counted() -> Any:
        asked.append(1)
        return reading()

    monkeypatch.setattr(store.database, "reading", counted)
    for _ in range(10):
        assert keys.of(secret) is not None
    assert not asked
    clock.now += 1.0
    for _ in range(10):
        assert keys.of(secret) is not None
    assert len(asked) == 1
    assert keys.of(secret + "x") is None
    assert len(asked) == 2


@pytest.mark.slow
def test_the_first_key_is_asked_for_by_processes_that_run(model: Path, tmp_path: Path) -> None:
    with running(model, tmp_path / "shop.db", workers=2) as service:
        assert service.get(MODEL).status_code == 200
        with Store(str(tmp_path / "shop.db")) as store:
            secret = add_key(store.database, "website", ["read"])[1]
        service.wait(lambda: all(service.get(MODEL).status_code == 401 for _ in range(12)))
        found = httpx.get(service.url + MODEL, headers={"Authorization": f"Bearer {secret}"})
        assert found.status_code == 200
    log = (tmp_path / "shop.log").read_text("utf-8")
    assert log.count("a key was made: from now on callers need one") == 2
