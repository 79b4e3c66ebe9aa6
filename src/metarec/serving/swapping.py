"""Putting a model in service: it is checked first, and where a check fails nothing has changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa

from metarec.contracts import DataError, Event, EventKinds, Recommender
from metarec.contracts.event_kinds import ANY_KIND
from metarec.meta.abilities import Adapts
from metarec.serving.models import Served, brought_up, hash_of_model, loaded
from metarec.serving.person import known_events, known_person
from metarec.serving.store import Store
from metarec.serving.store.changes import (
    Activation,
    activate,
    activation_of,
    changes_between,
)
from metarec.serving.store.people import history_of, newest_of
from metarec.serving.store.shops import SHOP
from metarec.serving.store.tables import EVENTS

ItemsOf = Literal["store", "model"]
"""Whose items count: the model's with the changes told to the service, or the model's alone."""
PEOPLE = 20
"""Whom a new model is asked about before it answers anybody: who did something of late."""


def put_in_service(store: Store, folder: str | Path, items: ItemsOf = "store") -> Served:
    """Check a saved model, and let it answer from now on; the one that answered is let go.

    Raises DataError for a folder that is no whole model, or whose model does not answer for the
    people of the store: then all stays as it was.
    """
    place = str(Path(folder).resolve())
    with store.database.reading() as connection:
        newest, before = newest_of(connection)[1], activation_of(connection)
    after = newest if items == "model" else before.items_after if before else 0
    activation = Activation(0, place, hash_of_model(place), after)
    served = loaded(activation)
    with store.database.reading() as connection:
        served = brought_up(served, changes_between(connection, after, newest))
    _check_meaning(store, served.model)
    check_answers(served.model, _recent(store))
    with store.database.writing() as connection:
        number = activate(connection, place, activation.hash, after)
    if store.setting(SHOP) is None:
        store.put_setting(SHOP, _said_of(served.model))
    return Served(
        served.model, Activation(number, place, activation.hash, after), max(served.change, after)
    )


def check_answers(model: Recommender, histories: Sequence[list[Event]]) -> None:
    """Raise DataError where a model answers neither a newcomer nor these people with scores."""
    told = [event for history in histories for event in history]
    if told and not known_events(model, told):
        raise DataError(
            f"the model knows none of the items of the last {len(told):,} events (such as "
            f"{told[-1].item!r}): it is of another shop"
        )
    people = [known_person(model, known_events(model, history)) for history in ([], *histories)]
    found = [person.recommend(1) for person in people]
    if not all(np.isfinite(each.scores).all() for each in found):
        raise DataError("the model answers with scores that are no numbers")
    if told and model.catalogue.offered.any() and not any(map(len, found)):
        raise DataError(f"the model recommends nothing to any of {len(people):,} people")


def _said_of(model: Recommender) -> dict[str, Any]:
    """What a model says of the events of its shop, for a store that began without one."""
    kinds: EventKinds = getattr(model, "event_kinds", ANY_KIND)
    return {
        "feedback": "rating" if model.predicts_ratings else "implicit",
        "target_kinds": kinds.target,
        "negative_kinds": kinds.negative,
    }


def _check_meaning(store: Store, model: Recommender) -> None:
    """Refuse a model to which the values of the store's events mean another thing."""
    kinds = {"rating": "ratings", "implicit": "events without ratings"}
    holds = (store.setting(SHOP) or {}).get("feedback")
    meant = "rating" if model.predicts_ratings else "implicit"
    if holds in (None, meant) or not (isinstance(model, Adapts) or model.predicts_ratings):
        return
    raise DataError(
        f"the service holds {kinds[holds]}, and the model was fitted to {kinds[meant]}; their "
        "values do not mean the same"
    )


def _recent(store: Store) -> list[list[Event]]:
    """The histories of the people who did something of late."""
    last = sa.func.max(EVENTS.c.id)
    asked = sa.select(EVENTS.c.user_id).group_by(EVENTS.c.user_id).order_by(last.desc())
    newest = sa.select(sa.func.coalesce(sa.func.max(EVENTS.c.id), 0)).scalar_subquery()
    of_late = asked.where(EVENTS.c.id > newest - 100 * PEOPLE).limit(PEOPLE)
    with store.database.reading() as connection:
        users = connection.execute(of_late).scalars().all()
        return [[kept.event for kept in history_of(connection, user)] for user in users]
