"""How the users of the synthetic shop come to their events: what they are shown, what they take."""

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from metarec.data.synthetic.truth import CHUNK, Truth, UserTraits

OPENING_S = 1_609_459_200  # 2021-01-01
OPEN_S = 3 * 365 * 86_400
EVENTS = 3  # the stream of random numbers for events
SLATE = 4
FEWEST, USUAL, MOST_SHARE = 5, 30.0, 0.5


def draw_events(truth: Truth, chunk: int) -> pl.DataFrame:
    """The events of one chunk of users: user, item, value, timestamp, in order of user and time.

    Every event is a choice from a slate of four items, shown in proportion to their appeal among
    those that have arrived: what is popular, and what is liked, is seen too often. Ratings carry
    heavy-tailed noise and come once for a pair.
    """
    rng = np.random.default_rng([truth.rng, EVENTS, chunk])
    traits = truth.users_of(chunk)
    n_users = min(CHUNK, truth.n_users - chunk * CHUNK)
    most = max(FEWEST, int(MOST_SHARE * truth.n_items))
    counts = np.minimum(FEWEST + (USUAL * traits.activity[:n_users]).astype(np.int64), most)
    users = np.repeat(np.arange(n_users), counts)
    joined = traits.joined[users]
    at = joined + (1 - joined) * rng.random(len(users))
    items = chosen_items(truth, traits, users, at, rng)
    frame = pl.DataFrame(
        {
            "user": users + chunk * CHUNK,
            "item": items,
            "value": values_of(truth, traits, users, items, at, rng),
            "timestamp": (OPENING_S + at * OPEN_S).astype(np.int64),
        }
    ).sort("user", "timestamp", maintain_order=True)
    if truth.kind == "rating":
        frame = frame.unique(["user", "item"], keep="first", maintain_order=True)
    return frame


def chosen_items(
    truth: Truth,
    traits: UserTraits,
    users: Int[np.ndarray, " event"],
    at: Float[np.ndarray, " event"],
    rng: np.random.Generator,
) -> Int[np.ndarray, " event"]:
    """The item that each user takes from the slate shown at the moment."""
    things = truth.items
    by_arrival = np.argsort(things.arrival, kind="stable")
    mass = np.cumsum(things.appeal[by_arrival])
    there = np.searchsorted(things.arrival[by_arrival], at, side="right")  # items on offer
    drawn = rng.random((len(at), SLATE)) * mass[there - 1][:, None]
    slate = by_arrival[np.minimum(np.searchsorted(mass, drawn, side="right"), len(mass) - 1)]
    who, when = np.repeat(users, SLATE), np.repeat(at, SLATE)
    # (event * slate) -> (event, slate): an event's slate is contiguous
    worth = truth.worth(traits, who, slate.ravel(), when).reshape(slate.shape)
    sharp = 1.0 if truth.kind == "rating" else 3.0
    choice = np.argmax(sharp * worth + rng.gumbel(size=slate.shape), axis=1)
    return slate[np.arange(len(slate)), choice]


def values_of(
    truth: Truth,
    traits: UserTraits,
    users: Int[np.ndarray, " event"],
    items: Int[np.ndarray, " event"],
    at: Float[np.ndarray, " event"],
    rng: np.random.Generator,
) -> Float[np.ndarray, " event"]:
    """Stars with heavy-tailed noise, or 1 for an implicit event."""
    if truth.kind == "implicit":
        return np.ones(len(users), dtype=np.float32)
    worth = truth.worth(traits, users, items, at)
    noise = 0.35 * rng.standard_t(3, size=len(users))
    stars = np.round(truth.shown(worth) + noise)
    return np.clip(stars, 1, 5).astype(np.float32)
