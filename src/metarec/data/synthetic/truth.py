"""What the users of the synthetic shop truly like: known for every pair, at every moment.

Tastes are not linear in anything that a model could see. Each user has a taste for each topic, and
what an item is worth to them is a saturating function of the tastes for its two topics, their
product (some pairs please, some jar), a price that fits or not, and an era that they feel at home
in. Tastes drift from one set to another around a moment of the user's own.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from metarec.contracts import DataError
from metarec.data.synthetic.texts import N_TOPICS

Kind = Literal["rating", "implicit"]
Regime = Literal["content", "bias", "cooccurrence"]

CHUNK = 8192  # users whose tastes are drawn at once; part of what a seed means
MIDDLE, SLOPE = 3.3, 0.9  # from worth to stars
USERS, ITEMS = 1, 2  # streams of random numbers, apart from each other


@dataclass(frozen=True, eq=False)
class ItemTraits:
    """What is true of the items. `driver` topics are what tastes respond to.

    In the regime "content" the drivers are the topics that the text is about. In "cooccurrence"
    they are independent of the text, so that only the company an item keeps gives it away.
    """

    primary: Int[np.ndarray, " item"]
    secondary: Int[np.ndarray, " item"]
    driver: Int[np.ndarray, "item 2"]
    log_price: Float[np.ndarray, " item"]
    year: Int[np.ndarray, " item"]
    quality: Float[np.ndarray, " item"]
    appeal: Float[np.ndarray, " item"]
    """How often the shop shows the item, relative to the others."""
    arrival: Float[np.ndarray, " item"]
    """When it came on offer: 0 at the opening, 1 at the end."""


@dataclass(frozen=True, eq=False)
class UserTraits:
    """What is true of one chunk of users."""

    before: Float[np.ndarray, "user topic"]
    after: Float[np.ndarray, "user topic"]
    turn: Float[np.ndarray, " user"]
    budget: Float[np.ndarray, " user"]
    era: Float[np.ndarray, " user"]
    mood: Float[np.ndarray, " user"]
    activity: Float[np.ndarray, " user"]
    joined: Float[np.ndarray, " user"]


@dataclass(frozen=True)
class Truth:
    """The expected value of every pair: `truth(users, items)`, drawn when asked for.

    Nothing but the seed is kept, so that a shop of a million users costs no more than one of a
    hundred. Ratings are expected stars from 1 to 5, implicit values a worth without a unit; noise
    is not in it.
    """

    n_users: int
    n_items: int
    kind: Kind
    rng: int
    regime: Regime

    def __post_init__(self) -> None:
        if self.n_users < 1 or self.n_items < 10:
            raise DataError(
                f"a shop needs at least 1 user and 10 items, got {self.n_users} and {self.n_items}"
            )
        if self.kind not in ("rating", "implicit"):
            raise DataError(f"kind must be rating or implicit, got {self.kind!r}")
        if self.regime not in ("content", "bias", "cooccurrence"):
            raise DataError(f"regime must be content, bias or cooccurrence, got {self.regime!r}")

    def __call__(
        self,
        users: Int[np.ndarray, "*pair"],
        items: Int[np.ndarray, "*pair"],
        at: float | Float[np.ndarray, "*pair"] = 1.0,
    ) -> Float[np.ndarray, "*pair"]:
        """Expected value of each (user, item) pair; the arguments broadcast.

        `at` is the moment, from 0 (the opening) to 1 (the end, the default). Rows of the dataset
        name users and items.
        """
        who, what, when = np.broadcast_arrays(np.asarray(users), np.asarray(items), at)
        shape, who, what, when = who.shape, who.ravel(), what.ravel(), when.ravel()
        if len(who) and (who.min() < 0 or who.max() >= self.n_users):
            raise DataError(f"users must be rows from 0 to {self.n_users - 1}")
        if len(what) and (what.min() < 0 or what.max() >= self.n_items):
            raise DataError(f"items must be rows from 0 to {self.n_items - 1}")
        worth = np.empty(len(who))
        for chunk in np.unique(who // CHUNK):
            here = who // CHUNK == chunk
            traits = self.users_of(int(chunk))
            worth[here] = self.worth(traits, who[here] % CHUNK, what[here], when[here])
        return self.shown(worth).reshape(shape)

    @property
    def n_chunks(self) -> int:
        """Number of chunks of users."""
        return -(-self.n_users // CHUNK)

    @cached_property
    def items(self) -> ItemTraits:
        """The items' traits."""
        return draw_items(self.n_items, self.regime, np.random.default_rng([self.rng, ITEMS]))

    def users_of(self, chunk: int) -> UserTraits:
        """The traits of the users from `chunk * CHUNK` on."""
        return draw_users(np.random.default_rng([self.rng, USERS, chunk]))

    def worth(
        self,
        traits: UserTraits,
        users: Int[np.ndarray, " pair"],
        items: Int[np.ndarray, " pair"],
        at: Float[np.ndarray, " pair"],
    ) -> Float[np.ndarray, " pair"]:
        """What each item is worth to the user (a row of the chunk) at the moment."""
        things = self.items
        common = 0.35 * things.quality[items] + traits.mood[users]
        if self.regime == "bias":
            return 1.6 * common
        drift = 1 / (1 + np.exp(-12 * (at - traits.turn[users])))
        first, second = things.driver[items, 0], things.driver[items, 1]
        one = mixed_tastes(traits, users, first, drift)
        other = mixed_tastes(traits, users, second, drift)
        liking = np.tanh(0.9 * one + 0.4 * other) + 0.35 * np.tanh(one * other)
        strain = np.minimum(np.abs(things.log_price[items] - traits.budget[users]), 1.5)
        years = things.year[items] - traits.era[users]
        at_home = np.exp(-((years / 8.0) ** 2))
        if self.regime == "cooccurrence":
            return 1.5 * liking + 0.4 * common
        worth: NDArray[np.float64] = 1.2 * liking - 0.45 * strain + 0.5 * at_home + common
        return worth

    def shown(self, worth: Float[np.ndarray, " pair"]) -> Float[np.ndarray, " pair"]:
        """The expected value that a worth stands for."""
        return np.clip(MIDDLE + SLOPE * worth, 1.0, 5.0) if self.kind == "rating" else worth


def mixed_tastes(
    traits: UserTraits,
    users: Int[np.ndarray, " pair"],
    topics: Int[np.ndarray, " pair"],
    drift: Float[np.ndarray, " pair"],
) -> Float[np.ndarray, " pair"]:
    """Each user's taste for the topic, part way from the old one to the new."""
    before, after = traits.before[users, topics], traits.after[users, topics]
    mixed: NDArray[np.float64] = before + drift * (after - before)
    return mixed


def draw_items(n: int, regime: Regime, rng: np.random.Generator) -> ItemTraits:
    """Items about two topics each, with skewed appeal, most of them there from the opening."""
    primary = rng.integers(N_TOPICS, size=n)
    secondary = (primary + rng.integers(1, N_TOPICS, size=n)) % N_TOPICS
    hidden = rng.integers(N_TOPICS, size=n)
    driver = np.stack([primary, secondary], axis=1)
    if regime == "cooccurrence":
        driver = np.stack([hidden, (hidden + 1) % N_TOPICS], axis=1)
    quality = np.clip(rng.standard_t(4, size=n), -4, 4)
    skew = (rng.permutation(n) + 3.0) ** -0.9
    return ItemTraits(
        primary=primary,
        secondary=secondary,
        driver=driver,
        log_price=rng.normal(3.0, 0.8, size=n),
        year=rng.integers(1980, 2024, size=n),
        quality=quality,
        appeal=skew * np.exp(0.25 * quality),
        arrival=np.where(np.arange(n) % 5 < 3, 0.0, rng.random(n)),
    )


def draw_users(rng: np.random.Generator) -> UserTraits:
    """A chunk of users with a few strong tastes each, some of which they lose or find."""
    shape = (CHUNK, N_TOPICS)
    before = rng.laplace(0.0, 0.8, size=shape)
    fresh = rng.laplace(0.0, 0.8, size=shape)
    changes = rng.random(shape) < 0.3
    return UserTraits(
        before=before,
        after=np.where(changes, fresh, before),
        turn=rng.random(CHUNK),
        budget=rng.normal(3.0, 0.7, size=CHUNK),
        era=rng.uniform(1980, 2024, size=CHUNK),
        mood=0.35 * rng.normal(size=CHUNK),
        activity=rng.pareto(2.2, size=CHUNK),
        joined=0.8 * rng.random(CHUNK),
    )
