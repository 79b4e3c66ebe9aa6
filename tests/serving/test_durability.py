"""An event is acknowledged when it is on the disk: the trace of the system calls says so."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs metarec[serve]")

SCRIPT = """
import os, sys
from metarec.contracts import Event
from metarec.serving.store import Store, Told, database
if sys.argv[2] == "off":
    database.DURABLE = {"sqlite": ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = OFF")}
with Store(sys.argv[1]) as store:
    for n in range(3):
        os.write(2, b"asked")
        store.tell([Told("ann", Event(f"item-{n}"), str(n))])
        os.write(2, b"acknowledged")
"""


def calls_of(place: Path, sync: str) -> list[str]:
    """What the process did with the store's log, in order: asked, write, sync, acknowledged."""
    trace = place / "trace"
    kinds = "trace=write,pwrite64,fsync,fdatasync"
    command = ["strace", "-f", "-y", "-e", kinds, "-o", str(trace), sys.executable, "-c", SCRIPT]
    ran = subprocess.run([*command, str(place / "shop.db"), sync], capture_output=True, text=True)
    if "ptrace" in ran.stderr:
        pytest.skip("processes may not be traced here")
    assert ran.returncode == 0, ran.stderr
    found = []
    for line in trace.read_text().splitlines():
        if '"asked"' in line or '"acknowledged"' in line:
            found.append(line.split('"')[1])
        elif "shop.db-wal>" in line:
            found.append("sync" if "sync(" in line else "write")
    return found


def acknowledged_before_the_disk(calls: list[str]) -> int:
    """Acknowledgements of what no sync came after."""
    early, unsafe = 0, False
    for call in calls:
        if call == "write":
            unsafe = True
        elif call == "sync":
            unsafe = False
        elif call == "acknowledged":
            early += unsafe
    return early


@pytest.mark.slow
@pytest.mark.parametrize("sync", ["full", "off"])
def test_an_event_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path, sync: str) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    calls = calls_of(tmp_path, sync)
    assert calls.count("acknowledged") == 3
    assert calls.count("write") >= 3
    assert acknowledged_before_the_disk(calls) == (0 if sync == "full" else 3)
