"""What the page of the service says, and the example of a product beside it."""

import json
import re
import runpy
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

from fastapi.testclient import TestClient

from .services import Serve

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "serving.md").read_text("utf-8")


@pytest.mark.parametrize("which", ["model", "rating_model"])
def test_the_example_runs_from_a_stranger_to_being_forgotten(
    serve: Serve,
    which: str,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = serve(request.getfixturevalue(which))

    def instead(**_: object) -> TestClient:
        return client

    names = runpy.run_path(str(ROOT / "examples" / "client.py"))
    monkeypatch.setattr("httpx.Client", instead)
    monkeypatch.setattr("sys.argv", ["client.py"])
    names["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if re.match(r"\d\. ", line)]) == 5
    assert "forgotten: 2 events" in lines


def test_the_example_says_in_one_line_that_no_service_runs() -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, str(ROOT / "examples" / "client.py"), url]
        ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line.startswith(f"no service answers at {url}")
    assert line.endswith("; metarec serve starts one")


def curls_of(section: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The calls of a section's shell lines: the comment above, the verb and path, what is sent."""
    block = PAGE.partition(f"## {section}")[2].partition("```sh\n")[2].partition("```")[0]
    found, above = [], ""
    for line in block.replace("\\\n", "").splitlines():
        if line.startswith("#"):
            above = line
            continue
        words = shlex.split(line)
        verb = words[words.index("-X") + 1] if "-X" in words else "GET"
        url = next(word for word in words if word.startswith("localhost"))
        told = [
            words[at + 1] for at, word in enumerate(words) if word in ("-d", "--data-urlencode")
        ]
        sent = (
            {"params": dict(pair.split("=", 1) for pair in told)}
            if "-G" in words
            else {"json": json.loads(told[0])}
            if told
            else {}
        )
        found.append((above, f"{verb} {url.removeprefix('localhost:8000')}", sent))
    return found


@pytest.mark.parametrize(("which", "other"), [("model", "ratings"), ("rating_model", "events")])
def test_the_first_calls_of_the_page_are_answered_in_both_kinds_of_shop(
    serve: Serve, which: str, other: str, request: pytest.FixtureRequest
) -> None:
    client, ran = serve(request.getfixturevalue(which)), 0
    for above, call, sent in curls_of("Tell, and ask"):
        if f"a shop of {other}" in above:
            continue
        verb, path = call.split()
        answer = client.request(verb, path, **sent)
        assert answer.is_success, (call, answer.text)
        ran += 1
    assert ran == 3
    assert client.get("/v1/users/42/history").json()["count"] == 1


def test_the_page_names_every_endpoint_and_no_other(client: TestClient) -> None:
    described: dict[str, Any] = client.get("/v1/openapi.json").json()["paths"]
    table = [line for line in PAGE.splitlines() if "`" in line and line.startswith("| ")]
    said = {re.sub(r"\{\w+\}", "{}", path) for path in re.findall(r"/[\w/{}]+", " ".join(table))}
    full = {re.sub(r"\{\w+\}", "{}", path) for path in described}
    short = {path.removeprefix("/v1/items") for path in full}
    assert {path for path in full if path not in said} <= {f"/v1/items{path}" for path in said}
    assert said <= full | short


def test_the_limits_that_the_page_tells_are_those_that_hold() -> None:
    from metarec.serving.api import limits

    assert limits.BODY_BYTES == 10 * 2**20
    for told in ("10 MiB", f"{limits.EVENTS:,} events", f"ids {limits.ID_LENGTH} characters"):
        assert told in " ".join(PAGE.split())
    assert f"lists {limits.LONGEST_LIST:,} items" in " ".join(PAGE.split())
