"""Putting a model in service: it is checked first, and where a check fails nothing has changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from metarec.contracts import DataError, Event, EventKinds, Recommender
from metarec.contracts.event_kinds import ANY_KIND
from metarec.meta.abilities import Adapts
from metarec.serving.models import ItemsOf, Served, prepared
from metarec.serving.person import known_events, known_person
from metarec.serving.store import Store
from metarec.serving.store.changes import Activation, activate
from metarec.serving.store.meaning import check_meaning, declare
from metarec.serving.store.people import history_of
from metarec.serving.store.tables import EVENTS

PEOPLE = 20
"""Whom a new model is asked about before it answers anybody: who did something of late."""


def put_in_service(store: Store, folder: str | Path, items: ItemsOf = "store") -> Served:
    """Check a saved model, and let it answer from now on; the one that answered is let go.

    Raises DataError for a folder that is no whole model, or whose model does not answer for the
    people of the store: then all stays as it was.
    """
    place = str(Path(folder).resolve())
    served = prepared(store, place, items)
    said = _said_by(served.model)
    if "feedback" in said:
        check_meaning(store, said["feedback"], "the model was fitted to")
    check_answers(served.model, _recent(store))
    hash_, after = served.activation.hash, served.activation.items_after
    with store.database.writing() as connection:
        number = activate(connection, place, hash_, after)
    declare(store, said)
    activation = Activation(number, place, hash_, after)
    return Served(served.model, activation, max(served.change, after))


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


def _said_by(model: Recommender) -> dict[str, Any]:
    """What a model says of the events of its shop. One that orders by any event whatever its value
    was told as, such as popularity, does not say what values mean."""
    kinds: EventKinds = getattr(model, "event_kinds", ANY_KIND)
    said = {"target_kinds": kinds.target, "negative_kinds": kinds.negative}
    if model.predicts_ratings:
        return {"feedback": "rating", **said}
    return {"feedback": "implicit", **said} if isinstance(model, Adapts) else said


def _recent(store: Store) -> list[list[Event]]:
    """The histories of the people who did something of late."""
    last = sa.func.max(EVENTS.c.id)
    asked = sa.select(EVENTS.c.user_id).group_by(EVENTS.c.user_id).order_by(last.desc())
    newest = sa.select(sa.func.coalesce(sa.func.max(EVENTS.c.id), 0)).scalar_subquery()
    of_late = asked.where(EVENTS.c.id > newest - 100 * PEOPLE).limit(PEOPLE)
    with store.database.reading() as connection:
        users = connection.execute(of_late).scalars().all()
        return [[kept.event for kept in history_of(connection, user)] for user in users]
