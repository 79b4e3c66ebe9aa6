"""Small datasets written by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from metarec.contracts import Catalogue, Dataset, Feedback, vocabulary_of

Toy = Sequence[tuple[str, str, float]]


def dataset(
    events: Toy, items: str | Mapping[str, Sequence[Any]], feedback: Feedback = "rating"
) -> Dataset:
    """Events (user, item, value) in order; `items` are one-letter ids, or a table with item_id."""
    table = {"item_id": list(items)} if isinstance(items, str) else dict(items)
    catalogue = Catalogue.of(pl.DataFrame(table))
    users = list(dict.fromkeys(user for user, _, _ in events))
    interactions = pl.DataFrame(
        {
            "user": pl.Series([users.index(u) for u, _, _ in events], dtype=pl.Int64),
            "item": pl.Series([catalogue.row_of[i] for _, i, _ in events], dtype=pl.Int64),
            "value": pl.Series([v for _, _, v in events], dtype=pl.Float32),
        }
    )
    return Dataset("toy", feedback, None, catalogue, vocabulary_of(users), interactions)


def taken(**histories: str) -> Dataset:
    """Implicit events from one string of item letters a user, over the items a to e."""
    events = [(user, item, 1.0) for user, items in histories.items() for item in items]
    return dataset(events, "abcde", "implicit")
