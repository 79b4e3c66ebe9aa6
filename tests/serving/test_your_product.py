"""What a product begins with: a page's script, a unit, a container, and their commands."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from metarec.cli.main import app
from metarec.contracts import Dataset
from metarec.data import generate
from metarec.serving.store import Store
from metarec.serving.store.keys import add_key

from .browsing import watched
from .services import Serve, after_a_second
from .test_api import answered
from .test_processes import running

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGE = (ROOT / "docs" / "your-product.md").read_text("utf-8")
SITE = "https://shop.example"


def lines_of(text: str) -> list[str]:
    """The commands of a page's shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line]


def words_of(line: str) -> list[str]:
    """What a line, also one that runs a container, says to `metarec`."""
    words = shlex.split(line, comments=True)
    if words[:2] == ["podman", "run"]:
        image = words.index("metarec")
        return words[image + 1 :] or command_of_container()
    return words[1:] if words[0].rpartition("/")[2] == "metarec" else []


def command_of_container() -> list[str]:
    text = (EXAMPLES / "Containerfile").read_text("utf-8")
    (entry,) = re.findall(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)
    (command,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    assert json.loads(entry) == ["metarec"]
    return list(json.loads(command))


def unit_lines() -> list[str]:
    text = (EXAMPLES / "metarec-serve.service").read_text("utf-8")
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")]


def parse(words: list[str]) -> None:
    """Read words as the command line does, and run nothing."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, words
        command, words = command.commands[words[0]], words[1:]
    command.make_context(command.name, list(words))


COMMANDS = [*lines_of(PAGE), *unit_lines(), "podman run metarec"]


@pytest.mark.parametrize("line", [line for line in COMMANDS if words_of(line)])
def test_every_command_is_one_that_there_is(line: str) -> None:
    parse(words_of(line))


def test_a_command_that_there_is_not_would_be_seen() -> None:
    for line in ("metarec serve --shop x", "metarec serve m --worker 2", "metarec keys make x"):
        with pytest.raises(Exception, match=r"No such option|'make'"):
            parse(words_of(line))
    assert sum(bool(words_of(line)) for line in COMMANDS) > 12


def test_the_container_says_the_commands_that_the_page_says() -> None:
    text = (EXAMPLES / "Containerfile").read_text("utf-8")
    said = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# podman")]
    assert len(said) == 6
    assert said == [line for line in lines_of(PAGE) if line.startswith("podman")]
    (installed,) = re.findall(r'pip install .*"(metarec\[.*\])"', text)
    assert installed in PAGE
    assert installed in (EXAMPLES / "metarec-serve.service").read_text("utf-8")


def option_of(line: str, name: str, default: str = "") -> str:
    words = shlex.split(line, comments=True)
    return words[words.index(name) + 1] if name in words else default


def test_each_call_is_made_with_a_key_that_may_make_it(
    serve: Serve, model: Path, tmp_path: Path
) -> None:
    client = serve(model, keys=True)
    database = client.app.state.service.store.database  # type: ignore[attr-defined]
    secret, calls = "", list[tuple[str, str]]()
    for line in lines_of(PAGE):
        if line.startswith("metarec keys add shop.db"):
            name, scopes = option_of(line, "--name"), option_of(line, "--scopes").split(",")
            sites = [option_of(line, "--origins")] if "--origins" in line else []
            secret = add_key(database, name, scopes, sites)[1]
            after_a_second(client)
        elif line.startswith("curl"):
            (path,) = re.findall(r"localhost:8000([^ ']*)", line)
            verb, sent = option_of(line, "-X", "GET"), option_of(line, "-d") or None
            sent = sent and re.sub(r"/var/lib/metarec/[^\"]*", str(model), sent)
            headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
            found = client.request(verb, path, content=sent, headers=headers)
            assert found.status_code in (200, 201), (line, found.text)
            assert found.json().get("known_item", True), line
            calls.append((verb, path.partition("?")[0]))
    nightly = {"Authorization": f"Bearer {secret}"}
    assert client.delete("/v1/users/42", headers=nightly).json()["events"] == 1
    assert ("POST", "/v1/model") in calls
    assert len(calls) == 3


@pytest.mark.parametrize("begin", ["metarec keys add shop", "podman", "metarec keys add postgres"])
def test_there_is_a_key_for_the_job_of_the_night_wherever_the_store_is(begin: str) -> None:
    keys = [line for line in lines_of(PAGE) if line.startswith(begin) and "keys add" in line]
    assert "admin" in [option_of(line, "--scopes") for line in keys]


def test_the_item_that_an_event_names_is_in_the_shop_that_the_page_generates() -> None:
    (users, items) = re.findall(r"my-shop --users (\d+) --items (\d+)", PAGE)[0]
    named = set(re.findall(r'"item_id": "(.*?)"', PAGE))
    shop = generate(users=int(users), items=int(items), kind="implicit").dataset
    assert named
    assert named <= set(shop.catalogue.ids)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_the_unit_is_one(tmp_path: Path) -> None:
    text = (EXAMPLES / "metarec-serve.service").read_text("utf-8")
    ours = tmp_path / "metarec-serve.service"
    command = ["systemd-analyze", "verify", str(ours)]
    ours.write_text(text.replace("/opt/metarec/bin/metarec serve", f"{sys.executable} serve"))
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    ours.write_text(text.replace("Restart=", "Restarts="))
    assert "Restarts" in subprocess.run(command, capture_output=True, text=True).stderr


VISIT = """
import { Shop } from "./shop_page.mjs";
const kept = new Map(), asked = [], answers = [503, 201, 401, 200, 410, 200];
const storage = { getItem: (n) => kept.get(n) ?? null, setItem: (n, v) => kept.set(n, v) };
globalThis.fetch = async (url, sent) => {
  asked.push({ url, method: sent.method, headers: sent.headers, body: JSON.parse(sent.body) });
  const status = answers.shift();
  return { ok: status < 300, status, json: async () => ({ detail: "no", items: [], next: "c" }) };
};
const shop = new Shop("", KEY, storage);
await shop.tell(ITEM, { kind: "buy" });
const refused = await shop.tell(ITEM).catch((error) => error.status);
const first = await shop.recommend({ k: 3 });
await shop.recommend({ k: 3, cursor: first.next });
console.log(JSON.stringify({ asked, refused, session: shop.session }));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_script_asks_what_the_service_answers_a_page(
    serve: Serve, model: Path, shop: Dataset, tmp_path: Path
) -> None:
    client, item = serve(model, keys=True), str(shop.catalogue.ids[3])
    database = client.app.state.service.store.database  # type: ignore[attr-defined]
    secret = add_key(database, "page", ["browser"], [SITE])[1]
    after_a_second(client)
    shutil.copy(EXAMPLES / "shop_page.js", tmp_path / "shop_page.mjs")
    given = f"const KEY = {json.dumps(secret)}, ITEM = {json.dumps(item)};"
    (tmp_path / "visit.mjs").write_text(given + VISIT)
    ran = subprocess.run(["node", str(tmp_path / "visit.mjs")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    first, again, other, listed, following, anew = said["asked"]
    assert first == again  # the same event once more, under the same key
    assert said["refused"] == 401
    assert {one["body"]["user_id"] for one in said["asked"]} == {said["session"]}
    assert other["body"]["key"] != first["body"]["key"]
    assert (following["body"]["cursor"], anew["body"]["cursor"]) == ("c", None)
    statuses, cursor = [], None
    for one in (first, again, other, listed, following, anew):
        body = one["body"] | ({"cursor": cursor} if one is following else {})
        asked = {"json": body, "headers": {**one["headers"], "Origin": SITE}}
        found = client.request(one["method"], one["url"], **asked)
        assert found.headers["access-control-allow-origin"] == SITE, found.text
        statuses.append(found.status_code)
        cursor = found.json().get("next", cursor)
    assert statuses == [201, 200, 201, 200, 200, 200]


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """A shop's own pages, on a port of their own: another origin than the service's."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows what the page complains of."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.slow
def test_a_page_of_a_shop_recommends_in_a_browser(
    chromium: Any, model: Path, shop: Dataset, tmp_path: Path
) -> None:
    item, folder = str(shop.catalogue.ids[3]), tmp_path / "site"
    folder.mkdir()
    shutil.copy(EXAMPLES / "shop_page.js", folder)
    place = tmp_path / "shop.db"
    with site(folder) as origin, running(model, place) as service:
        with Store(str(place)) as store:
            secret = add_key(store.database, "page", ["browser"], [origin])[1]
            reader = add_key(store.database, "backend", ["read"])[1]
        service.wait(lambda: service.get("/v1/model").status_code == 401)
        html = (EXAMPLES / "shop_page.html").read_text("utf-8")
        html = html.replace("https://api.shop.example", service.url).replace("mr_...", secret)
        (folder / "index.html").write_text(html.replace("589", item))
        with watched(chromium) as page:
            page.goto(origin)
            page.wait_for_selector("#for-you li")
            before = page.eval_on_selector_all(
                "#for-you li a", "all => all.map(a => a.dataset.item)"
            )
            assert len(before) == 5
            with page.expect_response(lambda r: r.url.endswith("/events")) as told:
                page.click(f'button[data-item="{item}"]')
            assert told.value.status == 201
            page.click("#for-you button")
            page.wait_for_function("document.querySelectorAll('#for-you li').length === 10")
            after = page.eval_on_selector_all(
                "#for-you li a", "all => all.map(a => a.dataset.item)"
            )
            session = page.evaluate("localStorage.getItem('metarec.session')")
        headers = {"Authorization": f"Bearer {reader}"}
        url = f"{service.url}/v1/users/{session}/history"
        history = answered(httpx.get(url, headers=headers))  # type: ignore[arg-type]
    assert [(one["item_id"], one["kind"]) for one in history["events"]] == [(item, "buy")]
    assert after[:5] == before
    assert len(set(after)) == 10
