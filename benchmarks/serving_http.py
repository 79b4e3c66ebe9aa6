"""The service over HTTP at 3,900 items: lists a second, the slowest in a hundred, HTTP's own cost.

A real service of two processes, an SQLite store, and clients beside it on the same machine, so that
both share its cores. Half of the questions come after a new event of the person: then the person is
read and adapted anew. The engine alone adapts the same histories and makes the same lists.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from benchmarks.common import say, write
from benchmarks.serving import random_shop
from metarec.contracts import Dataset
from metarec.encoders import HashEncoder
from metarec.meta import MetaConfig, MetaRecommender
from metarec.serving.store import Store
from metarec.serving.store.shops import import_shop

ITEMS, K, CLIENTS, WORKERS = 3900, 10, 4, 2
ALONE = 300
"""Lists that the engine makes alone, and that one client asks for alone."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    shop = random_shop(np.random.default_rng(0), ITEMS)
    model = MetaRecommender(HashEncoder(), MetaConfig(steps=20)).fit(shop)
    engine = engine_ms(model, shop)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        model.save(place / "shop.model")
        with Store(str(place / "shop.db")) as store:
            import_shop(store, shop)
        with service(place) as url:
            alone = asked(url, shop, clients=1, count=ALONE)
            asked(url, shop, clients=CLIENTS, seconds=2.0)
            kept = asked(url, shop, clients=CLIENTS, seconds=given.seconds)
            told = asked(url, shop, clients=CLIENTS, seconds=given.seconds, telling=True)
    found = {"one client": alone, "people kept": kept, "after each event": told}
    for name, said in found.items():
        say(f"{name}: " + ", ".join(f"{what} {number:.1f}" for what, number in said.items()))
    say(f"the engine alone: {engine:.2f} ms; over HTTP {alone['median_ms']:.2f} ms")
    write(
        "serving_http",
        None,
        [],
        engine_ms=engine,
        answers=found,
        sizes={"items": ITEMS, "k": K, "clients": CLIENTS, "workers": WORKERS},
    )


def engine_ms(model: MetaRecommender, shop: Dataset) -> float:
    """The median time of adapting a person and making their list, in process."""
    times = []
    for row in range(ALONE):
        events = shop.histories.events(row % len(shop.user_ids))
        started = time.perf_counter()
        model.adapt(events).recommend(K)
        times.append(time.perf_counter() - started)
    return 1e3 * float(np.median(times))


@contextmanager
def service(place: Path) -> Iterator[str]:
    """The URL of a service of two processes that is ready."""
    command = [sys.executable, "-m", "metarec", "serve", str(place / "shop.model"), "--port", "0"]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--workers", str(WORKERS)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[2]
            while not _ready(url):
                time.sleep(0.2)
            yield url
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def asked(
    url: str,
    shop: Dataset,
    *,
    clients: int,
    seconds: float = 60.0,
    count: int = 10**9,
    telling: bool = False,
) -> dict[str, float]:
    """Lists a second and their times in ms, asked by so many clients at once."""
    times: list[float] = []
    until = time.monotonic() + seconds

    def client(seed: int) -> None:
        rng = np.random.default_rng(seed)
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        for _ in range(count):
            if time.monotonic() > until:
                break
            user = str(shop.user_ids[rng.integers(len(shop.user_ids))])
            if telling:
                item = str(shop.catalogue.ids[rng.integers(ITEMS)])
                _post(connection, "/v1/events", {"user_id": user, "item_id": item, "value": 4})
            started = time.perf_counter()
            _post(connection, "/v1/recommendations", {"user_id": user, "k": K})
            times.append(time.perf_counter() - started)
        connection.close()

    began = time.monotonic()
    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.monotonic() - began
    median, p99 = np.quantile(times, [0.5, 0.99])
    return {
        "lists_a_second": len(times) / passed,
        "median_ms": 1e3 * float(median),
        "p99_ms": 1e3 * float(p99),
    }


def _post(connection: http.client.HTTPConnection, path: str, body: dict[str, Any]) -> None:
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status < 300, answer.status


def _ready(url: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    try:
        connection.request("GET", "/v1/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
