"""A person's view in a real browser: every number that it shows is that of the API."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")
pytest.importorskip("playwright", reason="needs playwright")

from metarec.recommenders import EASE

from . import page_texts as texts
from .browsing import EVENTS_ALONE, LONG, Fitted, Place, watched
from .test_processes import running

pytestmark = pytest.mark.slow

ITEMS = """() => [...document.querySelectorAll("#list > li")].map((item) => ({
  id: item.dataset.id,
  rank: item.querySelector(".rank").firstChild.textContent,
  move: item.querySelector(".move")?.textContent ?? "",
  title: item.querySelector("h3").textContent,
  inside: item.querySelectorAll("h3 *").length,
  fields: item.querySelector(".fields").textContent,
  why: item.querySelector(".why").firstChild.nodeName === "BUTTON" ? "" :
    [...item.querySelector(".why").childNodes].filter((n) => n.nodeName !== "BUTTON")
      .map((n) => n.textContent).join("").trim(),
  number: item.querySelector(".number").textContent,
  chance: item.querySelector(".chance")?.textContent ?? "",
  dot: parseFloat(item.querySelector(".dot").style.insetInlineStart),
  band: [item.querySelector(".band").style.insetInlineStart,
    item.querySelector(".band").style.inlineSize].map(parseFloat),
}))"""
ROWS = """(number) => [
  ...document.getElementById(`why-${number}`).querySelectorAll("tbody tr, tfoot tr"),
].map((row) => [...row.cells].map((cell) => cell.textContent))"""


def asked(place: Place, **more: Any) -> dict[str, Any]:
    """The list that the page must show."""
    visit = place.visit
    model = place.ask("GET", "/model")
    body = {
        **{"user_id": visit["id"], "k": 10, "exclude_seen": True, "explain": True, "cool_off_s": 0},
        **({"rank_by": "both"} if model["can"]["rank_by"] else {}),
        **({"exclude": visit["leftOut"]} if visit["leftOut"] else {}),
    }
    found = place.ask("POST", "/recommendations", json={**body, **more})
    return dict(found)


def titles(place: Place) -> dict[str, str]:
    catalogue = place.shop.catalogue
    assert catalogue.titles is not None
    return dict(zip(map(str, catalogue.ids), map(str, catalogue.titles), strict=True))


def check_list(place: Place, **more: Any) -> list[str]:
    """Every row of the list against the API; the ids in their order."""
    answer, names = asked(place, **more), titles(place)
    model = place.ask("GET", "/model")
    rates = model["predicts"] == "ratings"
    items = answer["items"]
    place.page.wait_for_function(
        "ids => [...document.querySelectorAll('#list > li')].map(i => i.dataset.id).join() === ids",
        arg=",".join(item["item_id"] for item in items),
    )
    place.page.wait_for_load_state("networkidle")
    look_up = place.ask("GET", "/items", params={"item_id": [i["item_id"] for i in items]})
    shown = {item["item_id"]: item["content"] for item in look_up["items"]}
    values = [item["rating"] if rates else item["score"] for item in items]
    stds = [item["std"] for item in items]
    ends = [value + side * std for value, std in zip(values, stds, strict=True) for side in (-1, 1)]
    low, high = model["scale"] if rates else (min(ends), max(ends))

    def at(value: float) -> float:
        return 100 * max(0.0, min(1.0, (value - low) / (high - low)))

    rows = place.page.evaluate(ITEMS)
    for row, item, value, std in zip(rows, items, values, stds, strict=True):
        assert row["rank"] == str(item["rank"])
        assert row["title"] == item["title"] == names[item["item_id"]]
        assert row["inside"] == 0, "a title is text"
        assert row["fields"] == texts.fields(shown[item["item_id"]], look_up["telling"])
        label = "Expected rating " if rates else "Score "
        decimals = texts.digits(low, high)
        assert row["number"] == f"{label}{value:.{decimals}f} ± {std:.{decimals}f}"
        likely = f"{texts.percent(item['propensity'])} likely here"
        assert row["chance"] == ("" if answer["policy"] == "greedy" else likely)
        assert row["why"] == texts.why_line(item["reasons"], names)
        assert row["dot"] == pytest.approx(at(value), abs=0.01)
        assert row["band"][0] == pytest.approx(at(value - std), abs=0.01)
        assert sum(row["band"]) == pytest.approx(at(value + std), abs=0.01)
    return [item["item_id"] for item in items]


def check_question(place: Place) -> str:
    """The question against the API; what it is about."""
    found = place.ask("POST", "/questions", json={"user_id": place.visit["id"], "k": 20})
    left = place.visit["leftOut"]
    first = next(item for item in found["items"] if item["item_id"] not in left)
    card = place.page.locator("#question")
    assert card.locator("h3").text_content() == first["title"]
    gain = f"An answer is expected to remove {100 * first['score']:.1f}% of what is not known"
    assert gain in card.text_content()
    return str(first["item_id"])


def check_told(place: Place) -> int:
    """What was told against the user's history; how many events."""
    found, names = place.ask("GET", f"/users/{place.visit['id']}/history"), titles(place)
    shown = place.page.locator("#told .chips li:not(.out)").all_text_contents()
    rates = place.ask("GET", "/model")["predicts"] == "ratings"
    said = [f"{e['value']:g}" if rates else "would take" for e in found["events"]]
    assert shown == [
        names[e["item_id"]] + told for e, told in zip(found["events"], said, strict=True)
    ]
    return int(found["count"])


def pick(place: Place, row: int) -> None:
    """Look an item up by the beginning of its title, and take it."""
    title = str(place.shop.catalogue.titles[row])  # type: ignore[index]
    query = f"{title[:-2]} {row}"
    place.page.fill("#search", query)
    place.page.wait_for_selector("#found li")
    place.page.wait_for_load_state("networkidle")
    found = place.ask("GET", "/items", params={"q": query, "k": 8})
    options = place.page.locator("#found li .name").all_text_contents()
    assert options == [item["title"] for item in found["items"]]
    noun = "match" if found["found"] == 1 else "matches"
    assert place.page.locator("#search-said").text_content() == f"{found['found']} {noun}"
    place.page.locator("#found li", has_text=title).first.click()


def rates(place: Place) -> bool:
    return place.shop.feedback == "rating"


def test_a_visit_from_the_first_answer_to_being_forgotten(place: Place) -> None:
    page = place.opened()
    names = titles(place)
    before = check_list(place)
    assert page.locator("#list-said").text_content() == "As anybody begins."
    check_question(place)
    place.shot(f"person-{place.shop.feedback}-newcomer")

    pick(place, 7)
    if rates(place):
        assert (
            page.locator("#question h3").text_content() == names[str(place.shop.catalogue.ids[7])]
        )
        page.locator("#question .star").nth(4).click()
    after = check_list(place)
    ranks = {item: rank for rank, item in enumerate(before)}
    fresh = sum(item not in ranks for item in after)
    moved = sum(ranks.get(item, rank) != rank for rank, item in enumerate(after))
    said = page.locator("#list-said").text_content()
    assert said == f"From 1 answer: {fresh} new, {moved} moved."
    for row, item in zip(page.evaluate(ITEMS), after, strict=True):
        by = ranks.get(item, -1) - after.index(item)
        arrow = f"{'▲' if by > 0 else '▼'}{abs(by)}" if by else ""
        assert row["move"] == ("new" if item not in ranks else arrow)

    item = check_question(place)
    page.locator("#question .star, #question .button").nth(0).click()
    assert item not in check_list(place)
    third = page.evaluate(ITEMS)[2]["id"]
    page.locator("#list > li").nth(2).locator(".star, .acts .button").nth(0).click()
    assert third not in check_list(place)
    assert check_told(place) == 3

    page.locator(".why button").nth(1).click()
    second = asked(place)["items"][1]
    rows = page.evaluate(ROWS, 2)
    assert rows == texts.why_rows(second["reasons"], names)
    place.shot(f"person-{place.shop.feedback}")

    old = place.visit["id"]
    page.get_by_role("button", name="Forget me").click()
    page.get_by_role("button", name="Forget everything").click()
    page.wait_for_selector(".receipt")
    receipt = page.locator(".receipt dd").all_text_contents()
    store = place.ask("GET", "/store")
    assert receipt[0] == str(store["forgotten"])
    assert receipt[1].startswith("3 answers, ")
    assert place.ask("GET", f"/users/{old}/history")["count"] == 0
    place.shot("receipt")
    page.get_by_role("button", name="Begin anew").click()
    assert place.visit["id"] != old
    assert check_list(place) == before
    assert page.locator("#told").is_hidden()


def test_the_switch_and_the_slider_change_the_list_as_the_api_does(place: Place) -> None:
    page = place.opened()
    pick(place, 5)
    if rates(place):
        page.locator("#question .star").nth(1).click()
        for order in ("rating", "choice", "both"):
            page.locator(f"input[value={order}]").check()
            check_list(place, rank_by=order)
    else:
        assert page.locator("fieldset").count() == 0
    page.locator("#curious").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert page.locator("output").text_content() == "60% curious"
    asked_by = place.lists[-1]
    assert asked_by["policy"] == "thompson"
    assert asked_by["exploration"] == 0.6
    more = {"rank_by": "both"} if rates(place) else {}
    check_list(place, policy="thompson", exploration=0.6, seed=asked_by["seed"], **more)
    place.shot(f"person-{place.shop.feedback}-curious")
    page.locator("#list > li .acts button").first.click()
    page.wait_for_function("() => document.querySelectorAll('#told .chips li').length === 2")
    check_list(place, policy="thompson", exploration=0.6, seed=asked_by["seed"], **more)
    store = place.ask("GET", "/policies")["policies"]
    (fared,) = [found for found in store if found["policy"] == "thompson"]
    assert fared["accepted"] >= 1


@EVENTS_ALONE
def test_what_is_not_for_me_is_left_out_and_can_come_back(place: Place) -> None:
    page = place.opened()
    first = check_list(place)[0]
    page.locator("#list > li").first.get_by_role("button", name="Not for me").click()
    page.wait_for_selector("#told .out")
    assert first not in check_list(place)
    assert check_told(place) == 0
    page.reload()
    page.wait_for_selector("#told .out")
    assert first not in check_list(place)
    page.get_by_role("button", name="take back").click()
    assert check_list(place)[0] == first


@EVENTS_ALONE
def test_a_title_without_an_end_and_all_others_are_text(place: Place) -> None:
    page = place.opened()
    page.fill("#search", LONG[:30])
    page.wait_for_selector("#found li")
    assert page.locator("#found li .name").first.text_content() == LONG
    assert page.locator("main script, main img, main h3 b").count() == 0
    page.fill("#search", "zzzz zzzz")
    page.wait_for_function(
        "() => document.getElementById('search-said').textContent.startsWith('Nothing')"
    )


@EVENTS_ALONE
def test_another_question_is_asked_for_one_that_is_skipped(place: Place) -> None:
    page = place.opened()
    asked_for = place.ask("POST", "/questions", json={"user_id": place.visit["id"], "k": 3})
    for item in asked_for["items"]:
        page.wait_for_function(
            "t => document.querySelector('#question h3').textContent === t", arg=item["title"]
        )
        page.get_by_role("button", name="Ask another").click()


def test_a_simple_row_says_what_it_does_not_know(
    chromium: Any, fitted: Callable[[str], Fitted], tmp_path: Path
) -> None:
    shop, _ = fitted("implicit")
    EASE().fit(shop).save(tmp_path / "row")
    with running(tmp_path / "row", tmp_path / "row.db") as started, watched(chromium) as page:
        place = Place(started, page, shop)
        place.opened()
        pick(place, 6)
        page.wait_for_selector("#told:not([hidden])")
        body = {"user_id": place.visit["id"], "k": 10, "exclude_seen": True, "cool_off_s": 0}
        scores = [
            item["score"] for item in place.ask("POST", "/recommendations", json=body)["items"]
        ]
        decimals = texts.digits(min(scores), max(scores))
        shown = page.locator("#list .number").all_text_contents()
        assert shown == [f"Score {score:.{decimals}f}" for score in scores]
        assert page.locator("#list .band, #list .why, #question:not([hidden])").count() == 0
        assert "does not tell how sure it is" in page.locator("#legend").text_content()


@EVENTS_ALONE
def test_percentages_are_of_all_that_speaks_for_and_against(place: Place) -> None:
    events = [
        {"item_id": "a", "reasons": {"taste": 0.5, "reads alike": -0.25}},
        {"item_id": "a", "reasons": {"taste": 0.5, "reads alike": 0.0}},
        {"item_id": "b", "reasons": {"taste": 0.5, "reads alike": 0.0}},
    ]
    reasons = {"base": 3.0, "events": events, "together": {"the order": -0.25}}
    found = place.opened().evaluate(
        "async told => (await import('/page/reasons.js')).partsOf(told)", reasons
    )
    parts = [(part["why"], part["item"], part["share"], part["percent"]) for part in found]
    assert parts == [
        ("taste", "a", 1.0, 0.5),
        ("taste", "b", 0.5, 0.25),
        ("reads alike", "a", -0.25, -0.125),
        ("the order", None, -0.25, -0.125),
    ]
