"""Clients that tell events until the service is gone, and note what was acknowledged."""

import threading
from typing import Any

from benchmarks.connections import Connection, listing, telling

PEOPLE = 7
STORMERS = 4
LIST_AFTER = 4
"""So many events come before a list is asked, so that people are kept and then changed."""


class Storm:
    """Numbered events of a few people; the number is the key."""

    def __init__(self, items: list[str]) -> None:
        self.items, self.acknowledged, self.sent = items, list[str](), 0
        self._lock = threading.Lock()

    def blow(self, url: str, over: threading.Event) -> list[threading.Thread]:
        """Threads that tell events until the service is gone, or it is over."""
        threads = [threading.Thread(target=self._tell, args=(url, over)) for _ in range(STORMERS)]
        for thread in threads:
            thread.start()
        return threads

    def body(self, number: int) -> dict[str, Any]:
        """What is told under a number."""
        item = self.items[number % len(self.items)]
        return {"user_id": f"u{number % PEOPLE}", "item_id": item, "value": 4.0, "key": str(number)}

    def _tell(self, url: str, over: threading.Event) -> None:
        try:
            with Connection(url) as connection:
                while not over.is_set():
                    with self._lock:
                        number, self.sent = self.sent, self.sent + 1
                    body = self.body(number)
                    status, _ = connection.ask(telling(url, **body))
                    if status == 201:
                        with self._lock:
                            self.acknowledged.append(str(number))
                    if number % LIST_AFTER == 0:
                        connection.ask(listing(url, body["user_id"], 10))
        except OSError:
            return  # the service is gone
