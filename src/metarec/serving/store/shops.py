"""From a shop's folder into a store and back: the same events, however often they are imported."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from metarec.contracts import (
    Catalogue,
    Clock,
    DataError,
    Dataset,
    Event,
    Recommender,
    vocabulary_of,
)
from metarec.contracts.meaning import recognised_scale
from metarec.contracts.printing import counted
from metarec.contracts.progress import tracked
from metarec.serving.store.events import Told, canonical
from metarec.serving.store.meaning import check_meaning, declare, said_of
from metarec.serving.store.people import with_owners
from metarec.serving.store.store import Store
from metarec.serving.store.tables import EVENTS, PROFILES

EVENTS_AT_ONCE = 10_000


def import_shop(store: Store, shop: Dataset, *, progress: bool = False) -> int:
    """Write a shop's events and profiles; how many events are new.

    An event's key is made of all that it says, and how often it was said before, so a shop that is
    imported again adds what it has more of, and what was erased stays so.
    Raises DataError where the store's values mean another thing.
    """
    check_meaning(store, shop.feedback, f"the shop {shop.name!r} holds")
    declare(store, declared(shop))
    new, part = 0, list[Told]()
    for row in tracked(range(len(shop.user_ids)), "importing people", show=progress):
        part += _told(str(shop.user_ids[row]), shop.histories.events(row))
        if len(part) >= EVENTS_AT_ONCE:
            new += store.tell(part).count("stored")
            part = []
    new += store.tell(part).count("stored")
    if shop.users is not None and shop.users.width:
        rows = json.loads(shop.users.write_json())
        store.put_profiles(dict(zip(map(str, shop.user_ids), rows, strict=True)))
    return new


def declared(shop: Dataset) -> dict[str, Any]:
    """What a shop says of its events, as JSON values."""
    return {
        "name": shop.name,
        "feedback": shop.feedback,
        "clock": shop.clock,
        "scale": shop.declared_scale,
        "target_kinds": shop.target_kinds,
        "negative_kinds": shop.negative_kinds,
        "roles": dict(shop.roles),
        "licence": shop.licence,
    }


def dataset_of(store: Store, catalogue: Catalogue | None = None) -> Dataset:
    """The shop that a store holds, with the items of `catalogue`; without one, items are ids alone.

    Sessions that were merged are their users'. Items that the catalogue does not know are part of
    it and not on offer. Events without a clock of their own have the time they came, unless the
    shop that was imported has no clock.
    """
    said = said_of(store)
    events = _events(store)
    if not len(events):
        raise DataError(f"the store {store.database.shown} holds no event yet")
    items = _with_unknown(catalogue, events["item_id"])
    users = events["owner"].unique(maintain_order=True)
    user_ids = vocabulary_of(users.to_list())
    rating = said.get("feedback", "implicit") == "rating"
    rows = {str(user_id): row for row, user_id in enumerate(user_ids)}
    columns = [
        pl.Series("user", [rows[user] for user in events["owner"]], dtype=pl.Int64),
        pl.Series("item", items.index(events["item_id"]), dtype=pl.Int64),
        events["value"].fill_null(np.nan if rating else 1.0).cast(pl.Float32),
    ]
    clock: Clock | None = "unix" if said.get("clock", "unix") == "unix" else None
    if clock == "unix":
        columns.append(events["clock"].alias("timestamp"))
    if events["kind"].null_count() < len(events):
        columns.append(events["kind"].alias("event"))
    if events["text"].null_count() < len(events):
        columns.append(events["text"])
    scale, known = said.get("scale"), set(events["kind"].drop_nulls())
    return Dataset(
        name=said.get("name", "store"),
        feedback=said.get("feedback", "implicit"),
        clock=clock,
        catalogue=items,
        user_ids=user_ids,
        interactions=pl.DataFrame([*columns, *_contexts(events["context"])]),
        users=_profiles(store, [str(user) for user in user_ids]),
        declared_scale=None if scale is None else (float(scale[0]), float(scale[1])),
        target_kinds=tuple(kind for kind in said.get("target_kinds", ()) if kind in known),
        negative_kinds=tuple(kind for kind in said.get("negative_kinds", ()) if kind in known),
        roles=_roles(said.get("roles", {}), items),
        licence=said.get("licence", ""),
        notes=tuple(_notes(catalogue, items, unsaid="feedback" not in said)),
    )


def scale_of(store: Store, model: Recommender) -> tuple[float, float] | None:
    """The smallest and largest rating that people may give: the model's, or what the shop declared,
    or what the first ratings of the store suggest; None where there are none."""
    if not model.predicts_ratings:
        return None
    known = getattr(model, "scale", None) or said_of(store).get("scale")
    if known is not None:
        return float(known[0]), float(known[1])
    first = sa.select(EVENTS.c.value).order_by(EVENTS.c.id).limit(EVENTS_AT_ONCE)
    with store.database.reading() as connection:
        values = pl.Series(connection.execute(first).scalars().all(), dtype=pl.Float64).drop_nulls()
    return recognised_scale(values) if len(values) else None


def _told(user_id: str, events: Sequence[Event]) -> Iterator[Told]:
    said: Counter[str] = Counter()
    for event in events:
        told = Told(user_id, event, "")
        text = canonical(told.row())
        said[text] += 1
        digest = hashlib.blake2b(f"{said[text]} {text}".encode(), digest_size=16)
        yield replace(told, key=f"shop:{digest.hexdigest()}")


def _events(store: Store) -> pl.DataFrame:
    """All events in the order in which they came, under the ids of their users."""
    clock = sa.func.coalesce(EVENTS.c.clock, EVENTS.c.received).label("clock")
    names = ("item_id", "value", "kind", "context", "text")
    asked = with_owners(clock, *(EVENTS.c[name] for name in names)).order_by(EVENTS.c.id)
    kinds = dict.fromkeys(("owner", "item_id", "kind", "context", "text"), pl.String)
    schema = kinds | {"clock": pl.Float64, "value": pl.Float64}
    with store.database.reading() as connection:
        rows = connection.execute(asked).mappings().all()
    return pl.DataFrame([dict(row) for row in rows], schema=schema)


def _with_unknown(catalogue: Catalogue | None, ids: pl.Series) -> Catalogue:
    """The catalogue with the items that only events speak of at its end, not on offer."""
    if catalogue is None:
        return Catalogue.of(pl.DataFrame({"item_id": ids.unique(maintain_order=True)}))
    unknown = ids.filter(pl.Series(catalogue.index(ids) < 0)).unique(maintain_order=True)
    if not len(unknown):
        return catalogue
    return catalogue.append(
        pl.DataFrame({"item_id": unknown, "offered": pl.repeat(False, len(unknown), eager=True)})
    )


def _notes(catalogue: Catalogue | None, items: Catalogue, *, unsaid: bool) -> Iterator[str]:
    more = 0 if catalogue is None else len(items) - len(catalogue)
    if more:
        yield f"{counted(more, 'item')} of events that the model does not know: not on offer"
    if unsaid:
        yield (
            "nobody has said whether values are ratings: read as weights of events; a shop that is "
            "imported, or a model of ratings in service, says so"
        )


def _contexts(told: pl.Series) -> list[pl.Series]:
    """The columns of the events' contexts."""
    if told.null_count() == len(told):
        return []
    rows = [json.loads(text) if text is not None else {} for text in told]
    names = sorted({name for row in rows for name in row})
    columns = []
    for name in names:
        try:
            columns.append(pl.Series(name, [row.get(name) for row in rows], strict=True))
        except (TypeError, pl.exceptions.PolarsError) as error:
            raise DataError(
                f"the context {name!r} of the events holds values of several kinds ({error}); it "
                "cannot be one column"
            ) from error
    return columns


def _profiles(store: Store, user_ids: list[str]) -> pl.DataFrame | None:
    asked = sa.select(PROFILES.c.user_id, PROFILES.c.profile)
    with store.database.reading() as connection:
        found = {row.user_id: json.loads(row.profile) for row in connection.execute(asked)}
    if not found:
        return None
    rows = [found.get(user_id, {}) for user_id in user_ids]
    names = dict.fromkeys(name for row in rows for name in row)
    if not names:
        return None
    return pl.DataFrame(
        [{name: row.get(name) for name in names} for row in rows], infer_schema_length=None
    )


def _roles(said: Mapping[str, Sequence[str]], items: Catalogue) -> dict[str, tuple[str, ...]]:
    """What columns are said to be, of those that the items still have."""
    kept = {role: [c for c in names if c in items.frame.columns] for role, names in said.items()}
    return {role: tuple(names) for role, names in kept.items() if names}
