"""Running the tests on a copy of the project that holds one mutant."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.source import Mutant

LEFT = frozenset({"__pycache__", "build", "demo", "dist"})
"""Top-level folders that no test needs, beside all whose name begins with a dot."""
PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "--no-header")
NO_TESTS = 5
"""How pytest ends when it finds nothing to run: nothing has noticed the mutant."""


@dataclass(frozen=True)
class Ran:
    """How the tests ended: whether all passed, how long it took, and the last they said."""

    passed: bool
    seconds: float
    said: str
    timed_out: bool = False


class Copy:
    """A copy of the project, in a folder outside it, in which files may be broken."""

    _moments = itertools.count(1_000_000_000)
    """Each written file gets a time of its own, so that no compiled file passes for another."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = folder / "project"
        self._temporary = folder / "temporary"
        self._temporary.mkdir(parents=True)
        self.root.mkdir()
        for entry in root.iterdir():
            if entry.name in LEFT or entry.name.startswith(".") or (entry / ".git").exists():
                continue
            if entry.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")
                shutil.copytree(entry, self.root / entry.name, ignore=ignored)
            else:
                shutil.copy2(entry, self.root / entry.name)

    @contextmanager
    def holding(self, mutant: Mutant) -> Iterator[None]:
        """The copy with the mutant in it, and without it afterwards."""
        file = self.root / mutant.path
        sound = file.read_bytes()
        self._write(file, mutant.applied(sound))
        try:
            yield
        finally:
            self._write(file, sound)

    def _write(self, file: Path, data: bytes) -> None:
        file.write_bytes(data)
        moment = next(self._moments)
        os.utime(file, (moment, moment))

    def run(self, files: Sequence[Path], timeout_s: float) -> Ran:
        """The tests in these files, in this order, up to the first that fails."""
        began, timed_out = time.monotonic(), False
        command = [sys.executable, *PYTEST, *(file.as_posix() for file in files)]
        with (self._temporary / "said").open("w+", encoding="utf-8", errors="replace") as said:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env=self._environment(),
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                passed = process.wait(timeout_s) in (0, NO_TESTS)
            except subprocess.TimeoutExpired:
                passed, timed_out = False, True
            finally:
                end_group(process)
            said.seek(0)
            return Ran(passed, time.monotonic() - began, said.read().strip(), timed_out)

    def _environment(self) -> dict[str, str]:
        ours = {
            "PYTHONPATH": str(self.root / "src"),
            "OMP_NUM_THREADS": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self._temporary / "hypothesis"),
            "TMPDIR": str(self._temporary),
        }
        return os.environ | ours


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends what the tests have started, also what they have left behind, and nothing else."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
