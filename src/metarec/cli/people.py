"""Whom the command line recommends for: events told, a user of a shop, or everyone."""

from pathlib import Path

import numpy as np

from metarec.cli.abilities import Adapts
from metarec.cli.options import say_notes
from metarec.contracts import DataError, Dataset, Histories, Recommender, Vocabulary
from metarec.contracts.printing import nearest
from metarec.contracts.vocabulary import forms_told
from metarec.data import load, load_csv
from metarec.data.readers.amazon import is_amazon

MEANT = {"rating": "ratings", "implicit": "events without ratings"}


def shop_of(place: Path, model: Recommender) -> Dataset:
    """The shop in a folder, or the events of one file, in values that the model understands."""
    shop = load_csv(place) if place.is_file() and not is_amazon(place) else load(place)
    say_notes(shop)
    if isinstance(model, Adapts) or model.predicts_ratings:
        meant = "rating" if model.predicts_ratings else "implicit"
        if shop.feedback != meant:
            raise DataError(
                f"the model was fitted to {MEANT[meant]}, and {place} holds "
                f"{MEANT[shop.feedback]}; their values do not mean the same"
            )
    return shop


def histories_of(place: Path, model: Recommender, users: list[str] | None) -> Histories:
    """The histories of all users of a shop who have an event, or of the named ones."""
    shop = shop_of(place, model)
    histories = shop.histories
    if users is None:
        return histories.take(np.flatnonzero(histories.lengths))
    row_of = {str(user_id): row for row, user_id in enumerate(shop.user_ids)}
    unknown = [user_id for user_id in users if user_id not in row_of]
    if unknown:
        near = ", ".join(map(repr, nearest(unknown[0], shop.user_ids)))
        form = forms_told(unknown, Vocabulary.of(shop.user_ids), str(place))
        raise DataError(
            f"{len(unknown)} of {len(users)} users are not in {place}, the first is "
            f"{unknown[0]!r}; {form or f'the nearest are {near}'}"
        )
    return histories.take(np.array([row_of[user_id] for user_id in users], dtype=np.int64))
