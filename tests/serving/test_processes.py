"""Real processes on a real port: one truth, swaps that fail no request, kills that lose nothing."""

import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from benchmarks.running import PATIENCE_S, Running, keys_in, running
from benchmarks.service_kills import differing
from benchmarks.storm import Storm

import metarec as mr
from metarec.contracts import DataError, Dataset
from metarec.serving.processes import _bound, is_loopback, needs_keys
from metarec.serving.store import Store
from metarec.serving.store.keys import add_key

from .services import SMALL


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


@pytest.mark.slow
def test_a_service_killed_in_a_storm_loses_and_doubles_nothing(
    model: Path, shop: Dataset, tmp_path: Path
) -> None:
    rng, place = random.Random(0), tmp_path / "shop.db"
    storm = Storm([str(item) for item in shop.catalogue.ids])
    loaded = mr.MetaRecommender.load(model)
    for _ in range(3):
        with running(model, place, workers=2) as service:
            assert differing(service, loaded, place) == 0
            over = threading.Event()
            threads = storm.blow(service.url, over)
            time.sleep(rng.uniform(0.5, 1.5))
            service.kill()
            over.set()
            for thread in threads:
                thread.join()
        kept = keys_in(place)
        assert len(set(kept)) == len(kept)
        assert set(storm.acknowledged) <= set(kept)
    assert len(storm.acknowledged) > 50
    with Store(str(place)) as store:  # a client sends again all that it is not sure of
        from metarec.serving.api.events import UserEventIn
        from metarec.serving.store import Told

        bodies = [UserEventIn(**storm.body(n)) for n in range(storm.sent)]
        store.tell([Told(b.user_id, b.event(), str(b.key)) for b in bodies])
    assert sorted(keys_in(place), key=int) == [str(n) for n in range(storm.sent)]


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
