"""The service over HTTP: what was told is known in the next answer, to the bit as in process."""

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

import metarec as mr
from metarec.contracts import Catalogue, DataError, Dataset, Event
from metarec.recommenders import MeLU, MeLUConfig
from metarec.serving.models import check_columns

from .services import Serve

EVENTS = "/v1/events"
LISTS = "/v1/recommendations"
NDJSON = {"Content-Type": "application/x-ndjson"}


def answered(response: Any, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()
    return found


def told(client: TestClient, user: str, *items: str, **more: object) -> None:
    for item in items:
        body = {"user_id": user, "item_id": item, "key": f"{user}/{item}", **more}
        answered(client.post(EVENTS, json=body), 201)


def listed(client: TestClient, user: str, **more: object) -> list[str]:
    found = answered(client.post(LISTS, json={"user_id": user, **more}))
    return [item["item_id"] for item in found["items"]]


def content(found: dict[str, Any]) -> dict[str, Any]:
    """What an answer says; a cursor besides says when it was asked."""
    return {name: value for name, value in found.items() if name != "next"}


def ids(shop: Dataset, *rows: int) -> list[str]:
    return [str(shop.catalogue.ids[row]) for row in rows]


def test_the_list_of_a_user_is_that_of_the_model_in_process(
    client: TestClient, model: Path, shop: Dataset
) -> None:
    items = ids(shop, 3, 5, 7)
    told(client, "ann", *items)
    found = answered(client.post(LISTS, json={"user_id": "ann", "k": 5, "explain": True}))
    me = mr.load_model(model).adapt(items)
    expected = me.recommend(5)
    assert [item["item_id"] for item in found["items"]] == expected.ids.tolist()
    assert [item["score"] for item in found["items"]] == expected.scores.tolist()
    assert [item["rank"] for item in found["items"]] == [1, 2, 3, 4, 5]
    first = found["items"][0]
    assert first["title"] == shop.catalogue.titles[shop.catalogue.row_of[first["item_id"]]]
    why = first["reasons"]
    parts = why["base"] + sum(e["share"] for e in why["events"]) + sum(why["together"].values())
    assert parts == pytest.approx(first["score"])
    assert found["model"].endswith("+0")


def test_the_next_answer_knows_of_an_event_at_once(client: TestClient, shop: Dataset) -> None:
    before = listed(client, "ann")
    told(client, "ann", before[0])
    after = listed(client, "ann")
    assert before[0] not in after
    assert before[0] in listed(client, "ann", exclude_seen=False, k=40)


def test_an_event_told_to_one_process_is_known_to_another(
    serve: Serve, model: Path, shop: Dataset
) -> None:
    one, two = serve(model), serve()
    item = listed(two, "ann")[0]
    told(one, "ann", item)
    assert listed(two, "ann") == listed(one, "ann")
    assert item not in listed(two, "ann")
    answered(one.delete("/v1/users/ann"))
    assert listed(two, "ann")[0] == item


def test_a_person_read_step_by_step_is_the_one_read_at_once(
    serve: Serve, model: Path, shop: Dataset
) -> None:
    one, two = serve(model), serve()
    for item in ids(shop, *range(6)):
        told(one, "ann", item)
        listed(one, "ann")
    bodies = [content(answered(c.post(LISTS, json={"user_id": "ann"}))) for c in (one, two)]
    assert bodies[0] == bodies[1]


def test_a_stranger_is_answered_and_kept_nowhere(
    client: TestClient, model: Path, shop: Dataset
) -> None:
    items = ids(shop, 3, 5)
    body = {"events": [{"item_id": item} for item in items], "k": 4}
    found = answered(client.post(LISTS, json=body))
    expected = mr.load_model(model).adapt(items).recommend(4)
    assert [item["item_id"] for item in found["items"]] == expected.ids.tolist()
    assert found["user_id"] is None
    assert client.app.state.service.people._known == {}  # type: ignore[attr-defined]


def test_who_was_asked_about_longest_ago_is_kept_no_more(
    client: TestClient, shop: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metarec.serving.people.MOST_PEOPLE", 0)  # so that sixteen are kept
    users = [f"u{n:02}" for n in range(16)]
    for user in [*users, "u00", "new"]:
        listed(client, user)
    kept = client.app.state.service.people._known  # type: ignore[attr-defined]
    assert list(kept) == [*users[2:], "u00", "new"]


def test_the_same_key_is_one_event_and_another_body_is_a_conflict(
    client: TestClient, shop: Dataset
) -> None:
    a, b = ids(shop, 0, 1)
    body = {"user_id": "ann", "item_id": a}
    with_key = {"Idempotency-Key": "k1"}
    first = answered(client.post(EVENTS, json=body, headers=with_key), 201)
    assert first == {"key": "k1", "outcome": "stored", "known_item": True}
    again = answered(client.post(EVENTS, json=body | {"key": "k1"}), 200)
    assert again["outcome"] == "duplicate"
    problem = answered(client.post(EVENTS, json=body | {"item_id": b, "key": "k1"}), 409)
    assert problem["type"] == "urn:metarec:conflict"
    assert "'k1'" in problem["detail"]
    two = client.post(EVENTS, json=body | {"key": "k2"}, headers=with_key)
    assert "two keys" in answered(two, 422)["detail"]
    assert answered(client.get("/v1/users/ann/history"))["count"] == 1


def test_events_without_a_key_are_each_an_event(client: TestClient, shop: Dataset) -> None:
    body = {"user_id": "ann", "item_id": ids(shop, 0)[0]}
    keys = {answered(client.post(EVENTS, json=body), 201)["key"] for _ in range(2)}
    assert len(keys) == 2
    assert answered(client.get("/v1/users/ann/history"))["count"] == 2


def test_many_events_are_written_all_or_none(client: TestClient, shop: Dataset) -> None:
    events = [
        {"user_id": f"u{n % 2}", "item_id": i, "key": i} for n, i in enumerate(ids(shop, 0, 1, 2))
    ]
    found = answered(client.post(f"{EVENTS}/batch", json={"events": events}))
    assert found == {"stored": 3, "duplicate": 0, "forgotten": 0, "unknown_items": 0}
    more = [{"user_id": "u0", "item_id": "x", "key": "x"}, {**events[0], "item_id": "y"}]
    answered(client.post(f"{EVENTS}/batch", json={"events": more}), 409)
    again = answered(client.post(f"{EVENTS}/batch", json={"events": [*events, more[0]]}))
    assert again == {"stored": 1, "duplicate": 3, "forgotten": 0, "unknown_items": 1}


def test_lines_of_json_are_events_and_a_fault_names_its_line(
    client: TestClient, shop: Dataset
) -> None:
    lines = [json.dumps({"user_id": "ann", "item_id": i, "key": i}) for i in ids(shop, 0, 1)]
    found = answered(
        client.post(f"{EVENTS}/ndjson", content="\n\n".join(lines) + "\n", headers=NDJSON)
    )
    assert found["stored"] == 2
    bad = "\n".join([lines[0], '{"user_id": "ann"}', "no json"])
    problem = answered(client.post(f"{EVENTS}/ndjson", content=bad, headers=NDJSON), 422)
    assert "line 2.item_id: Field required" in problem["detail"]
    assert "line 3: " in problem["detail"]


def test_ratings_are_checked_before_they_are_written(
    serve: Serve, rating_model: Path, rated_shop: Dataset
) -> None:
    client = serve(rating_model)
    item = ids(rated_shop, 0)[0]
    body = {"user_id": "ann", "item_id": item}
    assert "needs" in answered(client.post(EVENTS, json=body), 422)["detail"]
    assert "from 1 to 5" in answered(client.post(EVENTS, json=body | {"value": 99}), 422)["detail"]
    pair = [body | {"value": 4}, body | {"value": 99}]
    assert (
        "events[1]: "
        in answered(client.post(f"{EVENTS}/batch", json={"events": pair}), 422)["detail"]
    )
    told(client, "ann", item, value=4.0)
    found = answered(client.post(LISTS, json={"user_id": "ann", "rank_by": "rating", "k": 3}))
    assert all(item["rating"] is not None and item["std"] > 0 for item in found["items"])


def test_filters_act_as_in_process(client: TestClient, model: Path, shop: Dataset) -> None:
    told(client, "ann", *ids(shop, 1, 2))
    column = next(c for c, kind in shop.catalogue.frame.schema.items() if kind.is_numeric())
    middle = float(shop.catalogue.frame[column].median())  # type: ignore[arg-type]
    asked: dict[str, Any] = {
        "k": 7,
        "where": f"{column} < {middle}",
        "exclude": ids(shop, 3),
        "candidates": ids(shop, *range(3, 38)),
        "diversity": 0.3,
        "boost": column,
    }
    expected = mr.load_model(model).adapt(ids(shop, 1, 2)).recommend(**asked)
    assert listed(client, "ann", **asked) == expected.ids.tolist()


def test_a_short_list_says_why(client: TestClient, shop: Dataset) -> None:
    body = {"user_id": "ann", "k": 10, "candidates": [*ids(shop, 0, 1), "unknown"]}
    found = answered(client.post(LISTS, json=body))
    assert found["short"]["found"] == 2
    assert found["short"]["left_out"] == {"not_candidates": 38}
    assert "2 of 10 places" in found["short"]["why"]
    assert "'unknown'" in found["notes"][0]
    assert answered(client.post(LISTS, json={"user_id": "ann", "k": 3}))["notes"] == []


def test_given_items_come_back_in_order(client: TestClient, model: Path, shop: Dataset) -> None:
    told(client, "ann", *ids(shop, 1))
    items = [*ids(shop, 4, 1, 9), "unknown"]
    found = answered(client.post("/v1/scores", json={"user_id": "ann", "item_ids": items}))
    expected = mr.load_model(model).adapt(ids(shop, 1)).rank(ids(shop, 4, 1, 9))
    assert [i["item_id"] for i in found["items"]] == [*expected.ids.tolist(), "unknown"]
    assert found["items"][-1]["score"] is None


def test_similar_items_are_those_of_the_model(
    client: TestClient, model: Path, shop: Dataset
) -> None:
    (item,) = ids(shop, 4)
    found = answered(client.get(f"/v1/items/{item}/similar", params={"k": 3}))
    expected = mr.load_model(model).similar(item, 3).ids.tolist()
    assert [i["item_id"] for i in found["items"]] == expected
    assert "'no'" in answered(client.get("/v1/items/no/similar"), 404)["detail"]


def test_why_and_what_to_ask(client: TestClient, model: Path, shop: Dataset) -> None:
    told(client, "ann", *ids(shop, 1, 2))
    me = mr.load_model(model).adapt(ids(shop, 1, 2))
    (item,) = ids(shop, 8)
    why = answered(client.post("/v1/explanations", json={"user_id": "ann", "item_id": item}))
    assert why["score"] == me.explain(item).score
    answered(client.post("/v1/explanations", json={"user_id": "ann", "item_id": "no"}), 404)
    asked = answered(client.post("/v1/questions", json={"user_id": "ann", "k": 3}))
    titles = [item["title"] for item in asked["items"]]
    catalogue = client.app.state.service.following.served.model.catalogue
    rows = [catalogue.row_of[item["item_id"]] for item in asked["items"]]
    assert titles == [catalogue.titles[row] for row in rows]
    assert [i["item_id"] for i in asked["items"]] == me.ask(3).ids.tolist()


def test_a_row_that_knows_what_to_ask_says_so_and_is_asked(
    serve: Serve, rated_shop: Dataset, tmp_path: Path
) -> None:
    melu = MeLU(MeLUConfig(d=2, hidden=4, steps=30, learning_rate=0.02)).fit(rated_shop)
    melu.save(tmp_path / "melu")
    client = serve(tmp_path / "melu")
    can = answered(client.get("/v1/model"))["can"]
    assert (can["asks"], can["adapts"], can["knows_how_sure"]) == (True, False, False)
    some = rated_shop.catalogue.ids[4:8].tolist()
    body = {"events": [{"item_id": some[0], "value": 4.0}], "k": 2, "candidates": some}
    asked = answered(client.post("/v1/questions", json=body))["items"]
    expected = melu.ask([(some[0], 4.0)], 2, candidates=some)
    assert [item["item_id"] for item in asked] == expected.ids.tolist()
    sure = answered(client.post("/v1/questions", json={**body, "sure": True}))["items"]
    expected = melu.ask([(some[0], 4.0)], 2, candidates=some, sure=True)
    assert [item["score"] for item in sure] == expected.scores.tolist()


def test_what_a_model_cannot_do_is_declared_and_answered_as_such(
    serve: Serve, row: Path, shop: Dataset
) -> None:
    client = serve(row)
    can = answered(client.get("/v1/model"))["can"]
    assert can == {
        "adapts": False,
        "explains": False,
        "asks": False,
        "knows_how_sure": False,
        "similar_items": True,
        "items_change": False,
        "rank_by": False,
        "policies": ["greedy", "epsilon_greedy"],
    }
    told(client, "ann", *ids(shop, 1, 2))
    expected = mr.load_model(row).recommend([ids(shop, 1, 2)], 5)[0]
    found = answered(client.post(LISTS, json={"user_id": "ann", "k": 5}))
    assert [i["item_id"] for i in found["items"]] == expected.ids.tolist()
    assert {i["std"] for i in found["items"]} == {None}
    why = client.post("/v1/explanations", json={"user_id": "ann", "item_id": ids(shop, 8)[0]})
    assert "EASE cannot explain" in answered(why, 501)["detail"]
    assert "EASE" in answered(client.post("/v1/questions", json={"user_id": "ann"}), 501)["detail"]
    assert (
        "EASE"
        in answered(client.post("/v1/items", json={"items": [{"item_id": "x"}]}), 501)["detail"]
    )
    stranger = client.post(LISTS, json={"events": [], "profile": {"age": 3}})
    assert "EASE reads no profiles" in answered(stranger, 422)["detail"]
    put = answered(client.put("/v1/users/ann/profile", json={"profile": {"age": 3}}))
    assert "the profile is left out: EASE reads no profiles" in put["notes"][0]
    by = client.post(LISTS, json={"user_id": "ann", "rank_by": "both"})
    assert "orders by one score" in answered(by, 422)["detail"]


def test_a_history_comes_in_pages_the_newest_first(client: TestClient, shop: Dataset) -> None:
    told(client, "ann", *ids(shop, *range(5)), kind="buy", context={"n": 1}, text="Good.")
    first = answered(client.get("/v1/users/ann/history", params={"limit": 3}))
    rest = answered(client.get("/v1/users/ann/history", params={"before": first["before"]}))
    assert [e["item_id"] for e in first["events"] + rest["events"]] == ids(shop, 4, 3, 2, 1, 0)
    assert (first["count"], rest["before"]) == (5, None)
    event = first["events"][0]
    assert (event["kind"], event["context"], event["text"]) == ("buy", {"n": 1}, "Good.")


def test_who_is_forgotten_is_a_newcomer_with_a_receipt(client: TestClient, shop: Dataset) -> None:
    newcomer = listed(client, "nobody")
    told(client, "ann", *newcomer[:3])
    answered(client.post(LISTS, json={"user_id": "ann", "record": True}))
    receipt = answered(client.delete("/v1/users/ann"))
    assert (receipt["events"], receipt["impressions"]) == (3, 1)
    assert listed(client, "ann") == newcomer
    body = {"user_id": "ann", "item_id": newcomer[0], "key": f"ann/{newcomer[0]}"}
    assert answered(client.post(EVENTS, json=body))["outcome"] == "forgotten"
    assert answered(client.get("/v1/users/ann/history"))["count"] == 0


def test_a_session_becomes_a_user(client: TestClient, shop: Dataset) -> None:
    told(client, "visit-1", *ids(shop, 0, 1))
    told(client, "ann", *ids(shop, 2))
    found = answered(client.post("/v1/users/ann/merge", json={"session_id": "visit-1"}))
    assert found == {"user_id": "ann", "merged": True}
    told(client, "visit-1", *ids(shop, 3))
    told(client, "ben", *ids(shop, 0, 1, 2, 3))
    assert listed(client, "ann") == listed(client, "visit-1") == listed(client, "ben")
    again = client.post("/v1/users/ben/merge", json={"session_id": "visit-1"})
    assert "another user" in answered(again, 422)["detail"]


def test_an_event_on_an_unknown_item_counts_when_the_item_comes(
    serve: Serve, model: Path, shop: Dataset
) -> None:
    client, other = serve(model), serve()
    row = shop.catalogue.table.row(0, named=True)
    new = {**row, "item_id": "new-1"}
    body = {"user_id": "ann", "item_id": "new-1", "key": "n"}
    assert answered(client.post(EVENTS, json=body), 201)["known_item"] is False
    found = answered(client.post(LISTS, json={"user_id": "ann"}))
    assert found["notes"] == ["1 event on items that the model does not know"]
    before = listed(client, "ann", k=40)
    added = answered(client.post("/v1/items", json={"items": [new]}), 201)
    assert (added["items"], added["model"][-2:]) == (41, "+1")
    assert listed(client, "ann", k=40) != before
    item = answered(other.get("/v1/items/new-1"))  # waits for what another process changed
    assert item["content"] == {name: value for name, value in new.items() if name != "item_id"}
    assert listed(other, "ann", k=40) == listed(client, "ann", k=40)
    expected = mr.load_model(model).add_items(pl_frame(new)).adapt(["new-1"]).recommend(40)
    assert listed(client, "ann", k=40) == expected.ids.tolist()


def pl_frame(row: dict[str, Any]) -> Any:
    import polars as pl

    return pl.DataFrame([row])


def test_items_are_updated_retired_and_restored(client: TestClient, shop: Dataset) -> None:
    first = listed(client, "ann")[0]
    title = shop.catalogue.frame.columns[0]
    change = {"items": [{"item_id": first, title: "Another name"}]}
    answered(client.patch("/v1/items", json=change))
    found = answered(client.get(f"/v1/items/{first}"))
    assert found["content"][title] == "Another name"
    assert found["content"] != {title: "Another name"}
    number = next(c for c, kind in shop.catalogue.frame.schema.items() if kind.is_numeric())
    two = [{"item_id": first, number: 1.5}, {"item_id": ids(shop, 0)[0], title: "A third"}]
    answered(client.patch("/v1/items", json={"items": two}))  # each in its own columns alone
    content = answered(client.get(f"/v1/items/{first}"))["content"]
    assert (content[title], content[number]) == ("Another name", 1.5)
    gone = answered(client.post("/v1/items/retire", json={"item_ids": [first]}))
    assert gone["on_offer"] == 39
    assert first not in listed(client, "ann", k=40)
    answered(client.post("/v1/items/restore", json={"item_ids": [first]}))
    assert first in listed(client, "ann", k=40)


@pytest.mark.parametrize(
    ("verb", "path", "body", "said"),
    [
        ("POST", "", {"items": [{"item_id": "i", "title": "x"}] * 2}, "named twice"),
        ("PATCH", "", {"items": [{"item_id": "no", "title": "x"}]}, "'no'; add it first"),
        ("POST", "/retire", {"item_ids": ["no"]}, "'no'; it stands in no list, so leave it out"),
        ("POST", "/restore", {"item_ids": ["no"]}, "'no'; add it first"),
        ("POST", "", {"items": [{"title": "x"}]}, "items[0].item_id: Field required"),
        ("POST", "", {"items": []}, "at least 1 item"),
    ],
)
def test_a_change_of_items_that_cannot_be_is_one_clear_problem(
    door: TestClient, verb: str, path: str, body: dict[str, Any], said: str
) -> None:
    found = answered(door.request(verb, f"/v1/items{path}", json=body), 422)
    assert said in found["detail"]
    assert answered(door.get("/v1/model"))["version"].endswith("+0")


def test_a_known_item_is_not_added_and_an_unknown_column_not_updated(
    client: TestClient, shop: Dataset
) -> None:
    (item,) = ids(shop, 0)
    for verb, row, said in (
        ("POST", {"item_id": item}, "update it instead"),
        ("PATCH", {"item_id": item, "colour": "red"}, "no column colour"),
        ("POST", {"item_id": "new", "title": "Tea", "colour": "red"}, "no column colour"),
    ):
        found = client.request(verb, "/v1/items", json={"items": [row]})
        assert said in answered(found, 422)["detail"]
        if "colour" in row:
            known = ["available_from", "available_until", "item_id", "offered"]
            every = ", ".join(sorted([*known, *shop.catalogue.frame.columns]))
            assert f"they have {every}. A snapshot of all items" in found.json()["detail"]
    assert answered(client.get("/v1/model"))["version"].endswith("+0")


def test_items_without_content_take_the_columns_of_the_first_that_has_some() -> None:
    import polars as pl

    rows = [{"item_id": "new", "title": "Tea", "price": 3.5}]
    nothing = Catalogue.of(pl.DataFrame({"item_id": ["a"]}))
    check_columns(nothing, "add", rows)
    for known, verb in ((nothing, "update"), (nothing.append(pl_frame(rows[0])), "add")):
        with pytest.raises(DataError, match="the items have no column"):
            check_columns(known, verb, [{"item_id": "x", "colour": "red"}])  # type: ignore[arg-type]


def test_a_profile_counts_where_the_model_reads_profiles(serve: Serve, tmp_path: Path) -> None:
    import polars as pl

    rng = np.random.default_rng(0)
    users = [f"u{n}" for n in range(60)]
    events = [(u, f"i{2 * rng.integers(8) + n % 2}") for n, u in enumerate(users) for _ in range(5)]
    frame = pl.DataFrame(events, schema=["user_id", "item_id"], orient="row").unique()
    profiles = pl.DataFrame({"user_id": users, "side": ["left", "right"] * 30})
    items = pl.DataFrame(
        {"item_id": [f"i{n}" for n in range(16)], "title": [f"t{n}" for n in range(16)]}
    )
    shop = mr.from_frames(frame, items, profiles)
    fitted = mr.MetaRecommender(mr.HashEncoder(), mr.MetaConfig(d=4, steps=5)).fit(shop)
    fitted.save(tmp_path / "model")
    client = serve(tmp_path / "model")
    for wrong, said in (({"colour": "red"}, "the model knows ['side']"), ({"side": ["x"]}, "side")):
        refused = client.put("/v1/users/ann/profile", json={"profile": wrong})
        assert refused.status_code == 422
        assert said in str(refused.json()["detail"])
        assert client.app.state.service.store.profile("ann") is None  # type: ignore[attr-defined]
    for side in ("left", "right"):
        answered(client.put("/v1/users/ann/profile", json={"profile": {"side": side}}))
        found = answered(client.post(LISTS, json={"user_id": "ann", "k": 5}))
        expected = fitted.adapt([], profile={"side": side}).recommend(5)
        assert [i["score"] for i in found["items"]] == expected.scores.tolist()
        stranger = client.post(LISTS, json={"events": [], "profile": {"side": side}, "k": 5})
        assert answered(stranger)["items"] == found["items"]


def test_every_event_field_reaches_the_model(client: TestClient, shop: Dataset) -> None:
    (item,) = ids(shop, 0)
    body = {"user_id": "ann", "item_id": item, "timestamp": "2026-01-02T03:04:05+01:00", "value": 2}
    answered(client.post(EVENTS, json=body), 201)
    (kept,) = client.app.state.service.store.history("ann")  # type: ignore[attr-defined]
    assert kept.event == Event(item, 2.0, None, 1767319445.0)


def test_a_profile_that_the_model_cannot_read_is_kept_and_left_out(
    client: TestClient, shop: Dataset
) -> None:
    told(client, "ann", *ids(shop, 0))
    plain = answered(client.post(LISTS, json={"user_id": "ann"}))
    store = client.app.state.service.store  # type: ignore[attr-defined]
    store.put_profiles({"ann": {"colour": "red"}})  # as another model may have known it
    found = answered(client.post(LISTS, json={"user_id": "ann"}))
    assert "the profile is left out: " in found["notes"][0]
    assert found["items"] == plain["items"]


def test_a_model_that_cannot_be_made_ready_is_told_while_the_old_one_answers(
    serve: Serve, model: Path, shop: Dataset, tmp_path: Path
) -> None:
    client, other = serve(model), serve()
    second = shutil.copytree(model, tmp_path / "second")
    answered(client.post("/v1/model", json={"folder": str(second)}))
    (second / "state.safetensors").unlink()
    told_of = answered(other.get("/v1/model"))
    assert "lacks state.safetensors" in told_of["trouble"]
    assert listed(other, "ann") == listed(client, "ann")
    assert answered(other.get("/v1/ready"))["trouble"] == told_of["trouble"]
    assert answered(client.get("/v1/ready")) == {"status": "ok", "trouble": ""}


def test_ids_may_hold_whatever_a_path_gives_a_meaning(client: TestClient, shop: Dataset) -> None:
    user, item = "google/12 3?x=1#ü/history", "new/1 ?#"
    row = {**shop.catalogue.table.row(0, named=True), "item_id": item}
    answered(client.post("/v1/items", json={"items": [row]}), 201)
    told(client, user, item)
    who, what = quote(user, safe=""), quote(item, safe="")
    assert answered(client.get(f"/v1/users/{who}/history"))["events"][0]["item_id"] == item
    assert answered(client.get(f"/v1/users/{who}/recommendations"))["user_id"] == user
    assert answered(client.get(f"/v1/items/{what}"))["item_id"] == item
    assert len(answered(client.get(f"/v1/items/{what}/similar"))["items"]) == 10
    assert answered(client.delete(f"/v1/users/{who}"))["events"] == 1
