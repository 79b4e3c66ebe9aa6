"""A PostgreSQL server of the tests' own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server that runs, as a user that may run one, while the block lasts."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg", reason="needs metarec[sql]")

    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg-") as place:
        if user:
            shutil.chown(place, user)
        run = {"user": user, "cwd": place, "check": True, "stdout": subprocess.DEVNULL}
        data, socket = f"{place}/data", f"-k {place} -c listen_addresses= -c fsync=off"
        subprocess.run([initdb, "-D", data, "-A", "trust", "-U", "ann", "--no-sync"], **run)
        subprocess.run(
            [pg_ctl, "-D", data, "-w", "-o", socket, "-l", f"{place}/log", "start"], **run
        )
        try:
            yield f"postgresql://ann:s3cret@/postgres?host={place}"
        finally:
            subprocess.run([pg_ctl, "-D", data, "-m", "immediate", "stop"], **run)


def program(name: str) -> str | None:
    """Where a program of the server lies: on the path, or where Debian keeps it; None: nowhere."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return shutil.which(name) or next(map(str, kept), None)
