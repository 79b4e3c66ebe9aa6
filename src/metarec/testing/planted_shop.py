"""A tiny shop with a known answer: three topics, people who love one, hits that all take."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from metarec.contracts import Catalogue, Dataset, Feedback, Histories, vocabulary_of

TOPICS = (
    ("engine", "wheel", "road", "garage", "brake", "diesel"),
    ("flour", "butter", "oven", "sugar", "recipe", "dough"),
    ("planet", "comet", "orbit", "galaxy", "rocket", "moon"),
)
PER_TOPIC = 12
EVENTS_PER_USER = 8
HITS = (0, 1)
"""Items of the first topic that everyone takes, so that popularity misleads two people in three."""
UNTOUCHED_PLACE = PER_TOPIC - 1
"""The last item of each topic has no event; only its text speaks for it."""
RETIRED = PER_TOPIC - 2
"""An item of the first topic that has events and is no longer offered."""


@dataclass(frozen=True, eq=False)
class PlantedShop:
    """The data, and the truth behind it."""

    data: Dataset
    topic_of_item: Int[np.ndarray, " item"] = field(repr=False)
    topic_of_user: Int[np.ndarray, " user"] = field(repr=False)

    def strangers(self) -> Histories:
        """One new person for each topic, with three events on items of that topic."""
        ids = self.data.catalogue.ids
        firsts = [topic * PER_TOPIC + 3 for topic in range(len(TOPICS))]
        value = 5.0 if self.data.feedback == "rating" else 1.0
        return Histories.of([[(ids[first + i], value) for i in range(3)] for first in firsts])


def planted_shop(feedback: Feedback = "implicit", n_users: int = 60, rng: int = 0) -> PlantedShop:
    """A shop of 36 items in three topics; equal seeds give equal shops.

    Each user loves one topic and mostly takes items of it, and the hits. As ratings, half of what
    they take is from elsewhere and rated about two points lower.
    """
    generator = np.random.default_rng(rng)
    topic_of_item = np.repeat(np.arange(len(TOPICS)), PER_TOPIC)
    topic_of_user = np.arange(n_users) % len(TOPICS)
    match = topic_of_user[:, None] == topic_of_item  # (user, item)
    takes = _taken(match, feedback, generator)
    users = np.repeat(np.arange(n_users), EVENTS_PER_USER)
    items = takes.ravel()  # (user, event) -> (user * event)
    values = np.ones(len(items))
    if feedback == "rating":
        values = _ratings(match, generator)[users, items]
    interactions = pl.DataFrame(
        {
            "user": users,
            "item": items,
            "value": values.astype(np.float32),
            "timestamp": np.tile(np.arange(EVENTS_PER_USER), n_users),
        }
    )
    data = Dataset(
        name="planted",
        feedback=feedback,
        clock="order",
        catalogue=_catalogue(topic_of_item, generator),
        user_ids=vocabulary_of(f"user-{user}" for user in range(n_users)),
        interactions=interactions,
        triples=_triples(topic_of_item),
    )
    return PlantedShop(data, topic_of_item, topic_of_user)


def _taken(
    match: np.ndarray, feedback: Feedback, generator: np.random.Generator
) -> Int[np.ndarray, "user event"]:
    """Distinct items of each user, drawn in proportion to their appeal (Gumbel top-k)."""
    appeal = np.where(match, 10.0, 1.0 if feedback == "implicit" else 5.0)
    appeal[:, HITS] = 40.0
    appeal[:, UNTOUCHED_PLACE::PER_TOPIC] = 0.0
    with np.errstate(divide="ignore"):
        keys = np.log(appeal) + generator.gumbel(size=appeal.shape)
    return np.argsort(-keys, axis=1)[:, :EVENTS_PER_USER]


def _ratings(match: np.ndarray, generator: np.random.Generator) -> Float[np.ndarray, "user item"]:
    """Whole ratings from 1 to 5: taste, the user's level, the item's quality, and noise."""
    n_users, n_items = match.shape
    level = 3 + np.where(match, 1.0, -1.0)
    level = level + generator.normal(0, 0.4, (n_users, 1)) + generator.normal(0, 0.4, n_items)
    return np.asarray(np.clip(np.round(level + generator.normal(0, 0.4, match.shape)), 1, 5))


def _triples(topic_of_item: Int[np.ndarray, " item"]) -> pl.DataFrame:
    """A knowledge graph in which every item is about its topic."""
    return pl.DataFrame(
        {
            "head": [f"item-{item}" for item in range(len(topic_of_item))],
            "relation": ["about"] * len(topic_of_item),
            "tail": [f"topic-{topic}" for topic in topic_of_item],
        }
    )


def _catalogue(
    topic_of_item: Int[np.ndarray, " item"], generator: np.random.Generator
) -> Catalogue:
    words = [
        " ".join(TOPICS[topic][word] for word in generator.permutation(len(TOPICS[topic]))[:4])
        for topic in topic_of_item
    ]
    frame = pl.DataFrame(
        {
            "item_id": [f"item-{item}" for item in range(len(words))],
            "title": words,
            "price": generator.uniform(1, 9, len(words)).round(2),
            "shelf": [None if item % 9 == 8 else f"shelf {item % 4}" for item in range(len(words))],
            "margin": [None if item % 7 == 6 else item % 5 / 4 for item in range(len(words))],
        }
    )
    return Catalogue.of(frame).retire([f"item-{RETIRED}"])
