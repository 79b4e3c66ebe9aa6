"""Memory of the service over 200,000 requests of every sort: from the middle on it stays.

More people ask than the processes keep, so that what they keep is full long before the middle. Nine
of ten requests are lists; the others are events, and in turns each other question that can be
asked, faults among them.

    python -m benchmarks.service_memory [--requests 200000]
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from itertools import count, cycle

from benchmarks.common import Goal, say, write
from benchmarks.connections import Connection, listing, request, telling
from benchmarks.running import Running, model_in_store, running
from metarec.contracts import Dataset
from metarec.serving.people import most_people

ITEMS, K, WORKERS = 3900, 10, 2
REQUESTS, SAMPLES = 200_000, 20
SLACK = 1.02
"""What people do is kept with them, so that a little more is right."""
ANSWERED = {200, 201, 404, 422}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=REQUESTS)
    requests = parser.parse_args().requests
    with (
        model_in_store(ITEMS) as (_, shop, folder, place),
        running(folder, place, WORKERS) as service,
    ):
        sizes, statuses = asked(service, shop, requests)
    wrong = {status: n for status, n in statuses.items() if status not in ANSWERED}
    middle = max(sizes[: len(sizes) // 2])
    grown = max(sizes[len(sizes) // 2 :]) / middle
    write(
        "service_memory",
        None,
        [
            Goal(
                f"memory of {WORKERS} processes over {requests:,} requests: in the second half at "
                f"most {100 * (SLACK - 1):.0f} % above the first, and no answer but "
                f"{', '.join(map(str, sorted(ANSWERED)))}",
                f"{middle / 2**20:.0f} MiB, then {100 * (grown - 1):+.1f} %, wrong: {wrong or 0}",
                grown <= SLACK and not wrong,
            )
        ],
        mebibytes=[round(size / 2**20, 1) for size in sizes],
        answers={str(status): number for status, number in statuses.items()},
        sizes={"items": ITEMS, "k": K, "workers": WORKERS, "requests": requests},
    )


def asked(service: Running, shop: Dataset, requests: int) -> tuple[list[int], Counter[int]]:
    """Memory after each twentieth of the requests, and how they were answered."""
    statuses: Counter[int] = Counter()
    sizes: list[int] = []
    bodies = questions(service.url, shop, people=2 * WORKERS * most_people(ITEMS))
    for _ in range(SAMPLES):
        # a connection goes to one process: so the requests are spread over all
        connections = [Connection(service.url) for _ in range(4 * WORKERS)]
        for connection, _ in zip(cycle(connections), range(requests // SAMPLES), strict=False):
            statuses[connection.ask(next(bodies))[0]] += 1
        for connection in connections:
            connection.close()
        sizes.append(service.memory())
        say(f"{sum(statuses.values()):,} requests: {sizes[-1] / 2**20:.0f} MiB")
    return sizes, statuses


def questions(url: str, shop: Dataset, people: int) -> Iterator[bytes]:
    """Requests without end, of so many people."""
    items = [str(item) for item in shop.catalogue.ids]
    for number in count():
        user, item = f"u{number % people}", items[number * 7 % len(items)]
        if number % 10:
            yield listing(url, user, K)
        elif number % 20:
            yield telling(url, user, item, float(1 + number % 5))
        else:
            yield _other(url, number // 20, user, item)


def _other(url: str, turn: int, user: str, item: str) -> bytes:
    """One of the other requests, each in its turn."""
    about: list[tuple[str, str, dict[str, object] | None]] = [
        ("GET", f"/v1/items/{item}/similar", None),
        ("GET", "/v1/items/no-such-item/similar", None),
        ("GET", "/v1/popular", None),
        ("GET", f"/v1/items?q={item}", None),
        ("GET", f"/v1/users/{user}/history", None),
        ("POST", "/v1/questions", {"user_id": user}),
        ("POST", "/v1/scores", {"user_id": user, "item_ids": [item]}),
        ("POST", "/v1/explanations", {"user_id": user, "item_id": item}),
        ("POST", "/v1/recommendations", {"user_id": user, "k": 0}),
        ("POST", "/v1/recommendations", {"user_id": user, "where": "title == 'none'"}),
        ("POST", "/v1/recommendations", {"events": [{"item_id": item, "value": 4.0}]}),
        ("POST", "/v1/recommendations", {"user_id": user, "policy": "thompson", "record": True}),
        ("POST", "/v1/recommendations/batch", {"user_ids": [user, "nobody"]}),
        ("GET", "/v1/metrics", None),
    ]
    verb, path, body = about[turn % len(about)]
    return request(url, verb, path, body)


if __name__ == "__main__":
    main()
