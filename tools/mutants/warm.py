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
from typing import Any


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
        import pytest

        code = int(pytest.main(asked["arguments"]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
