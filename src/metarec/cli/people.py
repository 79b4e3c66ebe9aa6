"""Whom the command line recommends for: events told, a user of a shop, or everyone."""

from pathlib import Path

import numpy as np

from metarec.contracts import DataError, Dataset, Histories
from metarec.contracts.printing import near_or_some
from metarec.data import load, load_csv


def shop_of(place: Path) -> Dataset:
    """The shop in a folder, or the events of one delimited file."""
    return load_csv(place) if place.is_file() and place.suffix in (".csv", ".tsv") else load(place)


def histories_of(place: Path, users: list[str] | None) -> Histories:
    """The histories of all users of a shop who have an event, or of the named ones."""
    shop = shop_of(place)
    histories = shop.histories
    if users is None:
        return histories.take(np.flatnonzero(histories.lengths))
    row_of = {str(user_id): row for row, user_id in enumerate(shop.user_ids)}
    unknown = [user_id for user_id in users if user_id not in row_of]
    if unknown:
        near = near_or_some(unknown[0], shop.user_ids)
        raise DataError(
            f"{len(unknown)} of {len(users)} users are not in {place}, the first is "
            f"{unknown[0]!r}; {near}"
        )
    return histories.take(np.array([row_of[user_id] for user_id in users], dtype=np.int64))
