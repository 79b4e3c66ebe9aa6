"""Lists that are the same for everybody, from what the store's people did; a minute old at most."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

import numpy as np

from metarec.contracts import Catalogue, Filters, Recommendations
from metarec.contracts.availability import FROM
from metarec.ranking.exclusions import OwnEvents
from metarec.ranking.wanted import Wanted
from metarec.serving.store import Store
from metarec.serving.store.charts import added, events_by_kind, first_taken, people_by_item
from metarec.serving.store.meaning import said_of
from metarec.serving.store.people import newest_of

Chart = Literal["popular", "trending", "newest"]
Counted = Literal["popular", "trending", "newest", "kinds"]
FRESH_S = 60.0
"""How long the counts of a chart hold; a person who is forgotten is out of them at once."""
KEPT = 16
"""Charts that a process keeps: trending has one for each window that is asked for."""
SECONDS_A_DAY = 86_400.0


class Charts:
    """The numbers by which everybody's lists are ordered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[tuple[Counted, int], tuple[float, int, Mapping[str, float]]]
        self._kept = OrderedDict()
        self._lock = threading.Lock()

    def best(
        self, chart: Chart, days: int, k: int, catalogue: Catalogue, filters: Filters
    ) -> Recommendations:
        """The `k` best of a chart that may stand in a list; items of which it says nothing do not.

        Of trending, `days` is the length of the window that ends now.
        """
        scores = np.full(len(catalogue), np.nan)
        numbers = self._numbers(chart, days)
        rows = catalogue.index(numbers)
        told = np.fromiter(numbers.values(), dtype=np.float64, count=len(numbers))
        scores[rows[rows >= 0]] = told[rows >= 0]
        if chart == "newest" and FROM in catalogue.frame.columns:  # it came when it was first sold
            opened = catalogue.frame[FROM].fill_null(math.nan).to_numpy()
            scores = np.where(np.isnan(opened), scores, opened)
        wanted = Wanted.of(k, filters, catalogue)
        nothing = OwnEvents.on(np.zeros(0, dtype=np.int64))
        return wanted.one(scores, nothing, catalogue)

    def kinds(self) -> set[str]:
        """The kinds of events that anybody has done."""
        return set(self._numbers("kinds", 0))

    def _numbers(self, chart: Counted, days: int) -> Mapping[str, float]:
        now = time.time()
        name: tuple[Counted, int] = (chart, days if chart == "trending" else 0)
        with self._store.database.reading() as connection:
            receipt = newest_of(connection)[2]
        with self._lock:
            kept = self._kept.get(name)
        if kept is not None and kept[1] == receipt and now - kept[0] < FRESH_S:
            return kept[2]
        numbers = self._counted(chart, now - days * SECONDS_A_DAY)
        with self._lock:
            self._kept[name] = now, receipt, numbers
            self._kept.move_to_end(name)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return numbers

    def _counted(self, chart: Counted, since: float) -> Mapping[str, float]:
        said = said_of(self._store)
        kinds = said.get("target_kinds", ()), said.get("negative_kinds", ())
        with self._store.database.reading() as connection:
            if chart == "kinds":
                return events_by_kind(connection)
            if chart == "newest":
                return {**first_taken(connection), **added(connection)}
            return people_by_item(connection, *kinds, since if chart == "trending" else None)
