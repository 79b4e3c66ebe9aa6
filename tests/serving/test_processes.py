"""Real processes on a real port: one truth, swaps that fail no request, kills that lose nothing."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

import metarec as mr
from metarec.contracts import DataError, Dataset
from metarec.serving.processes import _bound, is_loopback, needs_keys
from metarec.serving.store import Store
from metarec.serving.store.keys import add_key

from .services import SMALL

PATIENCE_S = 60


class Running:
    """A service in processes of its own."""

    def __init__(self, model: Path, store: Path, workers: int) -> None:
        command = [sys.executable, "-m", "metarec", "serve", str(model), "--store", str(store)]
        self.log = store.with_suffix(".log").open("ab")
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--workers", str(workers)],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said.startswith("serving at http"), said + store.with_suffix(".log").read_text()
        self.url = said.split()[2]
        self.wait(lambda: self.get("/v1/ready").status_code == 200)

    def wait(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                if holds():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError("the service did not come to it in time")

    def get(self, path: str) -> httpx.Response:
        """An answer over a new connection: whichever process takes it."""
        return httpx.get(self.url + path, timeout=PATIENCE_S)

    def kill(self) -> None:
        """End all its processes at once, as a power cut does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


@contextmanager
def running(model: Path, store: Path, workers: int = 1) -> Iterator[Running]:
    service = Running(model, store, workers)
    try:
        yield service
    finally:
        service.close()


def answered_by(service: Running, path: str, times: int = 12) -> list[Any]:
    return [service.get(path).json() for _ in range(times)]


@pytest.mark.slow
def test_processes_see_one_truth_and_swap_without_a_failed_request(
    model: Path, shop: Dataset, tmp_path: Path
) -> None:
    other = mr.MetaRecommender(mr.HashEncoder(), SMALL).fit(shop, rng=1)
    other.save(tmp_path / "other.model")
    item = str(shop.catalogue.ids[0])
    with running(model, tmp_path / "shop.db", workers=2) as service:
        httpx.post(f"{service.url}/v1/events", json={"user_id": "ann", "item_id": item})
        lists = answered_by(service, "/v1/users/ann/recommendations?k=5")
        assert all(answer["items"] == lists[0]["items"] for answer in lists)
        assert {answer["count"] for answer in answered_by(service, "/v1/users/ann/history")} == {1}

        failed: list[int] = []
        versions: set[str] = set()
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                found = service.get("/v1/users/ann/recommendations?k=5")
                if found.status_code == 200:
                    versions.add(found.json()["model"])
                else:
                    failed.append(found.status_code)

        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        swap = {"folder": str(tmp_path / "other.model")}
        told = httpx.post(f"{service.url}/v1/model", json=swap, timeout=PATIENCE_S)
        assert told.status_code == 200, told.text
        newest = told.json()["version"]
        path = "/v1/users/ann/recommendations?k=5"
        service.wait(lambda: {a["model"] for a in answered_by(service, path)} == {newest})
        done.set()
        for asker in askers:
            asker.join()
        assert failed == []
        assert len(versions) == 2

        broken = shutil.copytree(tmp_path / "other.model", tmp_path / "broken.model")
        state = broken / "state.safetensors"
        state.write_bytes(state.read_bytes()[:-1] + b"x")
        refused = httpx.post(f"{service.url}/v1/model", json={"folder": str(broken)}, timeout=60)
        assert refused.status_code == 422
        assert "is not the file that was saved" in refused.json()["detail"]
        assert {a["model"] for a in answered_by(service, path)} == {newest}
        counted = service.get("/v1/metrics").text
        assert 'metarec_events_total{outcome="stored"} 1.0' in counted  # of all processes together


class Storm:
    """Clients that tell events until the service is gone, and note what was acknowledged."""

    def __init__(self, items: list[str]) -> None:
        self.items, self.acknowledged, self.sent = items, list[str](), 0
        self.lock = threading.Lock()

    def blow(self, url: str, over: threading.Event) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._tell, args=(url, over)) for _ in range(4)]
        for thread in threads:
            thread.start()
        return threads

    def body(self, number: int) -> dict[str, Any]:
        item = self.items[number % len(self.items)]
        return {"user_id": f"u{number % 7}", "item_id": item, "key": str(number)}

    def _tell(self, url: str, over: threading.Event) -> None:
        with httpx.Client(timeout=PATIENCE_S) as client:
            while not over.is_set():
                with self.lock:
                    number, self.sent = self.sent, self.sent + 1
                try:
                    found = client.post(f"{url}/v1/events", json=self.body(number))
                except httpx.HTTPError:
                    return
                if found.status_code == 201:
                    with self.lock:
                        self.acknowledged.append(str(number))


@pytest.mark.slow
def test_a_service_killed_in_a_storm_loses_and_doubles_nothing(
    model: Path, shop: Dataset, tmp_path: Path
) -> None:
    rng, place = random.Random(0), tmp_path / "shop.db"
    storm = Storm([str(item) for item in shop.catalogue.ids])
    for _ in range(3):
        with running(model, place, workers=2) as service:
            over = threading.Event()
            threads = storm.blow(service.url, over)
            time.sleep(rng.uniform(0.5, 1.5))
            service.kill()
            over.set()
            for thread in threads:
                thread.join()
        with Store(str(place)) as store:
            kept = keys_in(store)
            assert len(set(kept)) == len(kept)
            assert set(storm.acknowledged) <= set(kept)
    assert len(storm.acknowledged) > 50
    with Store(str(place)) as store:  # a client sends again all that it is not sure of
        from metarec.serving.api.events import UserEventIn
        from metarec.serving.store import Told

        bodies = [UserEventIn(**storm.body(n)) for n in range(storm.sent)]
        store.tell([Told(b.user_id, b.event(), str(b.key)) for b in bodies])
        assert sorted(keys_in(store), key=int) == [str(n) for n in range(storm.sent)]


def keys_in(store: Store) -> list[str]:
    with store.database.reading() as connection:
        found = connection.exec_driver_sql("SELECT key FROM events").scalars().all()
    return [str(key) for key in found]


def test_without_a_key_only_loopback_is_served(tmp_path: Path) -> None:
    with Store(str(tmp_path / "shop.db")) as store:
        assert not needs_keys(store, "127.0.0.1")
        assert not needs_keys(store, "localhost")
        for host in ("0.0.0.0", "::", "192.168.0.7", "shop.example"):
            assert not is_loopback(host)
            with pytest.raises(DataError, match="make one first: metarec keys add"):
                needs_keys(store, host)
        add_key(store.database, "website", ["read"])
        assert needs_keys(store, "0.0.0.0")
        assert needs_keys(store, "127.0.0.1")


def test_an_answer_does_not_wait_for_more_to_send() -> None:
    with _bound("127.0.0.1", 0) as bound:
        assert bound.proto == socket.IPPROTO_TCP  # by which asyncio knows that it may say so


TORCHLESS = """
import sys
from fastapi.testclient import TestClient
from metarec.serving.api import Service, create_app
from metarec.serving.store import Store
from metarec.serving.swapping import put_in_service
with Store(sys.argv[1]) as store:
    put_in_service(store, sys.argv[2])
    app = create_app(Service.of(store, needs_keys=False))
    with TestClient(app, base_url="http://localhost") as client:
        for path in ("recommendations", "questions"):
            assert client.post(f"/v1/{path}", json={"user_id": "ann"}).status_code == 200
        assert client.delete("/v1/users/ann").status_code == 200
print([name for name in ("torch", "transformers", "pytest") if name in sys.modules])
"""


@pytest.mark.slow
def test_serving_never_loads_pytorch(model: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", TORCHLESS, str(tmp_path / "shop.db"), str(model)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr
