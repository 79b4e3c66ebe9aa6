"""The files of the page: whole, of this service alone, and such that no text becomes markup."""

import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from metarec.serving.api.page import HEADERS, KINDS, page_files

from .services import Serve

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src" / "metarec" / "serving" / "page"
FILES = sorted(FOLDER.iterdir())
VIEWS = {"/": "index.html", "/operator": "operator.html"}
SINKS = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"


class Tags(HTMLParser):
    """The tags of a page with their attributes, and whether a script or style has text in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside = ""
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in ("script", "style") and data.strip():
            self.inline.append(data)


def test_every_file_of_the_page_is_in_the_wheel_and_is_sent() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    globs = told["tool"]["setuptools"]["package-data"]["metarec"]
    package = ROOT / "src" / "metarec"
    packed = {file for pattern in globs for file in package.glob(pattern)}
    assert set(FILES) <= packed
    assert {file.name for file in FILES} == set(page_files())
    assert {file.suffix for file in FILES} <= set(KINDS)


@pytest.mark.parametrize("path", VIEWS)
def test_a_view_is_sent_with_its_headers_and_all_that_it_names(door: TestClient, path: str) -> None:
    found = door.get(path)
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    for name, value in HEADERS.items():
        assert found.headers[name] == value
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["x-frame-options"] == "DENY"
    tags = Tags(found.text)
    named = [given.get("href") or given.get("src") for _, given in tags.tags]
    for link in [str(link) for link in named if link and not link.startswith("#")]:
        assert link.startswith("/"), "nothing comes from elsewhere"
        assert door.get(link).status_code == 200, link


def test_the_policy_allows_no_inline_script_or_style_and_no_other_host() -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    sources = {name: said for name, said in policy.items() if name.endswith("-src")}
    assert set(sources.values()) == {"'none'", "'self'"}
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"


@pytest.mark.parametrize("name", VIEWS.values())
def test_a_view_has_no_script_or_style_of_its_own(name: str) -> None:
    tags = Tags((FOLDER / name).read_text("utf-8"))
    assert not tags.inline
    for tag, given in tags.tags:
        assert tag != "style"
        assert not [key for key in given if key == "style" or key.startswith("on")], (tag, given)
        assert tag != "script" or "src" in given


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_names_no_other_host_and_makes_no_markup_of_text(file: Path) -> None:
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text)
    if file.suffix == ".js":
        assert not re.search(SINKS, text)
        for imported in re.findall(r'from "\./([^"]+)"', text):
            assert (FOLDER / imported).is_file()


def test_scripts_call_public_endpoints_alone(door: TestClient) -> None:
    described = door.get("/v1/openapi.json").json()["paths"]
    patterns = {path: re.sub(r"\{[^}]+\}", "[^/]+", path) for path in described}
    texts = {file.name: file.read_text("utf-8") for file in FILES if file.suffix == ".js"}
    assert [name for name, text in texts.items() if "fetch(" in text] == ["api.js"]
    assert "fetch(`/v1${path}`" in texts["api.js"]
    called = list(_called("\n".join(texts.values())))
    assert len(called) >= 10
    for verb, path in called:
        fits = [p for p, pattern in patterns.items() if re.fullmatch(pattern, f"/v1{path}")]
        assert any(verb.lower() in described[p] for p in fits), (verb, path)


def _called(text: str) -> Iterator[tuple[str, str]]:
    user = text.replace("${userPath(read().id)}", "/users/x").replace(
        "userPath(read().id)", '"/users/x"'
    )
    yield from re.findall(r'ask\("([A-Z]+)", (?:query\()?["`]([^"`]+)["`]', user)


def test_a_browser_that_has_a_file_is_told_so(door: TestClient) -> None:
    found = door.get("/page/base.css")
    again = door.get("/page/base.css", headers={"If-None-Match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert door.get("/page/base.css", headers={"If-None-Match": '"no"'}).status_code == 200


def test_nothing_but_the_page_is_sent(door: TestClient) -> None:
    for path in ("/page/none.js", "/page/../app.py", "/page/%2e%2e%2fapp.py", "/page/__init__.py"):
        assert door.get(path).status_code == 404
    assert door.post("/").status_code == 405


def test_the_page_opens_without_a_key_and_what_it_asks_does_not(serve: Serve, model: Path) -> None:
    client = serve(model, keys=True)
    assert client.get("/").status_code == client.get("/operator").status_code == 200
    assert client.get("/v1/items").status_code == client.get("/v1/store").status_code == 401


def test_answers_of_the_api_keep_their_own_stricter_headers(door: TestClient) -> None:
    found = door.get("/v1/model").headers
    assert found["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert found["cache-control"] == "no-store"


def colours(dark: bool) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", (FOLDER / "base.css").read_text("utf-8"), re.S)
    named = [dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in blocks]
    return {**named[0], **(named[1] if dark else {})}


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_stand_out_from_what_is_behind_them(dark: bool) -> None:
    told: dict[str, Any] = colours(dark)
    pairs = [
        (text, back) for text in ("ink", "soft", "accent", "warn") for back in ("paper", "card")
    ]
    pairs += [("ink", "fill"), ("soft", "fill"), ("accent", "fill"), ("ink", "raised")]
    pairs += [("ink", "accent-soft"), ("accent-ink", "accent")]
    for text, back in pairs:
        low, high = sorted((luminance(told[text]), luminance(told[back])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, back)
