"""A model of a million items over HTTP: how long a list takes, and what a second process costs.

The shop is that of the benchmark `million`. Each person has 20 events; one list follows an event of
the same person, the next one does not. Memory is told as Pss: what processes share counts once. Of
a small shop the interpreter is most of it, and is not shared.

    python -m benchmarks.service_million [--items 1000000] [--lists 200] [--model FOLDER]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Goal, say, write
from benchmarks.connections import Connection, listing, telling
from benchmarks.million import ITEMS, LIMIT_MS, OWN, measured
from benchmarks.running import Running, running

K, PEOPLE, LISTS = 10, 8, 200
READY_S = 900
SHARED = 0.5
"""What a second process may hold of its own, of what the first one holds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--lists", type=int, default=LISTS)
    parser.add_argument("--model", type=Path, help="a model that `million.fit_to` wrote before")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        model = given.model or Path(scratch) / "model"
        if given.model is None:
            measured(f"fit_to {model} {given.items}")
        held, times = dict[int, int](), dict[str, list[float]]()
        for workers in (1, 2):
            place = Path(scratch) / f"shop{workers}.db"
            with running(model, place, workers, READY_S) as service:
                times = answered(service, given.lists, given.items, workers)
                held[workers] = service.memory("Pss")
    more = (held[2] - held[1]) / held[1]
    quantiles = {what: 1e3 * np.quantile(found, [0.5, 0.99]) for what, found in times.items()}
    say(f"{ {what: found.round(1).tolist() for what, found in quantiles.items()} }, {held}")
    slowest = max(float(found[0]) for found in quantiles.values())
    write(
        "service_million",
        None,
        [
            Goal(
                f"a list of {given.items:,} items over HTTP (k={K}, exact, with standard "
                f"deviations) within {LIMIT_MS:.0f} ms at the median, also after an event",
                f"{slowest:.0f} ms",
                slowest < LIMIT_MS,
            ),
            Goal(
                f"a second process of {given.items:,} items holds at most {SHARED:.0%} of the "
                "first one's memory of its own",
                f"{held[1] / 2**20:.0f} MiB, then {more:+.0%}",
                more <= SHARED,
            ),
        ],
        milliseconds_at_50_and_99_percent={w: found.tolist() for w, found in quantiles.items()},
        bytes_of_one_process_and_of_two=[held[1], held[2]],
        sizes={"items": given.items, "k": K, "people": PEOPLE, "lists": given.lists},
    )


def answered(service: Running, lists: int, items: int, workers: int) -> dict[str, list[float]]:
    """Seconds of lists by one client: of a person who is kept, and after their next event."""
    rng, times = np.random.default_rng(0), dict[str, list[float]](kept=[], told=[])
    url = service.url
    for place in range(8 * workers):  # every process reads what is read once
        with Connection(url) as connection:
            _told(connection, url, f"u{place % PEOPLE}", rng.integers(0, items, OWN))
            _asked(connection, url, f"u{place % PEOPLE}")
    with Connection(url) as connection:
        for number in range(lists):
            user = f"u{number % PEOPLE}"
            _told(connection, url, user, rng.integers(0, items, 1))
            times["told"].append(_asked(connection, url, user))
            times["kept"].append(_asked(connection, url, user))
    return times


def _told(connection: Connection, url: str, user: str, rows: Any) -> None:
    for row in rows.tolist():
        status, _ = connection.ask(telling(url, user, f"i{row}", 1.0))
        assert status == 201, status


def _asked(connection: Connection, url: str, user: str) -> float:
    """Seconds of one list, which must be full, with a standard deviation of each item."""
    asked = listing(url, user, K)
    started = time.perf_counter()
    status, body = connection.ask(asked)
    passed = time.perf_counter() - started
    assert status == 200, body
    found = json.loads(body)["items"]
    assert [item["std"] is None for item in found] == [False] * K, found
    return passed


if __name__ == "__main__":
    main()
