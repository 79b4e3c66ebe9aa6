"""A person's list page by page: the same list as at once, also while its person goes on."""

import base64
import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

import metarec as mr
from metarec.contracts import Dataset
from metarec.policies import exploring
from metarec.serving import cursors
from metarec.serving.exploring import _chance_behind
from metarec.serving.store.tables import IMPRESSIONS

from .services import Serve
from .test_api import LISTS, answered, content, ids, told
from .test_policies import DAY, at, fares, fed

WHOLE = 31


def asked(client: TestClient, status: int = 200, **body: object) -> dict[str, Any]:
    question = {"k": 7, **({} if "events" in body else {"user_id": "ann"}), **body}
    return answered(client.post(LISTS, json=question), status)


def names(found: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in found["items"]]


def pages(client: TestClient, first: dict[str, Any], **body: object) -> list[dict[str, Any]]:
    """All pages behind a first one, and that one."""
    found = [first]
    while found[-1]["next"] is not None:
        assert found[-1]["items"], "a page of nothing goes on"
        found.append(asked(client, cursor=found[-1]["next"], **body))
    return found


@pytest.mark.parametrize("which", ["model", "rating_model", "row"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"events": [{"item_id": "i0000003", "value": 4.0}]},
        {"where": "price < 5", "fallback_where": "price >= 5"},
        {"at_most": {"year": 3}, "exclude": ["i0000001"]},
        {"boost": "price"},
        {"return_after_s": 5 * DAY},
        {"k": 40},
    ],
)
def test_pages_together_are_the_list_at_once(
    serve: Serve, which: str, more: dict[str, Any], request: Any, shop: Dataset
) -> None:
    client = serve(request.getfixturevalue(which))
    rated = {"value": 4.0} if which == "rating_model" else {}
    for age, item in ((1, 2), (9, 5)):
        told(client, "ann", *ids(shop, item), timestamp=time.time() - age * DAY, **rated)
    if which == "row":
        more = {**more, "where": "price < 6"}  # of some items this model says nothing
        more.pop("fallback_where", None)
    found = pages(client, asked(client, **more), **more)
    whole = asked(client, **{**more, "k": 40})
    assert [item for page in found for item in page["items"]] == whole["items"]
    assert len(set(names(whole))) == len(whole["items"]) == found[-1]["items"][-1]["rank"]
    short = found[-1]["short"]
    assert all(len(page["items"]) == 7 and page["short"] is None for page in found[:-1])
    assert (short is None) == (len(found[-1]["items"]) == more.get("k", 7))
    if short is not None:
        assert (short["asked"], short["found"]) == (more.get("k", 7), len(found[-1]["items"]))
        assert short["left_out"] == whole["short"]["left_out"]


def test_what_the_person_does_meanwhile_changes_nothing(
    client: TestClient, shop: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    at(monkeypatch, now)
    told(client, "ann", *ids(shop, 2, 5))
    whole = names(asked(client, k=40))
    first = asked(client, record=True)
    at(monkeypatch, now + 60)
    fed(client, first["impression"], kind="shown", position=7)
    told(client, "ann", first["items"][2]["item_id"], whole[20])  # what is to come, too
    changed = names(asked(client, k=40))
    assert changed != whole
    at(monkeypatch, now + 120)
    got = pages(client, first)
    assert [item for page in got for item in names(page)] == whole
    other = asked(client, user_id="ben")
    told(client, "ben", names(other)[0])
    rest = pages(client, other, user_id="ben")
    assert len({item for page in rest for item in names(page)}) == 40  # a newcomer's, to the end


def test_any_process_reads_a_list_on(serve: Serve, model: Path, shop: Dataset) -> None:
    one, two = serve(model), serve()
    told(one, "ann", *ids(shop, 2))
    first = asked(one)
    told(one, "ann", *ids(shop, 9))
    there = [asked(client, cursor=first["next"]) for client in (one, two)]
    assert there[0] == there[1]


def test_the_simple_question_goes_on_too(client: TestClient) -> None:
    path, query = "/v1/users/ann/recommendations", {"k": "7"}
    first = answered(client.get(path, params=query))
    found = answered(client.get(path, params={**query, "cursor": first["next"]}))
    assert found == asked(client, cursor=first["next"])
    assert found["items"][0]["rank"] == 8


def test_a_page_is_recorded_once_and_by_itself(client: TestClient) -> None:
    first = asked(client, record=True)
    second = [asked(client, cursor=first["next"], record=True) for _ in range(2)]
    assert second[0] == second[1]
    assert second[0]["impression"] != first["impression"]
    database = client.app.state.service.store.database  # type: ignore[attr-defined]
    with database.reading() as connection:
        kept = connection.execute(IMPRESSIONS.select()).all()
    assert len(kept) == 2
    item = second[0]["items"][3]["item_id"]
    said = fed(client, second[0]["impression"], kind="click", item_id=item)
    assert said["position"] == 4
    assert second[0]["items"][3]["rank"] == 11
    assert content(asked(client, cursor=first["next"]))["impression"] is None


@pytest.mark.parametrize("policy", ["epsilon_greedy", "ucb", "thompson"])
@pytest.mark.parametrize("exploration", [0.0, 0.5, 1.0])
def test_pages_of_a_policy_are_one_slate_with_exact_chances(
    client: TestClient, model: Path, policy: str, exploration: float
) -> None:
    how: dict[str, Any] = {"policy": policy, "exploration": exploration, "record": True}
    for _ in range(4):
        found = pages(client, asked(client, **how), **how)
        whole = asked(client, **{**how, "k": 40, "seed": found[0]["seed"], "record": False})
        assert [item for page in found for item in page["items"]] == whole["items"]
        chance = 1.0
        for page in found:
            assert page["seed"] == whole["seed"]
            chance *= page["propensity"]
        assert chance == pytest.approx(whole["propensity"], rel=1e-9, abs=1e-300)
        assert [page["evaluable"] for page in found] == [exploration > 0, *[False] * 5]
    # in theory: P(the second page | the first) = P(the first 14 places) / P(the first 7)
    first, second = found[:2]
    me = mr.load_model(model).adapt([])
    rng = np.random.default_rng([first["seed"], _whose("ann"), 0])
    outlook = me.outlook(200, draws=64, rng=rng)
    assert outlook.found is not None
    own = outlook.found.ids.tolist()
    rows = np.array([[own.index(item) for item in names(first) + names(second)]])
    prefixes = exploring(policy, exploration).propensity(outlook, rows).prefixes[0]
    assert second["propensity"] == pytest.approx(prefixes[13] / prefixes[6], rel=1e-9)
    for page in found:
        fed(client, page["impression"], kind="click", position=1)
    assert fares(client)["evaluable"] == int(exploration > 0)


def _whose(user: str) -> int:
    return int.from_bytes(hashlib.blake2b(user.encode(), digest_size=8).digest(), "little")


def test_a_list_that_explores_ends_with_its_candidates(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metarec.serving.exploring.CANDIDATES", 17)
    monkeypatch.setattr("metarec.serving.api.lists.CANDIDATES", 17)
    how: dict[str, Any] = {"policy": "thompson", "exploration": 1.0}
    found = pages(client, asked(client, **how), **how)
    assert [len(page["items"]) for page in found] == [7, 7, 3]
    assert len({item for page in found for item in names(page)}) == 17
    assert found[-1]["short"]["why"] == "a list like this has at most 17 items on all its pages"
    assert asked(client, **how, **{"k": 20})["next"] is None


def test_a_diverse_list_has_one_page(client: TestClient) -> None:
    assert asked(client, diversity=0.3)["next"] is None


def test_a_chance_too_small_to_be_held_has_that_of_a_random_rest() -> None:
    prefixes = np.array([1e-150, 1e-250, 0.0, 0.0])
    assert _chance_behind(prefixes, 2, 10) == pytest.approx(1 / 8 / 7)
    assert _chance_behind(np.array([0.5, 0.25, 0.1]), 1, 10) == pytest.approx(0.2)
    assert _chance_behind(np.array([0.5, 0.25, 0.1]), 0, 10) == 0.1


def test_a_list_that_cannot_be_made_again_is_gone(
    client: TestClient, shop: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(**more: object) -> str:
        said = asked(client, 410, **more)
        assert said["type"] == "urn:metarec:gone"
        assert said["detail"].endswith("; ask for the first page again")
        return str(said["detail"])

    told(client, "ann", *ids(shop, 2, 5))
    first = asked(client)
    now = time.time()
    with monkeypatch.context() as later:
        at(later, now + cursors.HOLDS_S + 1)
        assert "more than 60 minutes old" in gone(cursor=first["next"])
    answered(client.post("/v1/items/retire", json={"item_ids": ids(shop, 9)}))
    assert "another catalogue" in gone(cursor=first["next"])
    first = asked(client)
    answered(client.put("/v1/users/ann/profile", json={"profile": {}}))
    assert "profile of the person was put anew" in gone(cursor=first["next"])
    first = asked(client)
    told(client, "visit", *ids(shop, 7))
    answered(client.post("/v1/users/ann/merge", json={"session_id": "visit"}))
    asked(client, cursor=first["next"])  # what the session did came later
    first = asked(client)
    told(client, "dee", *ids(shop, 2))
    hers = asked(client, user_id="dee")
    answered(client.delete("/v1/users/dee"))
    assert "events of before have changed" in gone(cursor=hers["next"], user_id="dee")
    first, seen = asked(client), asked(client, record=True)
    with monkeypatch.context() as earlier:  # told by a machine whose clock is behind
        at(earlier, now - 5)
        fed(client, seen["impression"], kind="shown", position=7)
    assert "has changed since its first page" in gone(cursor=first["next"])


def test_a_swap_of_the_model_ends_a_list(serve: Serve, model: Path, row: Path) -> None:
    client = serve(model)
    first = asked(client)
    answered(client.post("/v1/model", json={"folder": str(row)}))
    assert "another model" in asked(client, 410, cursor=first["next"])["detail"]


def test_a_cursor_is_for_its_question_and_person_and_cannot_be_made(client: TestClient) -> None:
    cursor = asked(client)["next"]
    for more in (
        {"user_id": "ben"},
        {"events": []},
        {"k": 8},
        {"where": "price < 5"},
        {"policy": "thompson"},
        {"cool_off_s": 0},
        {"exclude_seen": False},
    ):
        said = asked(client, 422, cursor=cursor, **more)["detail"]
        assert "list of another question, or another person's" in said, more
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    forged = raw.replace(b",7,", b",9,")
    assert forged != raw
    for wrong in (base64.urlsafe_b64encode(forged).decode(), "x", "é", "ab" * 100, cursor[:-4]):
        assert "none of this service" in asked(client, 422, cursor=wrong)["detail"]
    assert "ann" not in raw.decode("latin-1")
