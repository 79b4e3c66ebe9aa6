"""Events and lists in turns at a steady rate, as of a shop's day: no error, and how long they take.

Every request has its moment, which does not wait for the answers before it; what it takes is
counted from that moment on, so that a service that falls behind cannot hide it. In the end the
store must hold every event that was acknowledged.

    python -m benchmarks.service_mixed [--seconds 60] [--rate 300]
"""

import argparse
import math
import threading
import time
from collections import Counter

import numpy as np

from benchmarks.common import Goal, say, write
from benchmarks.connections import Connection, listing, telling
from benchmarks.running import keys_in, model_in_store, running
from metarec.contracts import Dataset

ITEMS, K, CLIENTS, WORKERS = 3900, 10, 16, 2
SECONDS, RATE = 60.0, 300.0
BEHIND = 0.99
"""Share of the rate that must have been asked and answered in the time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rate", type=float, default=RATE)
    given = parser.parse_args()
    with model_in_store(ITEMS) as (_, shop, folder, place):
        with running(folder, place, WORKERS) as service:
            found = Mixed(service.url, shop, given.seconds, given.rate)
            found.run()
        kept = keys_in(place)
    lost = len(found.acknowledged - set(kept))
    rate = sum(found.statuses.values()) / found.passed
    errors = sum(count for status, count in found.statuses.items() if status not in (200, 201))
    quantiles = {
        what: np.quantile(times, [0.5, 0.99]).round(5).tolist()
        for what, times in found.times.items()
    }
    say(f"{dict(found.statuses)}, {quantiles}")
    write(
        "service_mixed",
        None,
        [
            Goal(
                f"{given.rate:.0f} requests/s, half of them events, for {given.seconds:.0f} s: no "
                "error, and no acknowledged event lost",
                f"{rate:.0f}/s, {errors} errors, {lost} lost",
                rate >= BEHIND * given.rate and errors == lost == 0,
            )
        ],
        seconds_at_50_and_99_percent=quantiles,
        sizes={"items": ITEMS, "k": K, "clients": CLIENTS, "workers": WORKERS},
    )


class Mixed:
    """Clients that each ask at their own moments, the first half a step after the others."""

    def __init__(self, url: str, shop: Dataset, seconds: float, rate: float) -> None:
        self.url, self.seconds, self.rate = url, seconds, rate
        self.users = [str(user) for user in shop.user_ids]
        self.items = [str(item) for item in shop.catalogue.ids]
        self.statuses: Counter[int] = Counter()
        self.times: dict[str, list[float]] = {"event": [], "list": []}
        self.acknowledged = set[str]()
        self.passed = 0.0
        self._lock = threading.Lock()

    def run(self) -> None:
        """Ask for so long; fails where a client fails."""
        began = time.monotonic() + 0.5  # when all threads stand
        threads = [
            threading.Thread(target=self._client, args=(client, began)) for client in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.passed = max(time.monotonic() - began, self.seconds)

    def _client(self, client: int, began: float) -> None:
        rng = np.random.default_rng(client)
        pace = CLIENTS / self.rate
        with Connection(self.url) as connection:
            for number in range(math.ceil(self.seconds / pace)):
                moment = began + (number + client / CLIENTS) * pace
                user = self.users[int(rng.integers(len(self.users)))]
                item = self.items[int(rng.integers(len(self.items)))]
                what, key = ("event", "list")[number % 2], f"mixed-{client}-{number}"
                asked = (
                    telling(self.url, user, item, 4.0, key)
                    if what == "event"
                    else listing(self.url, user, K)
                )
                time.sleep(max(0.0, moment - time.monotonic()))
                status = self._status(connection, asked)
                with self._lock:
                    self.times[what].append(time.monotonic() - moment)
                    self.statuses[status] += 1
                    if status == 201:
                        self.acknowledged.add(key)

    def _status(self, connection: Connection, asked: bytes) -> int:
        """What was answered; 0 where the connection broke off, which ends this client's turn."""
        try:
            return connection.ask(asked)[0]
        except OSError:
            return 0


if __name__ == "__main__":
    main()
