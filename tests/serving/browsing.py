"""A headless Chromium, services that run, and shops whose titles are drawn anew each time."""

import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

import metarec as mr
from metarec.contracts import Catalogue, Dataset

from .services import SMALL

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / ".screenshots"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
"""The first that is there; the shell takes half the time of a whole browser."""
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
TRICKS = (
    *("<b>{}</b>", '"{}"', "{} & {}", "<script>alert('{}')</script>", "{} 🫖✨", "שלום {} עולם"),
    *("مرحبا {}", "<img src=x onerror=alert(1)> {}", "</h3>{}", "{}'s", "&lt;{}&gt;", "{}"),
)
Fitted = tuple[Dataset, Path]
LONG = "Unbreakable" * 12


def titles_of(count: int, rng: random.Random) -> list[str]:
    """Titles that would be markup, or turn a line around, were they not held as text."""

    def word() -> str:
        return "".join(rng.choices("abcdefghijklmnoprstuvwz", k=rng.randint(4, 9))).title()

    drawn = [f"{rng.choice(TRICKS)} {n}".replace("{}", f"{word()} {word()}") for n in range(count)]
    drawn[0] = LONG
    return drawn


def shop_of(kind: Any, seed: int) -> Dataset:
    """A small shop with such titles."""
    made = mr.generate(users=60, items=40, kind=kind, rng=seed % 1000).dataset
    titles = pl.Series("title", titles_of(40, random.Random(seed)))
    return replace(made, catalogue=Catalogue.of(made.catalogue.table.with_columns(titles)))


@dataclass(frozen=True)
class Place:
    """A service with its shop, and the page of a browser that shows it."""

    running: Any
    page: Any
    shop: Dataset
    lists: list[dict[str, Any]] = field(default_factory=list)
    """What the page asked lists by, the newest last."""

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """An answer of the API, asked beside the page."""
        found = httpx.request(method, f"{self.running.url}/v1{path}", timeout=60, **more)
        assert found.is_success, found.text
        return found.json()

    @property
    def visit(self) -> dict[str, Any]:
        """Who the page says it is."""
        kept = self.page.evaluate("JSON.parse(localStorage.getItem('metarec.visit'))")
        return dict(kept)

    def opened(self, path: str = "/") -> Any:
        """The page, when it shows what it asked for."""
        self.page.goto(self.running.url + path)
        self.page.wait_for_selector("#list li" if path == "/" else "#routes tbody tr")
        return self.page

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser for a module's tests; it may not stay, since its loop is in the way of others."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium-headless-shell")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()
    print(f"screenshots: {SHOTS}")


@pytest.fixture(scope="session")
def seed() -> int:
    """Drawn anew each time, and told where a test fails."""
    drawn = int(os.environ.get("METAREC_PAGE_SEED", random.SystemRandom().randrange(2**31)))
    print(f"METAREC_PAGE_SEED={drawn}")
    return drawn


@pytest.fixture(scope="session")
def fitted(seed: int, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Fitted]:
    """Gives a small shop of a kind and its model, made once."""

    @cache
    def made(kind: str) -> Fitted:
        shop, model = shop_of(kind, seed), tmp_path_factory.mktemp("page") / "model"
        mr.MetaRecommender(mr.HashEncoder(), SMALL).fit(shop).save(model)
        return shop, model

    return made


@pytest.fixture(scope="session")
def services(fitted: Callable[[str], Fitted]) -> Iterator[Callable[[str], tuple[Any, Dataset]]]:
    """Gives the service of a kind of shop, in a process of its own that is started once."""
    from .test_processes import running

    with ExitStack() as stack:

        @cache
        def started(kind: str) -> tuple[Any, Dataset]:
            shop, model = fitted(kind)
            return stack.enter_context(running(model, model.with_name("shop.db"))), shop

        yield started


@pytest.fixture(params=["rating", "implicit"])
def service(request: pytest.FixtureRequest, services: Any) -> tuple[Any, Dataset]:
    """The service of a shop of ratings, and that of one of events."""
    found: tuple[Any, Dataset] = services(request.param)
    return found


EVENTS_ALONE = pytest.mark.parametrize("service", ["implicit"], indirect=True)
"""For what both kinds of shops have in common."""


@contextmanager
def watched(browser: Any, **how: Any) -> Iterator[Any]:
    """A new page of a browser without a past; whatever it complains of fails the test."""
    given = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **how}
    context = browser.new_context(**given)
    page, faults = context.new_page(), list[str]()
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(f"a dialog: {dialog.message}"))
    page.on("console", lambda told: told.type == "error" and faults.append(told.text))
    yield page
    context.close()
    told = [fault for fault in faults if not re.search("status of 40[13]", fault)]
    assert not told, told


@pytest.fixture
def place(chromium: Any, service: tuple[Any, Dataset]) -> Iterator[Place]:
    """A newcomer on a service's page."""
    with watched(chromium) as page:
        found = Place(service[0], page, service[1])

        def noted(request: Any) -> None:
            if request.url.endswith("/v1/recommendations"):
                found.lists.append(request.post_data_json)

        page.on("request", noted)
        yield found
