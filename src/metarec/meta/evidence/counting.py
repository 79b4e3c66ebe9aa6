"""Every table of what people did, from one shop."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

from metarec.contracts import Dataset
from metarec.meta.config import MetaConfig
from metarec.meta.evidence.evidence import itself
from metarec.meta.evidence.follow import follow
from metarec.meta.evidence.next import next_after
from metarec.meta.evidence.pairs import settled
from metarec.meta.evidence.together import together

NEXT_L2, TOGETHER_L2 = 5.0, 20.0
"""Ridge penalties, times the root of the mean number of events of a touched item."""
WIDE = 10
"""Places within which the wide table of what follows counts a pair."""
DECAYS = {
    "follow": 0.5,
    "follow wide": 0.8,
    "next": 0.5,
    "next long": 0.9,
    "together": 0.9,
    "alike": 0.7,
    "again": 0.7,
}
"""What an event counts in each table, relative to the next newer one."""
STEADY = ("together", "alike", "again")
"""Tables in which events may count however old they are, beside."""
OF_LATE = 0.1
"""The newest part of the shop's time in which popularity of late is counted."""


def counted_tables(train: Dataset, config: MetaConfig) -> dict[str, sp.csr_array]:
    """The tables of what people did; what came before what only where the shop says an order.

    Where kinds of events are foretold that others lead to, *again* says of an item itself that
    someone has looked at it: it is what they are most likely to buy.
    """
    histories = train.histories
    targets = train.event_kinds.foretold(histories) if train.target_kinds else None
    n_items, keep = len(train.catalogue), config.neighbours
    counts = np.bincount(histories.items, minlength=n_items)
    exact = np.argsort(-counts, kind="stable")[: min(config.exact_items, np.count_nonzero(counts))]
    exact = np.sort(exact)
    typical = float(np.sqrt(counts[counts > 0].mean())) if len(exact) else 1.0
    tables = {}
    if has_order(train):
        tables["follow"] = follow(histories, window=1, keep=keep, targets=targets)
        tables["follow wide"] = follow(histories, window=WIDE, keep=keep, targets=targets)
        for name in ("next", "next long"):
            tables[name] = next_after(
                histories,
                decay=DECAYS[name],
                l2=NEXT_L2 * typical,
                keep=keep,
                exact=exact,
                targets=targets,
            )
    wanted = None
    if targets is not None:
        wanted = np.bincount(histories.items[targets], minlength=n_items) > 0
        tables["again"] = itself(n_items)
    tables["together"] = together(
        histories,
        l2=TOGETHER_L2 * typical,
        keep=keep,
        exact=exact,
        wanted=wanted,
        most_people=config.exact_items,
    )
    return {name: settled(matrix) for name, matrix in tables.items()}


def decays_of(name: str, *, ordered: bool) -> tuple[float, ...]:
    """The decays by which a table may be heard: 1 where the shop tells no order."""
    if not ordered:
        return (1.0,)
    return (DECAYS[name], 1.0) if name in STEADY else (DECAYS[name],)


def has_order(train: Dataset) -> bool:
    """True where the shop says in which order events came; the order of a file is none."""
    return train.clock is not None


def popularities(train: Dataset) -> dict[str, Float[np.ndarray, " item"]]:
    """log(1 + people) with an event that is foretold, and of late where there is a clock; 1 for
    the largest."""
    histories = train.histories
    asked = train.event_kinds.foretold(histories)
    found = {"popular": _logarithm(train, np.flatnonzero(asked))}
    if train.clock == "unix" and len(histories.times):
        first, last = np.nanmin(histories.times), np.nanmax(histories.times)
        late = histories.times >= last - OF_LATE * (last - first)
        found["popular of late"] = _logarithm(train, np.flatnonzero(asked & late))
    return found


def shares_of_people(train: Dataset) -> Float[np.ndarray, " item"]:
    """Share of the users with an event who have one on the item."""
    n_users = max(1, int((train.histories.lengths > 0).sum()))
    pairs = train.interactions.select("user", "item").unique()
    buyers = np.bincount(pairs["item"].to_numpy(), minlength=len(train.catalogue))
    return np.minimum(buyers / n_users, 1.0)


def _logarithm(train: Dataset, events: np.ndarray) -> Float[np.ndarray, " item"]:
    histories, n_items = train.histories, len(train.catalogue)
    pairs = np.unique(histories.rows[events] * np.int64(n_items) + histories.items[events])
    known = np.log1p(np.bincount(pairs % n_items, minlength=n_items))
    return np.asarray(known / max(known.max(), 1e-12))
