"""What the values of a store's events mean: said by a shop, or by a model that was fitted to it."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from metarec.contracts import DataError, Feedback
from metarec.contracts.printing import counted
from metarec.serving.store.store import Store
from metarec.serving.store.tables import EVENTS

SHOP = "shop"
"""The setting that holds what is declared of the events."""
KINDS: Mapping[str, str] = {"rating": "ratings", "implicit": "events without ratings"}


def said_of(store: Store) -> dict[str, Any]:
    """What is declared of the store's events; nothing where nobody has said it yet."""
    return store.setting(SHOP) or {}


def declare(store: Store, said: Mapping[str, Any]) -> None:
    """Write what a shop or a model says of the events, once `check_meaning` has let it pass.

    A model that means the same does not overrule a shop.
    """
    there = said_of(store)
    if "name" in said or said.get("feedback", there.get("feedback")) != there.get("feedback"):
        store.put_setting(SHOP, said)
    elif "name" not in there:
        store.put_setting(SHOP, {**there, **said})


def check_meaning(store: Store, feedback: Feedback, whose: str) -> None:
    """Refuse a meaning that is not that of the events which are there.

    What a shop declared of its events holds as long as there are any; what a model said, as long as
    an event has a value that would mean another thing, or has none where a rating is needed.
    """
    said = said_of(store)
    if (holds := said.get("feedback")) == feedback:
        return
    if holds is None and feedback == "implicit":
        return
    unlike = EVENTS.c.value.is_(None) if feedback == "rating" else EVENTS.c.value.is_not(None)
    against = sa.true() if "name" in said else unlike  # a shop has a name, a model has none
    with store.database.reading() as connection:
        asked = sa.select(sa.func.count()).select_from(EVENTS).where(against)
        if not (count := int(connection.execute(asked).scalar_one())):
            return
    there = KINDS[holds or "implicit"]
    raise DataError(
        f"the store {store.database.shown} holds {there}, and {whose} {KINDS[feedback]}: the "
        f"values of {counted(count, 'event')} would not mean the same; give it a store of its own"
    )
