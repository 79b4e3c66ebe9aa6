"""Exploring over HTTP: exact chances, feedback that counts once, and what cools off."""

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

import metarec as mr
from metarec.contracts import Dataset
from metarec.policies import EXPLORING, exploring, inverse_propensity, self_normalised
from metarec.serving.api.explored import Explores, cooled

from .services import Serve, saved
from .test_api import EVENTS, LISTS, answered, content, ids, told

DAY = 86_400.0
THEN = {"return_after_s": 5 * DAY}


def asked(
    client: TestClient, user: str = "ann", status: int = 200, **more: object
) -> dict[str, Any]:
    return answered(client.post(LISTS, json={"user_id": user, "k": 5, **more}), status)


def fed(client: TestClient, token: str, status: int = 201, **body: object) -> dict[str, Any]:
    return answered(client.post(f"/v1/impressions/{token}/feedback", json=body), status)


def names(found: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in found["items"]]


def test_the_greedy_list_says_that_it_was_certain(client: TestClient) -> None:
    found = asked(client)
    assert (found["policy"], found["exploration"], found["seed"]) == ("greedy", 0.0, None)
    assert (found["propensity"], found["evaluable"], found["impression"]) == (1.0, False, None)
    assert [item["propensity"] for item in found["items"]] == [1.0] * 5


@pytest.mark.parametrize("policy", ["epsilon_greedy", "ucb", "thompson"])
def test_chances_are_those_of_the_policy_in_process(
    client: TestClient, model: Path, shop: Dataset, policy: str
) -> None:
    told(client, "ann", *ids(shop, 3, 5))
    found = asked(client, policy=policy, exploration=0.8, seed=11)
    whose = int.from_bytes(hashlib.blake2b(b"ann", digest_size=8).digest(), "little")
    rng = np.random.default_rng([11, whose, 0])
    outlook = mr.load_model(model).adapt(ids(shop, 3, 5)).outlook(200, draws=64, rng=rng)
    assert outlook.found is not None
    own = outlook.found.ids.tolist()
    shown = np.array([[own.index(item) for item in names(found)]])
    chances = exploring(policy, 0.8).propensity(outlook, shown)
    assert found["propensity"] == pytest.approx(chances.slates[0], abs=1e-12)
    said = [item["propensity"] for item in found["items"]]
    np.testing.assert_allclose(said, chances.places[0], atol=1e-12, rtol=0)
    assert found["evaluable"]
    for item in found["items"]:
        assert item["score"] == outlook.found.scores[own.index(item["item_id"])]


def test_the_same_seed_is_the_same_list_and_another_is_not(client: TestClient) -> None:
    curious = {"policy": "thompson", "exploration": 1.0}
    assert content(asked(client, seed=5, **curious)) == content(asked(client, seed=5, **curious))
    lists = {tuple(names(asked(client, seed=seed, **curious))) for seed in range(6)}
    assert len(lists) > 1
    kept = asked(client, seed=5, record=True, **curious)
    assert kept["items"] == asked(client, seed=5, **curious)["items"]  # recorded or not
    again = asked(client, **curious)
    assert content(asked(client, seed=again["seed"], **curious)) == content(again)
    assert names(asked(client, "ben", seed=1, **curious)) != names(
        asked(client, "ann", seed=1, **curious)
    )
    seeds = {asked(client, **curious)["seed"] for _ in range(3)}
    assert len(seeds) == 3


def test_the_simple_question_may_explore_too(client: TestClient) -> None:
    query = {"k": "5", "policy": "ucb", "exploration": "0.25"}
    found = answered(client.get("/v1/users/ann/recommendations", params=query))
    assert (found["policy"], found["exploration"], found["evaluable"]) == ("ucb", 0.25, True)
    again = asked(client, policy="ucb", exploration=0.25, seed=found["seed"])
    assert content(again) == content(found)


def test_without_exploration_every_policy_shows_the_greedy_list(client: TestClient) -> None:
    best = asked(client)
    assert answered(client.get("/v1/model"))["can"]["policies"] == list(EXPLORING)
    for policy in ("epsilon_greedy", "ucb", "thompson"):
        found = asked(client, policy=policy, exploration=0)
        assert [(i["item_id"], i["score"], i["std"]) for i in found["items"]] == [
            (i["item_id"], i["score"], i["std"]) for i in best["items"]
        ]
        assert not found["evaluable"]


def test_filters_hold_for_what_is_explored(client: TestClient, shop: Dataset) -> None:
    some = ids(shop, 1, 2, 3, 4)
    for seed in range(5):
        found = asked(client, candidates=some, policy="epsilon_greedy", exploration=1, seed=seed)
        assert set(names(found)) == set(some)
        assert found["short"]["asked"] == 5
        assert found["short"]["found"] == 4
        assert found["short"]["left_out"] == {"not_candidates": 36}
        # (1 - .2) if it is the best list, and .2 of 4! lists
        floor, best = 0.2 / 24, names(asked(client, candidates=some))
        chance = floor + (0.8 if names(found) == best else 0.0)
        assert found["propensity"] == pytest.approx(chance, abs=1e-12)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"exploration": 0.5}, "name a policy: epsilon_greedy, ucb or thompson"),
        ({"seed": 3}, "the policy greedy explores nothing"),
        ({"policy": "thompson", "diversity": 0.5}, "takes no diversity"),
        ({"policy": "ucb", "at_most": {"year": 1}}, "takes no at_most"),
        ({"policy": "softmax"}, "policy"),
        ({"policy": "ucb", "exploration": 1.5}, "exploration"),
        ({"cool_off_s": -1}, "cool_off_s"),
        ({"return_after_s": 0}, "return_after_s"),
        ({"return_after_s": 5, "seen_since": 3}, "seen_since: there is no such field"),
    ],
)
def test_what_cannot_be_is_refused(door: TestClient, body: dict[str, Any], said: str) -> None:
    assert said in asked(door, status=422, **body)["detail"]


def test_a_list_of_nobody_is_not_recorded(door: TestClient) -> None:
    found = answered(door.post(LISTS, json={"events": [], "record": True}), 422)
    assert "name a user_id" in found["detail"]
    curious = {"events": [], "policy": "thompson", "seed": 1}
    assert answered(door.post(LISTS, json=curious))["evaluable"]


def test_a_simple_row_explores_by_chance_alone(serve: Serve, row: Path) -> None:
    client = serve(row)
    can = answered(client.get("/v1/model"))["can"]
    assert can["policies"] == ["greedy", "epsilon_greedy"]
    found = asked(client, policy="epsilon_greedy", exploration=1, seed=1, record=True)
    assert found["evaluable"]
    for policy in ("ucb", "thompson"):
        assert "epsilon-greedy needs none" in asked(client, status=501, policy=policy)["detail"]
    fed(client, found["impression"], kind="shown")
    known = {p["policy"] for p in fares(client)["policies"] if p["self_normalised"]}
    assert known == {"greedy", "epsilon_greedy"}


def fares(client: TestClient, **query: object) -> dict[str, Any]:
    return answered(client.get("/v1/policies", params=query))  # type: ignore[arg-type]


def test_feedback_counts_once(client: TestClient) -> None:
    found = asked(client, record=True)
    token, items = found["impression"], names(found)
    assert fed(client, token, kind="shown")["position"] == 5
    click = {"kind": "click", "item_id": items[1]}
    assert fed(client, token, **click) == {
        "impression": token,
        "kind": "click",
        "position": 2,
        "outcome": "stored",
    }
    assert fed(client, token, 200, **click)["outcome"] == "duplicate"
    assert fed(client, token, 200, kind="click", position=2)["outcome"] == "duplicate"
    assert fed(client, token, kind="reward", position=2, value=9.5)["outcome"] == "stored"
    assert fed(client, token, 200, kind="reward", position=2, value=9.5)["outcome"] == "duplicate"
    problem = fed(client, token, 409, kind="reward", position=2, value=7)
    assert "has a reward of 9.5 already" in problem["detail"]
    greedy = fares(client)["policies"][0]
    assert (greedy["seen"], greedy["accepted"]) == (1, 1)
    assert greedy["reward"]["value"] == 9.5


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "click"}, "a click needs its place"),
        ({"kind": "reward", "position": 1}, "a reward needs a value"),
        ({"kind": "click", "position": 1, "value": 2}, "nothing else has one"),
        ({"kind": "click", "item_id": "nowhere"}, "did not show 'nowhere'"),
        ({"kind": "click", "position": 6}, "the list has 5 places, got 6"),
        ({"kind": "liked", "position": 1}, "kind"),
    ],
)
def test_feedback_on_no_place_is_refused(
    client: TestClient, body: dict[str, Any], said: str
) -> None:
    token = asked(client, record=True)["impression"]
    assert said in fed(client, token, 422, **body)["detail"]
    assert fares(client)["seen"] == 0


def test_feedback_on_two_places_is_refused(client: TestClient) -> None:
    found = asked(client, record=True)
    body = {"kind": "click", "item_id": names(found)[2], "position": 1}
    assert "stood at 3, got 1" in fed(client, found["impression"], 422, **body)["detail"]


def test_feedback_on_no_list_is_not_found(client: TestClient) -> None:
    assert "there is no impression 'x'" in fed(client, "x", 404, kind="shown")["detail"]
    empty = asked(client, record=True, candidates=[])
    assert "that list was empty" in fed(client, empty["impression"], 422, kind="shown")["detail"]


def test_an_event_may_tell_of_its_click(client: TestClient) -> None:
    found = asked(client, record=True)
    token, items = found["impression"], names(found)
    event = {"user_id": "ann", "item_id": items[3], "key": "a", "impression": token}
    answered(client.post(EVENTS, json=event), 201)
    answered(client.post(EVENTS, json=event), 200)
    greedy = fares(client)["policies"][0]
    assert (greedy["seen"], greedy["accepted"]) == (1, 1)
    assert fed(client, token, 200, kind="click", position=4)["outcome"] == "duplicate"
    assert items[3] not in names(asked(client))  # and it is an event like every other


def test_an_event_of_no_list_is_refused_and_nothing_is_written(client: TestClient) -> None:
    found = asked(client, record=True)
    other = next(i for i in names(asked(client, k=40)) if i not in names(found))
    one = {"user_id": "ann", "item_id": names(found)[0], "impression": found["impression"]}
    for item, token, said in (
        (other, found["impression"], "events[1].impression: that list did not show"),
        (other, "nothing", "events[1].impression: there is no 'nothing'"),
    ):
        events = [one, {"user_id": "ann", "item_id": item, "impression": token}]
        problem = answered(client.post(f"{EVENTS}/batch", json={"events": events}), 422)
        assert said in problem["detail"]
    assert answered(client.get("/v1/users/ann/history"))["count"] == 0
    assert fares(client)["seen"] == 0


def at(monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    monkeypatch.setattr(time, "time", lambda: moment)


def lowers(client: TestClient, user: str, **more: float) -> dict[str, float]:
    """How far each item is lowered for a user now."""
    service = client.app.state.service  # type: ignore[attr-defined]
    filters: Any = cooled(service.store, user, {}, Explores(**more), time.time())
    return filters.get("lowered", {})  # type: ignore[no-any-return]


def test_what_was_seen_and_not_taken_cools_off_by_its_half_life(
    serve: Serve, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, other, now = serve(model), serve(), time.time()
    at(monkeypatch, now)
    first = asked(client, record=True)
    items = names(first)
    assert names(asked(client)) == items  # a list that nobody told of changes nothing
    fed(client, first["impression"], kind="shown", position=3)
    fed(client, first["impression"], kind="click", position=2)
    me = mr.load_model(model).adapt([])

    def cool(by: float) -> list[str]:
        lowered = {items[0]: by, items[2]: by}
        return me.recommend(5, lowered=lowered).ids.tolist()  # type: ignore[no-any-return]

    for days, left in ((0.0, 1.0), (3.0, 0.5), (9.0, 0.125), (29.9, 2 ** (-29.9 / 3))):
        at(monkeypatch, now + days * DAY)
        assert names(asked(client)) == names(asked(other)) == cool(left)
        assert lowers(client, "ann") == pytest.approx({items[0]: left, items[2]: left})
    assert cool(1.0) != items
    at(monkeypatch, now + 30.1 * DAY)
    assert names(asked(client)) == items
    assert lowers(client, "ann") == {}
    at(monkeypatch, now + DAY)
    assert names(asked(client, cool_off_s=0)) == items
    assert names(asked(client, cool_off_s=DAY)) == cool(0.5)
    assert lowers(client, "ann", cool_off_s=DAY) == pytest.approx({items[0]: 0.5, items[2]: 0.5})
    assert names(asked(client, "ben")) == items  # nobody else
    for policy in ("epsilon_greedy", "ucb", "thompson"):
        assert names(asked(client, policy=policy, exploration=0)) == names(asked(client))


def batched(client: TestClient, users: list[str], **more: object) -> list[list[str]]:
    body = {"user_ids": users, "k": 5, **more}
    found = answered(client.post(f"{LISTS}/batch", json=body))
    return [names(one) for one in found["lists"]]


@pytest.mark.parametrize("which", ["model", "row"])
def test_lists_of_many_users_cool_off_as_their_own_do(
    serve: Serve, which: str, shop: Dataset, request: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, now = serve(request.getfixturevalue(which)), time.time()
    at(monkeypatch, now)
    had = names(asked(client))[2:]
    users, plain = ["ann", "ben", "cem", "dee"], {"cool_off_s": 0}
    for place, user in enumerate(("ann", "ben", "dee")):  # cem was shown nothing
        told(client, user, had[place], timestamp=now - 10 * DAY)
        first = asked(client, "visit" if user == "ben" else user, record=True)
        fed(client, first["impression"], kind="shown", position=place + 1)
    answered(client.post("/v1/users/ben/merge", json={"session_id": "visit"}))
    at(monkeypatch, now + DAY)
    for more in ({}, plain, {"cool_off_s": DAY}, {"return_after_s": 5 * DAY}):
        one_by_one = [names(asked(client, user, **more)) for user in users]
        assert batched(client, users, **more) == one_by_one
    assert batched(client, users) != batched(client, users, **plain)
    again, gone = (batched(client, users, k=40, **more) for more in (THEN, {}))
    assert had[0] in again[0]
    assert had[0] not in gone[0]
    prices = shop.catalogue.frame["price"]
    price = prices[shop.catalogue.ids.tolist().index(had[0])]  # so that ann's list alone is short
    most = {"where": f"price <= {price}", "k": int((prices <= price).sum())}
    filled = {**most, "fallback_where": f"price > {price}"}
    each = [names(asked(client, user, **filled)) for user in users]
    assert batched(client, users, **filled) == each


def test_two_showings_add_up_and_a_session_s_are_the_user_s(
    client: TestClient, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    at(monkeypatch, now)
    tokens = [asked(client, user, record=True)["impression"] for user in ("ann", "visit")]
    items = names(asked(client))
    for token in tokens:
        fed(client, token, kind="shown", position=1)
    answered(client.post("/v1/users/ann/merge", json={"session_id": "visit"}))
    me = mr.load_model(model).adapt([])
    expected = me.recommend(5, lowered={items[0]: 2.0}).ids.tolist()
    assert names(asked(client)) == names(asked(client, "visit")) == expected
    assert lowers(client, "ann") == lowers(client, "visit") == {items[0]: 2.0}
    answered(client.delete("/v1/users/visit"))
    assert names(asked(client)) == items


def test_what_is_used_up_comes_again_after_a_time(client: TestClient, shop: Dataset) -> None:
    best = names(asked(client))
    old, new = best[0], best[1]
    told(client, "ann", old, timestamp=time.time() - 40 * DAY)
    told(client, "ann", new, timestamp=time.time() - 2 * DAY)
    assert {old, new}.isdisjoint(names(asked(client, k=40)))
    for days, there in ((30, {old}), (1, {old, new}), (50, set())):
        found = names(asked(client, k=40, return_after_s=days * DAY))
        assert {old, new} & set(found) == there
    everything = names(asked(client, k=40, return_after_s=30 * DAY, exclude_seen=False))
    assert {old, new} <= set(everything)


def test_the_policies_fare_as_the_estimates_say(client: TestClient) -> None:
    rng = np.random.default_rng(0)
    clicks, logged, others = [], [], {name: list[list[float]]() for name in EXPLORING}
    for number in range(24):
        policy = ("epsilon_greedy", "thompson")[number % 2]
        found = asked(client, f"u{number}", policy=policy, exploration=1, record=True, seed=number)
        fed(client, found["impression"], kind="shown")
        clicks.append([float(c) for c in rng.random(5) < 0.3])
        for place in np.flatnonzero(clicks[-1]) + 1:
            fed(client, found["impression"], kind="click", position=int(place))
        logged.append([item["propensity"] for item in found["items"]])
    asked(client, record=True, policy="thompson")  # nobody told of it
    store = client.app.state.service.store  # type: ignore[attr-defined]
    with store.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT chances FROM impressions ORDER BY id").all()
    for (chances,) in rows[:24]:
        for name in EXPLORING:
            others[name].append(json.loads(chances)["others"][name])
    told_of = fares(client)
    assert (told_of["recorded"], told_of["seen"], told_of["evaluable"]) == (25, 24, 24)
    for found in told_of["policies"]:
        target = np.array(others[found["policy"]])
        for way in (inverse_propensity, self_normalised):
            expected = way(np.array(clicks), np.array(logged), target)
            said = found[way.__name__]
            assert said["value"] == pytest.approx(expected.value)
            assert (said["low"], said["high"]) == pytest.approx((expected.low, expected.high))
            assert (said["lists"], said["effective_lists"]) == (24, expected.effective)
    mine = [sum(c) for c in clicks[::2]]
    epsilon = next(p for p in told_of["policies"] if p["policy"] == "epsilon_greedy")
    assert (epsilon["seen"], epsilon["accepted"]) == (12, sum(mine))
    assert epsilon["acceptance"]["value"] == pytest.approx(np.mean(mine))
    assert told_of["policies"][0]["acceptance"] is None  # no greedy list was recorded
    assert fares(client, days=1e-9)["seen"] == 0


def test_what_a_list_was_by_another_policy_is_what_that_policy_says(
    client: TestClient, model: Path
) -> None:
    found = asked(client, policy="epsilon_greedy", exploration=1, seed=4, record=True)
    whose = int.from_bytes(hashlib.blake2b(b"ann", digest_size=8).digest(), "little")
    rng = np.random.default_rng([4, whose, 0])
    outlook = mr.load_model(model).adapt([]).outlook(200, draws=64, rng=rng)
    own = outlook.found.ids.tolist()  # type: ignore[union-attr]
    shown = np.array([[own.index(item) for item in names(found)]])
    store = client.app.state.service.store  # type: ignore[attr-defined]
    with store.database.reading() as connection:
        text = connection.exec_driver_sql("SELECT chances FROM impressions").scalar()
    kept = json.loads(text)
    for name in EXPLORING:
        expected = exploring(name).propensity(outlook, shown).places[0]
        np.testing.assert_allclose(kept["others"][name], expected, atol=1e-12)
    assert kept["places"] == [item["propensity"] for item in found["items"]]
    assert (kept["seed"], kept["slate"]) == (4, found["propensity"])


def test_nothing_of_who_is_forgotten_is_left_of_lists_and_feedback(
    client: TestClient, tmp_path: Path
) -> None:
    user = "Zaphod-Beeblebrox-42"
    found = asked(client, user, record=True, policy="thompson")
    token = found["impression"]
    fed(client, token, kind="shown")
    other = asked(client, "ben", record=True)["impression"]
    fed(client, other, kind="click", position=1)

    def left(what: str) -> list[str]:
        files = [f for f in tmp_path.iterdir() if f.is_file()]
        return [file.name for file in files if what.encode() in file.read_bytes()]

    assert left(user)
    assert left(token)
    receipt = answered(client.delete(f"/v1/users/{user}"))
    assert receipt["impressions"] == 1
    assert not left(user)
    assert not left(token)
    assert "there is no impression" in fed(client, token, 404, kind="shown")["detail"]
    assert fares(client)["seen"] == 1


def test_an_event_of_a_negative_kind_says_that_it_was_seen(
    serve: Serve, tmp_path_factory: pytest.TempPathFactory, shop: Dataset
) -> None:
    import polars as pl

    frame = shop.interactions.with_columns(
        event=pl.when(pl.col("item") % 7 == 0).then(pl.lit("return")).otherwise(pl.lit("buy"))
    )
    kinds = replace(shop, interactions=frame, negative_kinds=("return",), target_kinds=("buy",))
    fitted = mr.MetaRecommender(mr.HashEncoder(), mr.MetaConfig(d=4, steps=2)).fit(kinds)
    client = serve(saved(fitted, tmp_path_factory))
    found = asked(client, record=True)
    for item, kind in zip(names(found)[1:3], ("buy", "return"), strict=True):
        event = {"user_id": "ann", "item_id": item, "kind": kind, "impression": found["impression"]}
        answered(client.post(EVENTS, json=event), 201)
    greedy = fares(client)["policies"][0]
    assert (greedy["seen"], greedy["accepted"]) == (1, 1)
    fed(client, found["impression"], 200, kind="shown", position=3)
    fed(client, found["impression"], 201, kind="click", position=3)


@pytest.mark.parametrize("policy", ["epsilon_greedy", "ucb", "thompson"])
def test_where_nothing_may_be_shown_a_policy_shows_nothing(client: TestClient, policy: str) -> None:
    found = asked(client, policy=policy, candidates=[], record=True)
    assert (found["items"], found["propensity"], found["evaluable"]) == ([], 1.0, False)
    assert found["short"]["asked"] == 5


def test_an_event_is_a_click_on_a_list_of_its_own_user_alone(
    client: TestClient, shop: Dataset
) -> None:
    token = asked(client, record=True)["impression"]
    first = names(asked(client))[0]
    event = {"user_id": "bob", "item_id": first, "impression": token}
    problem = answered(client.post(EVENTS, json=event), 422)
    assert "shown to somebody else" in json.dumps(problem)
    answered(client.post("/v1/users/bob/merge", json={"session_id": "ann"}))
    answered(client.post(EVENTS, json=event), 201)  # whose session it was
    assert fed(client, token, 200, kind="click", item_id=first)["outcome"] == "duplicate"
