"""The service over HTTP at 3,900 items: lists a second, the slowest in a hundred, HTTP's own cost.

A real service of two processes, an SQLite store, and clients beside it on the same machine, so that
both share its cores. After a new event a person is read and adapted anew; else they are kept. What
the service costs of its own is one client's median less that of the engine in process, which does
the same for the same people.

    python -m benchmarks.service_load [--seconds 20]
"""

import argparse
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle

import numpy as np

from benchmarks.common import Goal, say, write
from benchmarks.connections import Connection, listing, telling
from benchmarks.running import Running, model_in_store, running
from metarec.contracts import Dataset, Event
from metarec.meta import MetaRecommender

ITEMS, K, CLIENTS, WORKERS = 3900, 10, 4, 2
RATE, P99_MS, OWN_MS = 800, 50.0, 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    with model_in_store(ITEMS) as (model, shop, folder, place):
        engine = engine_ms(model, shop)
        with running(folder, place, WORKERS) as service:
            # every process meets everybody: connections that come at once spread over them
            asked(service, shop, clients=4 * WORKERS, count=len(shop.user_ids))
            found = {
                "one client": asked(service, shop, clients=1, seconds=seconds),
                "one client, after events": asked(
                    service, shop, clients=1, seconds=seconds, after_events=True
                ),
                "all clients": asked(service, shop, clients=CLIENTS, seconds=seconds),
                "all clients, after events": asked(
                    service, shop, clients=CLIENTS, seconds=seconds, after_events=True
                ),
            }
    for name, said in found.items():
        say(f"{name}: " + ", ".join(f"{what} {number:.2f}" for what, number in said.items()))
    own = {
        "kept": found["one client"]["median_ms"] - engine["kept"],
        "after an event": found["one client, after events"]["median_ms"] - engine["adapted"],
    }
    fast = found["all clients"]
    write(
        "service_load",
        None,
        [
            Goal(
                f"the service at {ITEMS:,} items, {CLIENTS} clients on the same two cores: at "
                f"least {RATE} lists/s, and 99 of 100 within {P99_MS:.0f} ms",
                f"{fast['lists_a_second']:.0f}/s, {fast['p99_ms']:.1f} ms",
                fast["lists_a_second"] >= RATE and fast["p99_ms"] < P99_MS,
            ),
            Goal(
                f"the service costs at most {OWN_MS:.0f} ms at the median beside the engine, for a "
                "person who is kept and after an event",
                f"{own['kept']:.2f}, {own['after an event']:.2f} ms",
                max(own.values()) <= OWN_MS,
            ),
        ],
        engine_ms=engine,
        answers=found,
        sizes={
            "items": ITEMS,
            "k": K,
            "clients": CLIENTS,
            "workers": WORKERS,
            "seconds": seconds,
        },
    )


def engine_ms(model: MetaRecommender, shop: Dataset) -> dict[str, float]:
    """The median time of a list in process: of people who are adapted already, and with that."""
    histories = [shop.histories.events(row) for row in range(len(shop.user_ids))]
    people = [model.adapt(events) for events in histories]
    for person in people:
        person.recommend(K)
    now = time.time()

    def adapted(events: list[Event]) -> object:
        return model.adapt(events).recommend(K, at=now)

    return {
        "kept": _median([partial(person.recommend, K, at=now) for person in people]),
        "adapted": _median([partial(adapted, events) for events in histories]),
    }


def _median(works: Sequence[Callable[[], object]]) -> float:
    times = []
    for work in works:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return 1e3 * float(np.median(times))


def asked(
    service: Running,
    shop: Dataset,
    *,
    clients: int,
    seconds: float = 600.0,
    count: int = 10**9,
    after_events: bool = False,
) -> dict[str, float]:
    """Lists a second, their times and the service's CPU a list in ms, asked by so many clients at
    once, each for so long or so often; after an event of the same person each, which counts in the
    rate and the CPU, and not in the times."""
    url = service.url
    users, items = [str(user) for user in shop.user_ids], [str(i) for i in shop.catalogue.ids]
    times: list[float] = []
    until = time.monotonic() + seconds

    def client(seed: int) -> None:
        rng = np.random.default_rng(seed)
        own = [users[row] for row in rng.permutation(len(users))]
        lists = [listing(url, user, K) for user in own]
        told = [telling(url, user, items[int(rng.integers(ITEMS))], 4.0) for user in own]
        with Connection(url) as connection:
            for place in cycle(range(len(own))):
                if len(mine[seed]) >= count or time.monotonic() > until:
                    break
                if after_events:
                    _ask(connection, told[place])
                started = time.perf_counter()
                _ask(connection, lists[place])
                mine[seed].append(time.perf_counter() - started)

    mine: list[list[float]] = [[] for _ in range(clients)]
    began, cpu_s = time.monotonic(), service.cpu_s()
    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.monotonic() - began
    times = [one for own in mine for one in own]
    median, p99 = np.quantile(times, [0.5, 0.99])
    return {
        "lists_a_second": len(times) / passed,
        "median_ms": 1e3 * float(median),
        "p99_ms": 1e3 * float(p99),
        "service_cpu_ms": 1e3 * (service.cpu_s() - cpu_s) / len(times),
    }


def _ask(connection: Connection, request: bytes) -> None:
    status, _ = connection.ask(request)
    assert status < 300, status


if __name__ == "__main__":
    main()
