"""The page for everybody: by keyboard alone, small, dark, without movement, and with a key."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")
pytest.importorskip("playwright", reason="needs playwright")

from metarec.contracts import Dataset
from metarec.serving.store import Store
from metarec.serving.store.keys import add_key
from metarec.serving.swapping import put_in_service

from .browsing import EVENTS_ALONE, Fitted, Place, watched
from .test_page_person import check_list, check_told
from .test_processes import running

pytestmark = pytest.mark.slow


def focused(page: Any, what: str) -> bool:
    return bool(page.evaluate("what => document.activeElement.matches(what)", what))


def tab_to(page: Any, what: str, key: str = "Tab") -> None:
    """Go on with the keyboard until this is focused, and say so where it never is."""
    for _ in range(60):
        page.keyboard.press(key)
        if focused(page, what):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", "what is focused can be seen"
            return
    raise AssertionError(f"the keyboard does not reach {what}")


def test_the_keyboard_alone_can_do_all(place: Place) -> None:
    page = place.opened()
    rated = place.shop.feedback == "rating"
    page.keyboard.press("Tab")
    assert focused(page, ".skip")
    tab_to(page, "#search")
    page.keyboard.type("3")
    page.wait_for_selector("#found li")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.get_attribute("#search", "aria-activedescendant") == "found-0"
    page.keyboard.press("Escape")
    assert page.locator("#found").is_hidden()
    page.keyboard.type(" ")
    page.keyboard.press("Backspace")
    page.wait_for_selector("#found li")
    page.keyboard.press("Enter")
    if rated:
        page.wait_for_selector("#question .quiet:has-text('Never mind')")
        assert focused(page, "#question .star")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
    page.wait_for_selector("#told:not([hidden])")
    check_list(place)
    page.locator("#search").focus()
    tab_to(page, "#question .star, #question .button")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('#told .chips li').length === 2")
    assert focused(page, "#question button"), "the next question is at hand"
    tab_to(page, "#curious")
    page.keyboard.press("ArrowRight")
    curious: dict[str, Any] = {"policy": "thompson", "exploration": 0.1}
    page.wait_for_function(
        "() => document.getElementById('legend').textContent.includes('curious')"
    )
    curious["seed"] = place.lists[-1]["seed"]
    check_list(place, **curious)
    tab_to(page, ".why button")
    page.keyboard.press("Enter")
    assert page.locator("#why-1").is_visible()
    tab_to(page, "#list li .star, #list li .button")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelectorAll('#told .chips li').length === 3")
    check_list(place, **curious)
    assert focused(page, "#list li button")
    assert check_told(place) == 3
    tab_to(page, "#told .danger")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.keyboard.press("Enter")
    tab_to(page, "dialog .danger")
    page.keyboard.press("Enter")
    page.wait_for_selector(".receipt")
    assert focused(page, "dialog .button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#told", state="hidden")


def violations(page: Any) -> list[str]:
    api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
    found = api.Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize(
    ("service", "scheme"), [("rating", "light"), ("implicit", "dark")], indirect=["service"]
)
def test_axe_finds_nothing_in_both_views(chromium: Any, service: Any, scheme: str) -> None:
    with watched(chromium, color_scheme=scheme, bypass_csp=True) as page:
        place = Place(service[0], page, service[1])
        place.opened()
        assert not violations(page)
        page.locator(".why button").first.click()
        page.locator("#list .star, #list .acts .button").first.click()
        page.wait_for_selector("#told:not([hidden])")
        page.fill("#search", "1")
        page.wait_for_selector("#found li")
        assert not violations(page)
        place.shot(f"person-{service[1].feedback}-{scheme}")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Forget me").click()
        assert not violations(page)
        place.opened("/operator")
        assert not violations(page)
        place.shot(f"operator-{service[1].feedback}-{scheme}")


def test_a_phone_of_360_pixels_has_no_sideways_scrolling(chromium: Any, service: Any) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    wide = "document.documentElement.scrollWidth"
    with watched(chromium, **phone) as page:
        place = Place(service[0], page, service[1])
        place.opened()
        page.locator(".why button").first.click()
        assert page.evaluate(wide) == 360
        page.locator("#list .star, #list .acts .button").first.click()
        page.wait_for_selector("#told:not([hidden])")
        page.fill("#search", "unbreak")
        page.wait_for_selector("#found li")
        assert page.evaluate(wide) == 360
        place.shot(f"phone-{service[1].feedback}")
        place.opened("/operator")
        assert page.evaluate(wide) == 360
        place.shot("phone-operator")


@EVENTS_ALONE
@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_items_glide_only_for_those_who_want_movement(
    chromium: Any,
    service: Any,
    motion: str,
) -> None:
    with watched(chromium, reduced_motion=motion) as page:
        page.add_init_script(
            "window.glides = 0; const animate = Element.prototype.animate;"
            "Element.prototype.animate = function (...how) {"
            "  glides += 1; return animate.apply(this, how); };"
        )
        Place(service[0], page, service[1]).opened()
        page.locator("#list .star, #list .acts .button").first.click()
        page.wait_for_selector("#told:not([hidden])")
        assert (page.evaluate("glides") > 0) == (motion == "no-preference")


@pytest.fixture
def keyed(
    fitted: Callable[[str], Fitted], tmp_path: Path
) -> Iterator[tuple[tuple[Any, Dataset], dict[str, str]]]:
    """A service that asks for keys, and three keys of more and more scopes."""
    shop, model = fitted("implicit")
    place = tmp_path / "keyed.db"
    with Store(str(place)) as store:
        put_in_service(store, model)
        scopes = {"read": ["read"], "told": ["read", "write"], "all": ["read", "write", "admin"]}
        keys = {name: add_key(store.database, name, given)[1] for name, given in scopes.items()}
    with running(model, place) as started:
        yield (started, shop), keys


def use_key(page: Any, secret: str) -> None:
    page.wait_for_selector("dialog.key")
    page.locator("#key-field").fill(secret)
    page.keyboard.press("Enter")


def test_a_service_with_keys_asks_for_one_and_says_what_it_lacks(
    chromium: Any,
    keyed: Any,
) -> None:
    (running_, shop), keys = keyed
    with watched(chromium, bypass_csp=True) as page:
        page.goto(running_.url)
        page.wait_for_selector("dialog.key")
        assert "send a key" in page.locator("#trouble").text_content()
        scopes = page.locator("dialog.key tbody th").all_text_contents()
        assert scopes == ["read", "write", "admin"]
        assert not violations(page)
        Place(running_, page, shop).shot("key")
        use_key(page, "mr_wrong")
        page.wait_for_function(
            "() => document.getElementById('trouble').textContent.includes('unknown')"
        )
        use_key(page, keys["read"])
        page.wait_for_selector("#list li")
        assert page.evaluate("sessionStorage.getItem('metarec.key')") == keys["read"]
        assert page.evaluate("JSON.stringify(localStorage)").count("mr_") == 0
        page.locator("#list .acts .button").first.click()
        page.wait_for_function(
            "() => document.getElementById('trouble').textContent.includes('scope write')"
        )
        use_key(page, keys["told"])
        page.wait_for_selector("#told:not([hidden])")
        page.get_by_role("button", name="Forget me").click()
        page.get_by_role("button", name="Forget everything").click()
        page.wait_for_selector("dialog.key")
        assert "scope admin" in page.locator("#key-why").text_content()
        use_key(page, keys["all"])
        page.wait_for_selector("dialog", state="detached")
        page.wait_for_load_state("networkidle")
        page.get_by_role("button", name="Forget me").click()
        page.get_by_role("button", name="Forget everything").click()
        page.wait_for_selector(".receipt")
        page.goto(f"{running_.url}/operator")
        page.wait_for_selector("#routes tbody tr")
        assert page.locator("#key").is_visible()
