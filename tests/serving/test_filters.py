"""Filters of lists over HTTP: the anchor of similar items, kinds, and a second condition."""

from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

import metarec as mr
from metarec.contracts import DataError, Dataset
from metarec.serving import charts
from metarec.serving.api import lists

from .services import Serve
from .test_api import LISTS, answered, ids, listed, told


def price_of(shop: Dataset) -> dict[str, float]:
    return dict(zip(shop.catalogue.ids, shop.catalogue.frame["price"], strict=True))


def test_similar_items_are_compared_with_the_one_that_is_looked_at(
    client: TestClient, shop: Dataset, model: Any
) -> None:
    prices, (item,) = price_of(shop), ids(shop, 4)
    where = "price < anchor.price and category == anchor.category"
    row = shop.catalogue.row_of[item]
    category = shop.catalogue.frame["category"]
    expected = {
        other
        for other, price in prices.items()
        if price < prices[item] and category[shop.catalogue.row_of[other]] == category[row]
    }
    params: dict[str, Any] = {"k": 40, "where": where}
    found = answered(client.get(f"/v1/items/{item}/similar", params=params))
    assert {one["item_id"] for one in found["items"]} == expected - {item} != set()
    posted = answered(client.post("/v1/similar", json={"item_ids": [item], **params}))
    assert posted["items"] == found["items"]
    assert mr.load_model(model).similar(item, 40, where=where).ids.tolist() == [
        one["item_id"] for one in found["items"]
    ]


def test_an_anchor_without_a_value_has_nothing_beside_it(client: TestClient, shop: Dataset) -> None:
    (item,) = ids(shop, 4)
    answered(client.patch("/v1/items", json={"items": [{"item_id": item, "price": None}]}))
    params = {"where": "price < anchor.price"}
    found = answered(client.get(f"/v1/items/{item}/similar", params=params))
    assert found["items"] == []
    assert found["short"]["left_out"]["filtered"] == 40
    assert "leaves out 40 of 40 items" in found["notes"][0]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (LISTS, {"user_id": "a"}, "anchor is the one item of similar, and this list has none"),
        ("/v1/similar", {"item_ids": 2}, "anchor is one item, and this is a basket of several"),
        (
            "/v1/similar",
            {"where": "price < anchor.no", "item_ids": 1},
            "names anchor.no; the items",
        ),
        ("/v1/similar", {"where": "tags == anchor.tags", "item_ids": 1}, "anchor.tags holds list"),
        (
            "/v1/similar",
            {"where": "title < anchor.price", "item_ids": 1},
            "which holds String, with",
        ),
    ],
)
def test_an_anchor_that_cannot_be_is_refused(
    door: TestClient, shop: Dataset, path: str, body: dict[str, Any], said: str
) -> None:
    if "item_ids" in body:
        body = body | {"item_ids": ids(shop, *range(body["item_ids"]))}
    asked = {"where": "price < anchor.price", **body}
    assert said in answered(door.post(path, json=asked), 422)["detail"]


def test_what_was_bought_is_left_out_and_what_was_viewed_is_not(
    serve: Serve, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "FRESH_S", 0.0)
    client = serve(model)
    bought, viewed = listed(client, "ann", k=2)
    told(client, "ann", bought, kind="buy")
    told(client, "ann", viewed, kind="view")
    found = listed(client, "ann", k=40, exclude_kinds=["buy"])
    assert bought not in found
    assert viewed in found
    path = "/v1/users/ann/recommendations"
    got = answered(client.get(path, params={"k": 40, "exclude_kinds": ["buy"]}))
    assert [item["item_id"] for item in got["items"]] == found
    # nobody else has bought, but the kind is known of her
    assert len(listed(client, "ben", k=40, exclude_kinds=["buy"])) == 40
    strange = client.post(LISTS, json={"user_id": "ann", "exclude_kinds": ["bought"]})
    said = answered(strange, 422)["detail"]
    assert said.startswith("exclude_kinds names the kind 'bought'; there are ['buy', 'view'")
    both = {"user_id": "ann", "exclude_kinds": ["buy"], "exclude_seen": True}
    assert "say the same" in answered(client.post(LISTS, json=both), 422)["detail"]
    both = {"exclude_kinds": "buy", "exclude_seen": "true"}
    assert "say the same" in answered(client.get(path, params=both), 422)["detail"]


def test_each_parameter_of_a_user_s_list_is_the_field_of_the_body_with_its_name(
    door: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[dict[str, Any]] = []

    def recommend(body: lists.ListIn, service: object) -> None:
        heard.append(body.model_dump(exclude_defaults=True))
        raise DataError("it is only heard")

    monkeypatch.setattr(lists, "recommend", recommend)
    asked: dict[str, Any] = {
        "k": 3,
        "where": "price > 1",
        "fallback_where": "price > 0",
        "rank_by": "choice",
        "exclude_seen": False,
        "explain": True,
        "policy": "ucb",
        "exploration": 0.25,
        "cursor": "behind",
    }
    kinds = {"exclude_kinds": ["buy", "view"]}
    for params in (asked, kinds):
        answered(door.get("/v1/users/ann/recommendations", params=params), 422)
    assert heard == [{"user_id": "ann", **asked}, {"user_id": "ann", **kinds}]
    path = answered(door.get("/v1/openapi.json"))["paths"]["/v1/users/{user_id}/recommendations"]
    there = {parameter["name"] for parameter in path["get"]["parameters"]}
    assert there == {"user_id", *asked, *kinds}


@pytest.mark.parametrize("which", ["model", "row"])
def test_a_list_that_would_be_short_is_filled_by_a_second_condition(
    serve: Serve, which: str, shop: Dataset, request: pytest.FixtureRequest
) -> None:
    client, prices = serve(request.getfixturevalue(which)), price_of(shop)
    told(client, "ann", *ids(shop, 1, 2))
    cheap = sorted(prices.values())[4]
    asked: dict[str, Any] = {
        "user_id": "ann",
        "k": 12,
        "where": f"price < {cheap}",
        "fallback_where": f"price < {sorted(prices.values())[20]}",
        "exclude": ids(shop, 30),
    }
    found = answered(client.post(LISTS, json=asked))
    by = {item["item_id"]: item["fallback"] for item in found["items"]}
    assert [item["rank"] for item in found["items"]] == list(range(1, 13))
    assert found["short"] is None
    assert ids(shop, 30)[0] not in by
    assert all((prices[item] >= cheap) == fallback for item, fallback in by.items())
    first = listed(client, "ann", **{**asked, "fallback_where": None, "user_id": "ann"})
    assert [item for item, fallback in by.items() if not fallback] == first
    rest = [item for item, fallback in by.items() if fallback]
    behind = {"where": asked["fallback_where"], "exclude": [*first, *ids(shop, 30)]}
    assert rest == listed(client, "ann", k=len(rest), **behind)
    many = {name: value for name, value in asked.items() if name != "user_id"}
    users = ["ben", "ann"]
    batch = answered(client.post(f"{LISTS}/batch", json={"user_ids": users, **many}))
    assert [item["item_id"] for item in batch["lists"][1]["items"]] == list(by)
    assert [item["fallback"] for item in batch["lists"][1]["items"]] == list(by.values())


def test_a_list_that_stays_short_says_so_of_both_conditions(
    client: TestClient, shop: Dataset
) -> None:
    one, two = ids(shop, 1, 2)
    asked = {"where": f"item_id == '{one}'", "fallback_where": f"item_id == '{two}'", "k": 5}
    found = answered(client.post(LISTS, json={"user_id": "ann", **asked}))
    assert [(i["item_id"], i["fallback"]) for i in found["items"]] == [(one, False), (two, True)]
    assert (found["short"]["asked"], found["short"]["found"]) == (5, 2)
    assert found["short"]["why"].startswith("1 by where, then by fallback_where 1 of 4 places")
    none = {**asked, "where": "price < -1"}
    found = answered(client.post(LISTS, json={"user_id": "ann", **none}))
    assert [(i["item_id"], i["fallback"]) for i in found["items"]] == [(two, True)]
    path = f"/v1/items/{ids(shop, 7)[0]}/similar"
    found = answered(client.get(path, params=asked))
    assert [(i["item_id"], i["fallback"]) for i in found["items"]] == [(one, False), (two, True)]


def test_a_fallback_is_looked_at_whether_it_is_needed_or_not(client: TestClient) -> None:
    body = {"user_id": "ann", "k": 2, "where": "price > -1", "fallback_where": "bla > 3"}
    problem = client.post(LISTS, json=body)
    assert problem.status_code == 422
    assert "fallback_where: " in problem.text
    assert "bla" in problem.text
    alone = client.post(LISTS, json={"user_id": "ann", "fallback_where": "price > 3"})
    assert alone.status_code == 422
    assert "send where too" in alone.text


@pytest.mark.parametrize("where", [None, "price > -1"])
def test_so_is_one_of_many_lists_and_of_what_is_like_an_item(
    client: TestClient, shop: Dataset, where: str | None
) -> None:
    body = {"k": 2, "where": where, "fallback_where": "bla > 3"}
    for path, whose in (
        (f"{LISTS}/batch", {"user_ids": ["ann"]}),
        ("/v1/similar", {"item_ids": ids(shop, 7)}),
    ):
        said = answered(client.post(path, json={**body, **whose}), 422)["detail"]
        assert ("send where too" if where is None else "fallback_where: ") in said
    anchored = {"where": "price > -1", "fallback_where": "price < anchor.price", "k": 2}
    answered(client.post("/v1/similar", json={"item_ids": ids(shop, 7), **anchored}))
