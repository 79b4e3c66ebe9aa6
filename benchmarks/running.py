"""Services in processes of their own, to be asked, measured and killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from benchmarks.serving import random_shop
from metarec.contracts import Dataset
from metarec.encoders import HashEncoder
from metarec.meta import MetaConfig, MetaRecommender
from metarec.serving.store import Store
from metarec.serving.store.shops import import_shop

PATIENCE_S = 60


class Running:
    """A service of so many processes, on a port of its own."""

    def __init__(self, model: Path, store: Path, workers: int, seconds: float = PATIENCE_S) -> None:
        command = [sys.executable, "-m", "metarec", "serve", str(model), "--store", str(store)]
        self.log = store.with_suffix(".log").open("ab")
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--workers", str(workers)],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said.startswith("serving at http"), said + store.with_suffix(".log").read_text()
        self.url = said.split()[2]
        self.wait(lambda: self.get("/v1/ready").status_code == 200, seconds)

    def wait(self, holds: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Return when something holds; fails where it does not come to it in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if holds():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError("the service did not come to it in time")

    def get(self, path: str) -> httpx.Response:
        """An answer over a new connection: whichever process takes it."""
        return httpx.get(self.url + path, timeout=PATIENCE_S)

    def memory(self, kind: str = "Rss") -> int:
        """Bytes of all its processes together; of "Pss" what they share counts once."""
        return sum(_bytes(process, kind) for process in self._processes())

    def cpu_s(self) -> float:
        """Seconds of CPU that all its processes have taken."""
        return sum(_cpu_s(process) for process in self._processes())

    def _processes(self) -> list[int]:
        own = self.process.pid
        found = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [own, *map(int, found)]

    def kill(self) -> None:
        """End all its processes at once, as a power cut does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End it as an operator does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


@contextmanager
def running(
    model: Path, store: Path, workers: int = 1, seconds: float = PATIENCE_S
) -> Iterator[Running]:
    """A service that answers within so many seconds, and ends with the block."""
    service = Running(model, store, workers, seconds)
    try:
        yield service
    finally:
        service.close()


@contextmanager
def model_in_store(items: int) -> Iterator[tuple[MetaRecommender, Dataset, Path, Path]]:
    """A shop without a pattern, its model, the folder of it, and a store that holds its events."""
    shop = random_shop(np.random.default_rng(0), items)
    model = MetaRecommender(HashEncoder(), MetaConfig(steps=20)).fit(shop)
    with tempfile.TemporaryDirectory() as scratch:
        folder, place = Path(scratch) / "shop.model", Path(scratch) / "shop.db"
        model.save(folder)
        with Store(str(place)) as store:
            import_shop(store, shop)
        yield model, shop, folder, place


def _cpu_s(process: int) -> float:
    told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _bytes(process: int, kind: str) -> int:
    try:
        rows = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:  # it has ended
        return 0
    return next(int(row.split()[1]) * 1024 for row in rows if row.startswith(f"{kind}:"))


def keys_in(place: Path) -> list[str]:
    """The keys of all events that a store holds."""
    with Store(str(place)) as store, store.database.reading() as connection:
        found = connection.exec_driver_sql("SELECT key FROM events").scalars().all()
    return [str(key) for key in found]
