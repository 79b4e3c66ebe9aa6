"""Running the tests on a copy of the project that holds one mutant."""

import ast
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tools.mutants.source import Mutant

LEFT = frozenset({"__pycache__", "build", "demo", "dist"})
"""Top-level folders that no test needs, beside all whose name begins with a dot."""
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "--no-header")
IMPORTED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""A library with a plugin of pytest is there before pytest is."""
WARM = Path(__file__).with_name("warm.py")
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
    """A copy of the project, in a folder outside it, in which files may be broken.

    A warm process waits beside it for tests to run, until the copy is left.
    """

    _moments = itertools.count(1_000_000_000)
    """Each written file gets a time of its own, so that no compiled file passes for another."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = folder / "project"
        self.temporary = folder / "temporary"
        self.temporary.mkdir(parents=True)
        self.root.mkdir()
        self._warm: subprocess.Popen[bytes] | None = None
        for entry in root.iterdir():
            if entry.name in LEFT or entry.name.startswith(".") or (entry / ".git").exists():
                continue
            if entry.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")
                shutil.copytree(entry, self.root / entry.name, ignore=ignored)
            else:
                shutil.copy2(entry, self.root / entry.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._warm:
            self._warm.communicate()  # nothing more is asked, so that it ends

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

    def run(self, tests: Sequence[str | Path], timeout_s: float, record: Path | None = None) -> Ran:
        """These files or single tests, in this order, up to the first that fails.

        Which functions they call is written to `record`.
        """
        warm = self._warm = self._warm or self._warmed()
        assert warm.stdin
        assert warm.stdout
        said = self.temporary / "said"
        asked = {"arguments": [*PYTEST, *IMPORTED, *map(str, tests)], "said": str(said)}
        if record:
            asked["record"] = str(record)
        began = time.monotonic()
        warm.stdin.write(json.dumps(asked).encode() + b"\n")
        process = int(warm.stdout.readline())
        ended, _, _ = select.select([warm.stdout], [], [], timeout_s)
        end_group(process)
        code = int(warm.stdout.readline())
        passed = bool(ended) and code in (0, NO_TESTS)
        text = said.read_text("utf-8", errors="replace").strip()
        return Ran(passed, time.monotonic() - began, text, timed_out=not ended)

    def _warmed(self) -> subprocess.Popen[bytes]:
        """The process that waits, with every library imported that a file of the project names."""
        return subprocess.Popen(
            [sys.executable, "-P", WARM, *libraries(self.root)],
            cwd=self.root,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    def _environment(self) -> dict[str, str]:
        ours = {
            "PYTHONPATH": str(self.root / "src"),
            "OMP_NUM_THREADS": "1",
            # of two mutants of one length in one second the second would be served as the first
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.temporary / "hypothesis"),
            "TMPDIR": str(self.temporary),
        }
        return os.environ | ours


def libraries(root: Path) -> list[str]:
    """The modules that the code and the tests import and that are none of the project's own."""
    files = [*root.glob("src/**/*.py"), *root.glob("tests/**/*.py")]
    named: set[str] = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_bytes()))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            named.add(node.module)
    own = {folder.name for folder in [*root.glob("src/*"), *root.iterdir()]}
    return sorted(name for name in named if name.split(".")[0] not in own)


def end_group(process: int) -> None:
    """Ends what the tests have started, also what they have left behind, and nothing else."""
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
