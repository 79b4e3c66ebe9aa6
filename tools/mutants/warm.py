"""A process that has imported the libraries already, and forks for every run of the tests.

Imports of large libraries take longer than most tests. It runs as a file of its own, with the names
of the libraries as its arguments, reads what to run line by line, and answers with the number of
the process that runs it and then with how that ended.
"""

import contextlib
import importlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest


def main() -> None:
    """Answers until nothing is asked any more."""
    for name in sys.argv[1:]:
        with contextlib.suppress(Exception):  # an extra that is not installed
            importlib.import_module(name)
    for line in sys.stdin:
        sys.stdout.flush()
        process = os.fork()
        if not process:
            run(json.loads(line))
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def run(asked: dict[str, Any]) -> None:
    """Becomes a run of pytest in a session of its own, and ends with it."""
    code = 1
    try:
        os.setsid()
        said = os.open(asked["said"], os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for stream, at in [(nothing, 0), (said, 1), (said, 2)]:
            os.dup2(stream, at)
        sys.argv = ["pytest", *asked["arguments"]]
        sys.path.insert(0, os.getcwd())
        plugins = [Recorder(Path(asked["record"]))] if "record" in asked else []
        code = int(pytest.main(asked["arguments"], plugins))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Recorder:
    """Writes down which functions of the project each test calls, as file and first line.

    What is called while a test is set up may serve its neighbours too, and stands under the file;
    so does what the file of tests calls by itself while it is collected.
    """

    def __init__(self, record: Path) -> None:
        self.record, self.root, self.test = record, os.getcwd() + os.sep, ""
        self.collected = ""
        """The file that is being collected."""
        self.called: dict[str, set[int]] = defaultdict(set)
        self.codes: dict[int, tuple[CodeType, bool]] = {}
        """Functions by identity, which is quicker than their content, and whether they are ours."""

    def seen(self, frame: FrameType, _event: str, _: object) -> None:
        """The beginning of a function, by `sys.settrace`: what follows in it is not traced."""
        code = frame.f_code
        if (known := self.codes.get(id(code))) is None:
            known = self.codes[id(code)] = (code, code.co_filename.startswith(self.root))
        if known[1] and (not self.collected or self.by_tests(frame)):
            self.called[self.test].add(id(code))

    def by_tests(self, frame: FrameType) -> bool:
        """False for what modules call while a file of tests imports them."""
        above: FrameType | None = frame
        while above and above.f_code.co_name != "<module>":
            above = above.f_back
        return above is not None and above.f_code.co_filename == self.collected

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        """A file of tests, which may call much by itself."""
        if isinstance(collector, pytest.Module):
            self.collected = str(collector.path)
            yield from self.watched(collector.nodeid)
            self.collected = ""
        else:
            yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """The fixtures of a test."""
        yield from self.watched(item.nodeid.split("::")[0])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """A test, whatever its parameters."""
        yield from self.watched(item.nodeid.split("[")[0])

    def watched(self, test: str) -> Iterator[None]:
        """Watches what is called until it goes on."""
        self.test = test
        sys.settrace(self.seen)
        yield
        sys.settrace(None)

    def pytest_sessionfinish(self) -> None:
        """The end of all tests."""
        called = {test: sorted({*map(self.place, codes)}) for test, codes in self.called.items()}
        self.record.write_text(json.dumps(called), encoding="utf-8")

    def place(self, function: int) -> tuple[str, int]:
        """The file of a function, below the root, and its first line."""
        code, _ = self.codes[function]
        return code.co_filename[len(self.root) :], code.co_firstlineno


if __name__ == "__main__":
    main()
