"""The four cold-start scenarios: known or new users, on known or new items."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from metarec.contracts import DataError, Histories
from metarec.contracts.dataset import Dataset
from metarec.contracts.episodes import Episodes, joined
from metarec.data.draws import chosen, drawn_order, permuted, ranks_of
from metarec.data.splits.masks import EventMask, check_fraction, counts_of, episodes_of, train_on
from metarec.data.splits.split import OWN_EVENTS_ALONE, Split

KNOWN_KNOWN = "known users, known items"
NEW_KNOWN = "new users, known items"
KNOWN_NEW = "known users, new items"
NEW_NEW = "new users, new items"
SHARE_OF_KNOWN = 0.1  # of a known user's events on known items that are asked for
LEAST_KNOWN = 5  # events that a known user needs on known items before any is held out

EXCLUDES = (
    "no event of a new user (test or validation) is in train",
    "no event on a new item (test or validation) is in train, and so none in the support of a "
    "known user",
    "no query event of a known user on known items is in train or in the user's support",
    "a support holds only the same user's events, all of them on known items",
    OWN_EVENTS_ALONE,
    "test events of new users, and test events on new items, altered or removed, change nothing in "
    "train",
    "only new items compete in a new-item scenario, only known ones in a known-item scenario",
)


@dataclass(frozen=True, eq=False)
class Groups:
    """Who is new in which part; what is in neither part is known."""

    test_users: Bool[np.ndarray, " user"]
    valid_users: Bool[np.ndarray, " user"]
    test_items: Bool[np.ndarray, " item"]
    valid_items: Bool[np.ndarray, " item"]

    @property
    def known_users(self) -> Bool[np.ndarray, " user"]:
        """Users whose events are learned from."""
        return ~(self.test_users | self.valid_users)

    @property
    def known_items(self) -> Bool[np.ndarray, " item"]:
        """Items whose events are learned from."""
        return ~(self.test_items | self.valid_items)


def split_cold(
    data: Dataset,
    *,
    users: float = 0.2,
    items: float = 0.2,
    valid: float = 0.1,
    queries: int = 10,
    rng: int = 0,
) -> Split:
    """The four scenarios; `valid` mixes new users and new items of its own.

    `users` and `items` are the shares held out for the test, `valid` the share of the rest held
    out for validation. A new user's query is `queries` of the events on known items, or half of
    them for a user with fewer than twice as many; the others are the support. Ratings are drawn
    and ordered at random, by id; implicit events in order of time are asked for from the newest
    and known from the oldest. Where kinds of events are declared, only those that are to be
    foretold are asked for, and what comes after the first of them is not known. `at(k)` of a
    scenario is a point of the learning curve.
    """
    for name, share in (("users", users), ("items", items), ("valid", valid)):
        check_fraction(name, share)
    if queries < 1:
        raise DataError(f"queries must be at least 1, got {queries}")
    groups = drawn_groups(data, users, items, valid, rng)
    order = drawing_order(data, rng)
    histories = permuted(data.histories, order)
    known_item = groups.known_items[histories.items]
    pool = groups.known_users[histories.rows] & known_item
    open_ = data.event_kinds.foretold(histories)
    asked = last_of(histories, pool & open_, known_asked(histories, pool, open_))
    train = pool & earlier(histories, asked)
    known, new = groups.known_items, groups.test_items
    newcomers = new_users(histories, groups.valid_users, known, queries, open_)
    arrivals = on_items(histories, train, groups.known_users, groups.valid_items, open_)
    in_time = np.zeros(len(train), dtype=bool)
    in_time[order] = train
    return Split(
        name="cold",
        train=train_on(data, in_time),
        valid=Episodes(
            joined([newcomers.support, arrivals.support]),
            joined([newcomers.query, arrivals.query]),
            known | groups.valid_items,
        ),
        test={
            KNOWN_KNOWN: episodes_of(histories, train, asked, known),
            NEW_KNOWN: new_users(histories, groups.test_users, known, queries, open_),
            KNOWN_NEW: on_items(histories, train, groups.known_users, new, open_),
            NEW_NEW: on_items(histories, known_item, groups.test_users, new, open_),
        },
        excludes=EXCLUDES,
        settings={
            "dataset_hash": data.hash,
            "users": users,
            "items": items,
            "valid": valid,
            "queries": queries,
            "rng": rng,
        },
    )


def drawn_groups(data: Dataset, users: float, items: float, valid: float, rng: int) -> Groups:
    """Users and items of each part, drawn by id."""
    user_ids, item_ids = data.user_ids, data.catalogue.ids
    test_users = chosen(user_ids, users, rng, "test users", np.ones(len(user_ids), bool))
    test_items = chosen(item_ids, items, rng, "test items", np.ones(len(item_ids), bool))
    return Groups(
        test_users,
        chosen(user_ids, valid, rng, "valid users", ~test_users),
        test_items,
        chosen(item_ids, valid, rng, "valid items", ~test_items),
    )


def drawing_order(data: Dataset, rng: int) -> Int[np.ndarray, " event"]:
    """The order in which a history is known: of time for implicit events, else drawn by id."""
    if data.feedback == "implicit" and data.clock is not None:
        return np.arange(len(data.interactions))
    return drawn_order(data.histories, rng)


def last_of(
    histories: Histories, pool: EventMask, counts: Int[np.ndarray, " history"]
) -> EventMask:
    """True for the last `counts[h]` events of each history among those in the pool."""
    ranks = ranks_of(histories, -histories.places, among=pool)
    mask: EventMask = pool & (ranks < counts[histories.rows])
    return mask


def earlier(histories: Histories, asked: EventMask) -> EventMask:
    """True for the events that stand before all those of their history that are asked for."""
    first = np.full(len(histories), np.iinfo(np.int64).max)
    np.minimum.at(first, histories.rows[asked], histories.places[asked])
    mask: EventMask = histories.places < first[histories.rows]
    return mask


def known_asked(
    histories: Histories, pool: EventMask, open_: EventMask
) -> Int[np.ndarray, " history"]:
    """How many events of a known user on known items are asked for."""
    sizes = counts_of(histories, pool & open_)
    share = np.maximum(1, np.round(SHARE_OF_KNOWN * sizes)).astype(np.int64)
    return np.where(counts_of(histories, pool) >= LEAST_KNOWN, share, 0)


def new_users(
    histories: Histories,
    users: Bool[np.ndarray, " user"],
    items: Bool[np.ndarray, " item"],
    queries: int,
    open_: EventMask,
) -> Episodes:
    """New users on known items: the last events in drawing order are the query."""
    pool = users[histories.rows] & items[histories.items]
    sizes = counts_of(histories, pool & open_)
    few = np.maximum(1, sizes // 2)
    asked = last_of(histories, pool & open_, np.where(sizes < 2 * queries, few, queries))
    return episodes_of(histories, pool & earlier(histories, asked), asked, items)


def on_items(
    histories: Histories,
    support: EventMask,
    users: Bool[np.ndarray, " user"],
    items: Bool[np.ndarray, " item"],
    open_: EventMask,
) -> Episodes:
    """The users' events on new items, with what is in `support` of the same users known."""
    of_user = users[histories.rows]
    asked = of_user & items[histories.items] & open_
    return episodes_of(histories, support & of_user, asked, items)
