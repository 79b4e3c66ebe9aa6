"""The operator's view in a real browser: every number that it shows is that of the API."""

from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")
pytest.importorskip("playwright", reason="needs playwright")

from prometheus_client.parser import text_string_to_metric_families

from .browsing import EVENTS_ALONE, Place

pytestmark = pytest.mark.slow


CELLS = """panel => [...document.querySelectorAll(`${panel} tbody tr`)]
  .map(row => [...row.cells].map(cell => cell.textContent))"""


def fact(page: Any, panel: str, name: str) -> str:
    return str(page.locator(f"#{panel} [data-name={name}]").text_content())


def samples_of(text: str) -> list[Any]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def within(samples: list[Any], share: float, route: str | None = None) -> str:
    """The smallest bound of a histogram that so many requests stay within, as it is shown."""
    counts: dict[float, float] = {}
    for sample in samples:
        if sample.name != "metarec_request_seconds_bucket":
            continue
        if route in (None, sample.labels["route"]):
            bound = float(sample.labels["le"])
            counts[bound] = counts.get(bound, 0.0) + sample.value
    bound = min(b for b, count in counts.items() if count >= share * max(counts.values()))
    if bound == float("inf"):
        return "above 10 s"
    return f"≤ {1000 * bound:g} ms" if bound < 1 else f"≤ {bound:g} s"


def test_every_number_is_that_of_the_api(place: Place) -> None:
    for row in (0, 1):
        event = {"user_id": "ann", "item_id": str(place.shop.catalogue.ids[row]), "value": 3}
        place.ask("POST", "/events", json=event)
    for policy in ({}, {"policy": "thompson"}, {"policy": "epsilon_greedy"}):
        listed = {"user_id": "ann", "k": 4, "record": True, **policy}
        shown = place.ask("POST", "/recommendations", json=listed)
        click = {"kind": "click", "position": 2}
        place.ask("POST", f"/impressions/{shown['impression']}/feedback", json=click)
    place.ask("DELETE", "/users/nobody")
    page = place.page
    with page.expect_response("**/v1/metrics") as told:
        place.opened("/operator")
    samples = samples_of(told.value.text())
    requests = [s for s in samples if s.name == "metarec_requests_total"]
    failed = sum(s.value for s in requests if s.labels["status"] >= "500")
    total = sum(s.value for s in requests)
    assert fact(page, "traffic", "requests") == f"{total:,.0f}"
    assert fact(page, "traffic", "failed") == f"{failed:,.0f} ({round(100 * failed / total)}%)"
    stored = sum(s.value for s in samples if s.name == "metarec_events_total")
    assert fact(page, "traffic", "stored") == f"{stored:,.0f}"
    assert fact(page, "traffic", "median") == within(samples, 0.5)
    assert fact(page, "traffic", "p99") == within(samples, 0.99)
    rows = page.evaluate(CELLS, "#routes")
    assert len(rows) == len({s.labels["route"] for s in requests})
    for path, *cells in rows:
        route = "none" if path == "no known path" else path
        own = [s for s in requests if s.labels["route"] == route]
        counts = [
            sum(s.value for s in own if s.labels["status"][0] in c) for c in ("12345", "4", "5")
        ]
        assert cells[:3] == [f"{count:,.0f}" for count in counts]
        assert cells[3:] == [within(samples, 0.5, route), within(samples, 0.95, route)]
    check_model(place)
    check_store(place)


def check_model(place: Place) -> None:
    page, model = place.page, place.ask("GET", "/model")
    assert fact(page, "model", "name") == model["name"]
    assert fact(page, "model", "version") == model["version"]
    assert fact(page, "model", "offer") == f"{model['on_offer']} of {model['items']}"
    scale = model["scale"]
    told = f"ratings from {scale[0]:g} to {scale[1]:g}" if scale else model["predicts"]
    assert fact(page, "model", "predicts") == told
    words = [name.replace("_", " ") for name in model["can"]["policies"]]
    assert fact(page, "model", "policies") == ", ".join(words)
    able = page.locator("#model .able li.can").count()
    assert able == sum(can is True for can in model["can"].values())
    assert page.locator("#model .able li").count() == len(model["can"]) - 1


def check_store(place: Place) -> None:
    page, store = place.page, place.ask("GET", "/store")
    for name in ("events", "people", "profiles", "lists", "forgotten"):
        assert fact(page, "store", name) == f"{store[name]:,}"
    coverage = store["coverage"]
    assert fact(page, "coverage", "share") == f"{100 * coverage['share']:.1f}%"
    said = fact(page, "coverage", "shown")
    noun = "list" if coverage["lists"] == 1 else "lists"
    assert said.startswith(f"{coverage['items']} of 40 items on offer stand in the newest")
    assert f"newest {coverage['lists']} recorded {noun}, since " in said
    check_policies(place)


def valued(estimate: dict[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "—"
    ends = [estimate["low"], estimate["high"]]
    told = "" if None in ends else f" ({ends[0]:.2f} to {ends[1]:.2f})"
    return f"{estimate['value']:.2f}{told}".replace("-", "−")


def check_policies(place: Place) -> None:
    page, found = place.page, place.ask("GET", "/policies")
    rows = page.evaluate(CELLS, "#policies")
    assert rows
    for cells, policy in zip(rows, found["policies"], strict=True):
        counts = [f"{policy['seen']:,}", f"{policy['accepted']:,}"]
        means = [valued(policy["acceptance"]), valued(policy["self_normalised"])]
        assert cells == [policy["policy"].replace("_", " "), *counts, *means]
    assert fact(page, "policies", "said").startswith(f"{found['recorded']:,} list")


@EVENTS_ALONE
def test_the_numbers_go_on_and_can_be_held(place: Place) -> None:
    page = place.opened("/operator")
    with page.expect_response("**/v1/metrics"):
        page.get_by_role("button", name="Pause").click()
    page.wait_for_function(
        "() => document.getElementById('lead').textContent.startsWith('As it was')"
    )
    assert fact(page, "traffic", "rate") not in ("", "—")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5_500)
    assert not asked
    with page.expect_response("**/v1/metrics"):
        page.get_by_role("button", name="Go on").click()
