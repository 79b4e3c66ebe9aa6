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
    lines += ["", *next_events(), ""]
    lines += [f"Made by `make bench`; the files are in [benchmarks/results]({_link()})."]
    return "\n".join(lines)


def next_events() -> list[str]:
    """NDCG@10 of every row for the next event, one column a shop, best first on the first shop."""
    shops: dict[str, dict[str, float]] = {}
    for file in sorted(RESULTS.glob("next_event_*.json")):
        cells = json.loads(file.read_text(encoding="utf-8"))["results"]
        shop = file.stem.removeprefix("next_event_").replace("_", "-")
        shops[shop] = {c["model"]: c["mean"] for c in cells if c["metric"] == "ndcg@10"}
    if not shops:
        return []
    models = list(dict.fromkeys(model for found in shops.values() for model in found))
    models.sort(key=lambda model: -max(found.get(model, 0.0) for found in shops.values()))
    lines = [
        "The next event, leave-last-out with full ranking (NDCG@10). MovieLens' ratings are taken "
        "as events, whatever they say; fitted to the ratings as ratings the model orders by how "
        "they will be liked, not by what comes next, and has 0.016 on movielens-100k. The rows "
        "with recency and co-occurrence stand as they are:",
        "",
        "| " + " | ".join(["", *shops]) + " |",
        "|---" * (len(shops) + 1) + "|",
    ]
    for model in models:
        cells = [f"{found[model]:.4f}" if model in found else "" for found in shops.values()]
        lines.append("| " + " | ".join([model, *cells]) + " |")
    return lines


def _link() -> str:
    return RESULTS.relative_to(README.parent).as_posix()
