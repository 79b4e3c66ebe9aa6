"""Whom the command line recommends for: events told, a user of a shop, or everyone."""

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer

from metarec.cli.options import say_notes
from metarec.contracts import (
    Catalogue,
    DataError,
    Dataset,
    EventKinds,
    Histories,
    Recommender,
    Vocabulary,
)
from metarec.contracts.event_kinds import ANY_KIND
from metarec.contracts.printing import near_or_some
from metarec.contracts.vocabulary import forms_told
from metarec.data import InvalidData, load, load_csv, pool_shops
from metarec.data.items import under_known_ids
from metarec.data.pooling import pooled_ids
from metarec.data.readers.amazon import is_amazon
from metarec.meta.abilities import Adapts

MEANT = {"rating": "ratings", "implicit": "events without ratings"}


def shop_of(place: Path, model: Recommender) -> Dataset:
    """The shop in a folder, or the events of one file, in values that the model understands.

    Ids of a file in another form, as without the zeros at their start, are those of the model,
    which is said.
    """
    if place.is_file() and not is_amazon(place):
        shop = _of_file(place, model.catalogue)
    else:
        shop = _as_in(model.catalogue, load(place))
    say_notes(shop)
    _check_meaning(shop, place, model)
    return shop


def _as_in(known: Catalogue, shop: Dataset) -> Dataset:
    """The shop under the ids `shop/id` of a model of several shops, where it is one of them."""
    own, rows = shop.catalogue.ids, known.row_of
    if any(i in rows for i in own) or not any(i in rows for i in pooled_ids(shop, own)):
        return shop
    typer.echo(f"items of {shop.name!r} are those of the model that begin so", err=True)
    return replace(pool_shops([shop]), user_ids=shop.user_ids)


def _check_meaning(shop: Dataset, place: Path, model: Recommender) -> None:
    """Refuse values that mean another thing to the model; say where kinds are not told."""
    meant = "rating" if model.predicts_ratings else "implicit"
    if shop.feedback != meant and (isinstance(model, Adapts) or model.predicts_ratings):
        raise DataError(
            f"the model was fitted to {MEANT[meant]}, and {place} holds {MEANT[shop.feedback]}; "
            "their values do not mean the same"
        )
    declared: EventKinds = getattr(model, "event_kinds", ANY_KIND)
    if declared != ANY_KIND and len(shop.interactions) and not shop.kind_names:
        kinds = ", ".join((*declared.target, *declared.negative))
        typer.echo(
            f"warning: the model tells kinds of events apart ({kinds}), and {place} tells none, so "
            "all its events count alike; metarec data convert --map event=... names the column",
            err=True,
        )


def _of_file(place: Path, known: Catalogue) -> Dataset:
    try:
        return under_known_ids(load_csv(place), known, place.name)
    except InvalidData as error:
        if " --" not in str(error):
            raise
        source, folder = shlex.quote(str(place)), shlex.quote(f"{place.name.split('.')[0]}-shop")
        raise DataError(
            f"{error}\nthese are options of: metarec data convert {source} {folder} ...; then give "
            f"{folder} instead of the file"
        ) from error


def histories_of(place: Path, model: Recommender, users: list[str] | None) -> Histories:
    """The histories of all users of a shop who have an event, or of the named ones."""
    shop = shop_of(place, model)
    histories = shop.histories
    if users is None:
        return histories.take(np.flatnonzero(histories.lengths))
    row_of = {str(user_id): row for row, user_id in enumerate(shop.user_ids)}
    unknown = [user_id for user_id in users if user_id not in row_of]
    if unknown:
        form = forms_told(unknown, Vocabulary.of(shop.user_ids), str(place))
        raise DataError(
            f"{len(unknown)} of {len(users)} users are not in {place}, the first is "
            f"{unknown[0]!r}; {form or near_or_some(unknown[0], shop.user_ids)}"
        )
    return histories.take(np.array([row_of[user_id] for user_id in users], dtype=np.int64))
