"""What the store holds, in numbers; and on which scale a shop rates."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from metarec.contracts import Event
from metarec.recommenders import BiasedMF
from metarec.serving.store import Store, Told
from metarec.serving.store.counts import counts_of, shown_of_late
from metarec.serving.store.meaning import SHOP
from metarec.serving.store.shops import scale_of

from .services import Serve


def tell(store: Store, user: str, *items: str, value: float | None = None) -> None:
    store.tell([Told(user, Event(item, value), f"{user}/{item}") for item in items])


def test_an_empty_store_holds_nothing(store: Store) -> None:
    counts = counts_of(store.database)
    assert (counts.events, counts.people, counts.profiles, counts.lists, counts.forgotten) == (
        0,
    ) * 5
    assert shown_of_late(store.database, {"a"}).since is None


def test_a_merged_session_is_its_user_and_the_forgotten_are_counted_by_receipts(
    store: Store,
) -> None:
    tell(store, "ann", "a", "b")
    tell(store, "visit", "c")
    tell(store, "ben", "a")
    tell(store, "lone visit", "a")
    store.merge("visit", "ann")
    store.merge("lone visit", "cid")
    store.put_profiles({"ann": {"age": 3}})
    store.show("ann", ["a"], "m")
    counts = counts_of(store.database)
    assert (counts.events, counts.people, counts.profiles, counts.lists) == (5, 3, 1, 1)
    store.forget("ann")
    counts = counts_of(store.database)
    assert (counts.events, counts.people, counts.lists, counts.forgotten) == (2, 2, 0, 1)


def test_coverage_is_of_the_newest_lists_and_of_known_items(store: Store) -> None:
    store.show("ann", ["old"], "m")
    for _ in range(2):
        store.show("ann", ["a", "b", "gone"], "m")
    shown = shown_of_late(store.database, {"a", "b", "c", "old"})
    assert (shown.lists, shown.items) == (3, 3)
    for _ in range(2):
        store.show("ben", ["a"], "m")
    shown = shown_of_late(store.database, {"a", "b", "c", "old"}, lists=3)
    assert (shown.lists, shown.items) == (3, 2)


def test_the_counts_over_http_are_those_of_what_was_told_and_shown(
    client: TestClient, shop: Any
) -> None:
    items = [str(item) for item in shop.catalogue.ids[:3]]
    for item in items:
        client.post("/v1/events", json={"user_id": "ann", "item_id": item})
    found = client.get("/v1/store").json()
    assert (found["events"], found["people"], found["lists"]) == (3, 1, 0)
    assert found["coverage"] == {"lists": 0, "items": 0, "share": None, "since": None}
    asked = {"user_id": "ann", "k": 4, "record": True, "candidates": items, "exclude_seen": False}
    assert len(client.post("/v1/recommendations", json=asked).json()["items"]) == 3
    coverage = client.get("/v1/store").json()["coverage"]
    assert (coverage["lists"], coverage["items"]) == (1, 3)
    assert coverage["share"] == 3 / len(shop.catalogue)


def test_the_scale_is_that_of_the_model(serve: Serve, rating_model: Path, rated_shop: Any) -> None:
    assert tuple(serve(rating_model).get("/v1/model").json()["scale"]) == rated_shop.scale


def test_a_shop_of_events_has_no_scale(client: TestClient) -> None:
    assert client.get("/v1/model").json()["scale"] is None


def test_a_model_without_a_scale_has_what_the_shop_declared_or_its_ratings_suggest(
    store: Store, rated_shop: Any
) -> None:
    model = BiasedMF().fit(rated_shop)
    assert scale_of(store, model) is None
    tell(store, "ann", "a", value=0.5)
    tell(store, "ann", "b", value=4.5)
    assert scale_of(store, model) == (0.5, 5.0)
    store.put_setting(SHOP, {"feedback": "rating", "scale": [0, 20]})
    assert scale_of(store, model) == (0.0, 20.0)
