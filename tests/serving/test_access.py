"""Who may ask for what: every route of the application, also one that nobody thought of here."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from metarec.serving.api.browsers import OPEN
from metarec.serving.store.keys import add_key, revoke_key

from .services import Prepared, answering

SITE = "https://shop.example"
PAGE = {"/", "/operator", "/page/{name}"}
"""Files of the package, the same for everybody; they call the routes under /v1."""
FREE = {("GET", "/v1/health"), ("GET", "/v1/ready")}
SCOPES = ("read", "write", "admin")


class Door:
    """A service with keys of every sort."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        database = client.app.state.service.store.database  # type: ignore[attr-defined]
        self.keys = {scope: add_key(database, scope, [scope])[1] for scope in SCOPES}
        self.keys["browser"] = add_key(database, "page", ["browser"], [SITE])[1]
        gone, self.keys["revoked"] = add_key(database, "gone", SCOPES)
        revoke_key(database, gone.id)
        self.keys["wrong"] = self.keys["read"] + "x"
        paths = client.app.openapi()["paths"]  # type: ignore[attr-defined]
        self.routes = [(verb.upper(), path) for path, verbs in paths.items() for verb in verbs]

    def status(self, route: tuple[str, str], key: str | None, **headers: str) -> int:
        """What is answered to an empty question with a key."""
        if key is not None:
            headers["Authorization"] = f"Bearer {self.keys[key]}"
        path = re.sub(r"\{\w+\}", "x", route[1])
        found = self.client.request(route[0], path, json={}, headers=headers)
        return int(found.status_code)


@pytest.fixture(scope="module")
def door(
    model: Path, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    place = tmp_path_factory.mktemp("access") / "shop.db"
    shutil.copy(prepared(model), place)
    with ExitStack() as stack:
        yield Door(answering(stack, place, keys=True))


def paths_of(routes: Any) -> Iterator[str]:
    """The paths of all routes, also of those that the description leaves out."""
    for route in routes:
        if (inside := getattr(route, "original_router", None)) is not None:
            yield from paths_of(inside.routes)
        else:
            yield getattr(route, "path_format", None) or route.path


def test_every_route_is_described_but_the_page_itself(door: Door) -> None:
    """So that the tests here see it."""
    described = {path for _, path in door.routes}
    hidden = set(paths_of(door.client.app.routes)) - described  # type: ignore[attr-defined]
    assert hidden == {"/v1/openapi.json", *PAGE}
    assert len(door.routes) > 25
    assert door.routes == sorted(set(door.routes), key=door.routes.index)
    assert set(OPEN) <= set(door.routes)


@pytest.mark.parametrize("key", [None, "wrong", "revoked"])
def test_every_route_but_health_is_closed_without_a_key_that_holds(
    door: Door, key: str | None
) -> None:
    for route in door.routes:
        expected = 200 if route in FREE else 401
        assert door.status(route, key) == expected, route


def test_every_route_is_opened_by_one_scope_and_by_no_other(door: Door) -> None:
    for route in door.routes:
        if route in FREE:
            continue
        opened = [scope for scope in SCOPES if door.status(route, scope) not in (401, 403)]
        assert len(opened) == 1, (route, opened)
        if route[0] == "DELETE" or ("/items" in route[1] and route[0] in ("PUT", "PATCH")):
            assert opened == ["admin"], route


def test_a_browser_key_opens_few_routes_and_none_from_another_site(door: Door) -> None:
    for route in door.routes:
        if route in FREE:
            continue
        for origin in ("https://evil.example", SITE.upper(), "null"):
            assert door.status(route, "browser", Origin=origin) == 403, route
        assert door.status(route, "browser") == 403, route
        at_home = door.status(route, "browser", Origin=SITE)
        # what is posted needs a session besides
        closed = route not in OPEN or route[0] == "POST"
        assert (at_home in (403, 422)) if closed else at_home in (200, 404), (route, at_home)


def test_a_key_is_read_as_it_is_written(door: Door) -> None:
    route: Any = ("GET", "/v1/model")
    assert door.status(route, None, Authorization=f"bearer {door.keys['read']}") == 200
    for header in ("", "Bearer", f"Basic {door.keys['read']}", f"Bearer {door.keys['read']} x"):
        assert door.status(route, None, Authorization=header) == 401, header
