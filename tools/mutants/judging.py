"""Asking the tests about mutants, several at once, each on a copy of its own."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tools.mutants.memory import Finished, Memory
from tools.mutants.reached import Reached
from tools.mutants.rooms import other_files, test_files
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

    def _rounds(self, room: str) -> Iterator[tuple[Reached, float]]:
        """Whom to ask, and the seconds they may take: the room's tests, then all others."""
        for files in [*test_files(self.root, room), *self._others(room)]:
            reached, seconds = self._sound(room, files)
            yield reached, self.timeout_s or 60 + PATIENCE * seconds

    def _others(self, room: str) -> list[list[Path]]:
        return [other_files(self.root, room)] if self.deep else []

    def _sound(self, room: str, files: Sequence[Path]) -> tuple[Reached, float]:
        """What the tests call without a mutant, and how long they take.

        It is found folder by folder, and kept for other rooms that ask the same folder.
        """
        called: dict[str, Any] = {}
        seconds = 0.0
        for _, some in groupby(files, key=lambda file: file.parts[:2]):
            here, took = self._sound_folder(room, list(some))
            called, seconds = called | here, seconds + took
        return Reached.of(called, self.root, files), seconds

    def _sound_folder(self, room: str, files: Sequence[Path]) -> tuple[dict[str, Any], float]:
        """They must pass, or nothing could be told; it is kept for runs on the same code."""
        known = self.memory.sound(files)
        if known is None:
            copy = self.copies[0]
            record = copy.temporary / "record.json"
            ran = copy.run(files, timeout_s=3600, record=record)
            if not ran.passed:
                raise SystemExit(
                    f"room {room}: expected its tests to pass without a mutant, they fail; "
                    f"mend them first\n{ran.said[-2000:]}"
                )
            known = json.loads(record.read_text("utf-8")), ran.seconds
            self.memory.keep_sound(files, *known)
        return known

    def _ask(self, mutant: Mutant, rounds: Sequence[tuple[Reached, float]]) -> Ran | None:
        """The last round of tests that was needed, with the seconds of all."""
        copy = self._free.get()
        seconds, doctests = 0.0, [mutant.path]
        ran = None
        try:
            for reached, timeout_s in rounds:
                if time.monotonic() >= self.until:
                    return None
                if not (tests := [*doctests, *reached.by(mutant)]):
                    continue
                ran = run_with(mutant, copy, tests, timeout_s)
                seconds, doctests = seconds + ran.seconds, []
                if not ran.passed:
                    break
        finally:
            self._free.put(copy)
        return ran and replace(ran, seconds=seconds)


def run_with(mutant: Mutant, copy: Copy, tests: Sequence[str], timeout_s: float) -> Ran:
    """The tests on the copy with the mutant in it.

    Where they run out of time, the sound code is asked at once, with as much time: if it needs
    more too, then the machine is slow and not the mutant, and the mutant is asked with twice that.
    """
    while True:
        with copy.holding(mutant):
            ran = copy.run(tests, timeout_s)
        if not ran.timed_out or not copy.run(tests, timeout_s).timed_out:
            return ran
        timeout_s *= 2
