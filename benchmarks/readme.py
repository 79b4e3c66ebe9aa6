"""The README's table of measured numbers, from the result files and nothing else."""

import json
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- measured: start -->", "<!-- measured: end -->"


def write_table() -> None:
    """Put the table between the README's two marks."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(START)
    _, after = rest.split(END)
    README.write_text(f"{before}{START}\n{table()}\n{END}{after}", encoding="utf-8")


def table() -> str:
    """One line a goal: what was aimed at, what was measured, and whether it was met."""
    lines = ["| goal | measured | |", "|---|---|---|"]
    for file in sorted(RESULTS.glob("*.json")):
        written: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        for goal in written.get("goals", []):
            mark = "met" if goal["met"] else "**missed**"
            lines.append(f"| {goal['goal']} | {goal['measured']} | {mark} |")
    lines += ["", f"Made by `make bench`; the files are in [benchmarks/results]({_link()})."]
    return "\n".join(lines)


def _link() -> str:
    return RESULTS.relative_to(README.parent).as_posix()
