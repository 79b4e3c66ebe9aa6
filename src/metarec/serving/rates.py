"""How often a key may ask: so many in a minute, in each process by itself."""

import threading
import time
from collections import OrderedDict

KEYS = 10_000


class Rates:
    """A bucket for each key: as many requests as it may have in a minute, refilled evenly."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key_id: str, per_minute: int) -> float:
        """Take one request; 0 where it may go, else the seconds until one may."""
        now, pace = time.monotonic(), per_minute / 60
        with self._lock:
            left, since = self._left.pop(key_id, (float(per_minute), now))
            left = min(float(per_minute), left + (now - since) * pace)
            goes = left >= 1
            self._left[key_id] = (left - 1 if goes else left), now
            while len(self._left) > KEYS:
                self._left.popitem(last=False)
        return 0.0 if goes else (1 - left) / pace
