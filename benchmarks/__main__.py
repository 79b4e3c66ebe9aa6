"""`python -m benchmarks [name ...]`: measure, keep the results, and write the tables of all.

Without names: everything. `python -m benchmarks table` only writes the tables from the files, and
`python -m benchmarks rating_folds movielens-1m` measures on the data that is named.
"""

import importlib
import json
import sys

from benchmarks.common import RESULTS, say
from benchmarks.measured import write_tables

NAMES = (
    "serving",
    "service_load",
    "service_mixed",
    "service_memory",
    "service_kills",
    "service_million",
    "reading",
    "full_ranking",
    "growth",
    "people",
    "million",
    "training_speed",
    "inner_loops",
    "cold_start",
    "cold_items",
    "item_curve",
    "pretraining",
    "asking",
    "next_event",
    "new_users",
    "strangers",
    "rating_folds",
    "ablations",
    "regret",
)
ON_NAMED_DATA = ("next_event", "new_users", "rating_folds")
"""Behind these may stand the name of the data to measure on."""


def main() -> None:
    wanted, data = _told(sys.argv[1:] or list(NAMES))
    unknown = [name for name in wanted if name not in (*NAMES, "table")]
    if unknown:
        sys.exit(f"no benchmark is called {unknown}; there are: {', '.join(NAMES)}, table")
    for name in wanted:
        if name == "table":
            continue
        say(f"== {name}")
        try:
            sys.argv = [name, *data.get(name, [])]
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


def _told(words: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The benchmarks that are asked for, and the data that is named behind one."""
    wanted: list[str] = []
    data: dict[str, list[str]] = {}
    for word in words:
        if wanted and wanted[-1] in ON_NAMED_DATA and word not in (*NAMES, "table"):
            data.setdefault(wanted[-1], []).append(word)
        else:
            wanted.append(word)
    return wanted, data


if __name__ == "__main__":
    main()
