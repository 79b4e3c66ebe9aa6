"""New users: some people are in training with nothing at all, and a part of what each did is told.

What papers on Mult-VAE and EASE call strong generalisation [Liang et al. 2018, section 4.1].
"""

from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool

from metarec.contracts import DataError, Histories
from metarec.contracts.dataset import Dataset
from metarec.contracts.episodes import Episodes
from metarec.data.draws import chosen, drawn_order, permuted
from metarec.data.splits.cold_split import earlier, last_of
from metarec.data.splits.masks import EventMask, check_fraction, counts_of, episodes_of, train_on
from metarec.data.splits.split import OWN_EVENTS_ALONE, Split

Order = Literal["time", "drawn"]

EXCLUDES = (
    "no event of a user of validation or test is in train",
    "test events, altered or removed, change nothing in train",
    "a support holds only events of the same user that stand before the query in time, or in an "
    "order drawn by id",
    OWN_EVENTS_ALONE,
)


def split_new_users(
    data: Dataset,
    *,
    users: float = 0.1,
    valid: float = 0.1,
    known: float = 0.8,
    order: Order | None = None,
    rng: int = 0,
) -> Split:
    """`users` of all people are held out for the test and `valid` of the rest for validation, each
    with every event; of these the first `known` are the support and the others the query.

    They come in `order` of time, or in one that is drawn by id, as where the shop tells no time.
    Where kinds of events are declared, only those that are to be foretold are in a query, and what
    comes after the first of them is not known. People with a single such event are not judged.

    Raises:
        DataError: for shares that are none, and for an order of time where the shop tells none.
    """
    for name, share in (("users", users), ("known", known)):
        check_fraction(name, share, zero=False)
    check_fraction("valid", valid)
    order = order or ("drawn" if data.clock is None else "time")
    if order not in get_args(Order):
        raise DataError(f"order must be one of {list(get_args(Order))}, got {order!r}")
    if order == "time" and data.clock is None:
        raise DataError("the shop tells no time (it has no clock); use order='drawn'")
    everybody = np.ones(len(data.user_ids), dtype=bool)
    tested = chosen(data.user_ids, users, rng, "test users", everybody)
    judged = chosen(data.user_ids, valid, rng, "valid users", ~tested)
    histories = data.histories
    drawn = permuted(histories, drawn_order(histories, rng)) if order == "drawn" else histories
    open_ = data.event_kinds.foretold(drawn)
    return Split(
        name="new users",
        train=train_on(data, ~(tested | judged)[histories.rows]),
        valid=_asked(drawn, judged, known, open_),
        test={"new users": _asked(drawn, tested, known, open_)},
        excludes=EXCLUDES,
        settings={
            "dataset_hash": data.hash,
            "users": users,
            "valid": valid,
            "known": known,
            "order": order,
            "rng": rng,
        },
    )


def _asked(
    histories: Histories, users: Bool[np.ndarray, " user"], known: float, open_: EventMask
) -> Episodes:
    """The last events of each of the users, with those before them as support."""
    pool = users[histories.rows]
    sizes = counts_of(histories, pool & open_)
    counts = np.minimum(np.maximum(1, np.round((1 - known) * sizes)), sizes - 1).astype(np.int64)
    asked = last_of(histories, pool & open_, counts)
    return episodes_of(histories, pool & earlier(histories, asked), asked)
