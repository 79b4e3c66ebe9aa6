"""Asking the tests about mutants, several at once, each on a copy of its own."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue

from tools.mutants.memory import Finished, Memory
from tools.mutants.rooms import nearest_first, other_files, test_files
from tools.mutants.running import Copy, Ran
from tools.mutants.source import Mutant

PATIENCE = 4.0
"""A mutant may take this many times what the sound code takes, and a minute, before it is ended."""


@dataclass
class Judge:
    """Asks about the mutants of one project."""

    root: Path
    memory: Memory
    copies: Sequence[Copy]
    deep: bool = False
    timeout_s: float | None = None
    until: float = float("inf")
    """No mutant is begun after this moment of the monotonic clock."""
    _free: SimpleQueue[Copy] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        for copy in self.copies:
            self._free.put(copy)

    def judge(self, room: str, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Finished]]:
        """Each mutant with what became of it, as they end; those out of time are left out."""
        known = {mutant: self.memory.recall(mutant, self.deep) for mutant in mutants}
        yield from ((mutant, finished) for mutant, finished in known.items() if finished)
        waiting = [mutant for mutant, finished in known.items() if not finished]
        if waiting and time.monotonic() < self.until:
            rounds = list(self._rounds(room))
            with ThreadPoolExecutor(len(self.copies)) as pool:
                asked = {pool.submit(self._ask, mutant, rounds): mutant for mutant in waiting}
                for future in as_completed(asked):
                    if ran := future.result():
                        mutant = asked[future]
                        yield mutant, self.memory.keep(mutant, ran, self.deep)

    def _rounds(self, room: str) -> Iterator[tuple[list[Path], float]]:
        """Test files to ask, and the seconds they may take: the room's, then all others."""
        for files in [*test_files(self.root, room), *self._others(room)]:
            if self.timeout_s:
                yield files, self.timeout_s
            else:
                yield files, 60 + PATIENCE * self._sound(room, files).seconds

    def _others(self, room: str) -> list[list[Path]]:
        return [other_files(self.root, room)] if self.deep else []

    def _sound(self, room: str, files: Sequence[Path]) -> Ran:
        """How long the tests take without a mutant; they must pass, or nothing could be told."""
        ran = self.copies[0].run(files, timeout_s=3600)
        if not ran.passed:
            raise SystemExit(
                f"room {room}: expected its tests to pass without a mutant, they fail; "
                f"mend them first\n{ran.said[-2000:]}"
            )
        return ran

    def _ask(self, mutant: Mutant, rounds: Sequence[tuple[list[Path], float]]) -> Ran | None:
        """The last round of tests that was needed, with the seconds of all."""
        copy = self._free.get()
        seconds = 0.0
        ran = None
        try:
            for files, timeout_s in rounds:
                if time.monotonic() >= self.until:
                    return None
                doctests = [Path(mutant.path)] if not seconds else []
                order = [*doctests, *nearest_first(self.root, mutant, files)]
                ran = run_with(mutant, copy, order, timeout_s)
                seconds += ran.seconds
                if not ran.passed:
                    break
        finally:
            self._free.put(copy)
        return ran and replace(ran, seconds=seconds)


def run_with(mutant: Mutant, copy: Copy, files: Sequence[Path], timeout_s: float) -> Ran:
    """The tests on the copy with the mutant in it.

    Where they run out of time, the sound code is asked at once, with as much time: if it needs
    more too, then the machine is slow and not the mutant, and the mutant is asked with twice that.
    """
    while True:
        with copy.holding(mutant):
            ran = copy.run(files, timeout_s)
        if not ran.timed_out or not copy.run(files, timeout_s).timed_out:
            return ran
        timeout_s *= 2
