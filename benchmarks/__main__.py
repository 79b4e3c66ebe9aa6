"""`python -m benchmarks [name ...]`: measure, keep the results, and write the tables of all.

Without names: everything. `python -m benchmarks table` only writes the tables from the files.
"""

import importlib
import json
import sys

from benchmarks.common import RESULTS, say
from benchmarks.measured import write_tables

NAMES = (
    "serving",
    "serving_http",
    "reading",
    "full_ranking",
    "growth",
    "million",
    "training_speed",
    "cold_start",
    "cold_items",
    "asking",
    "next_event",
    "strangers",
    "ablations",
)


def main() -> None:
    wanted = sys.argv[1:] or list(NAMES)
    unknown = [name for name in wanted if name not in (*NAMES, "table")]
    if unknown:
        sys.exit(f"no benchmark is called {unknown}; there are: {', '.join(NAMES)}, table")
    for name in wanted:
        if name == "table":
            continue
        say(f"== {name}")
        try:
            sys.argv = [name]
            importlib.import_module(f"benchmarks.{name}").main()
        except SystemExit as stop:  # data that is not there: say so, and go on with the others
            say(f"{name}: {stop}")
    write_tables()
    missed = [
        goal["goal"]
        for file in sorted(RESULTS.glob("*.json"))
        for goal in json.loads(file.read_text(encoding="utf-8")).get("goals", [])
        if not goal["met"]
    ]
    say(f"{len(missed)} goals missed" if missed else "every goal met")


if __name__ == "__main__":
    main()
