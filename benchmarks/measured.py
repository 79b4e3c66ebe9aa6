"""What was measured: a page of all of it, and a few lines of the README, from the result files."""

import json
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS

ROOT = Path(__file__).parents[1]
README, PAGE = ROOT / "README.md", ROOT / "docs" / "measured.md"
START, END = "<!-- measured: start -->", "<!-- measured: end -->"
HIGHLIGHTS = (
    ("New people, films that others rated: MAE, and that of damped biases",
     "cold_start", "MAE, user_cold_state: significantly below bias"),
    ("New films, people with ratings: MAE, and that of damped biases",
     "cold_start", "MAE, item_cold_state: significantly below bias"),
    ("New people and new films: MAE, and that of damped biases",
     "cold_start", "MAE, user_and_item_cold_state: significantly below bias"),
    ("What 90 % intervals hold, new people, by what is known of them",
     "cold_start",
     "90 % intervals cover 87-93 %, user_cold_state: overall, per k, per known or new item"),
    ("New films in the lists of those who take them: Recall@20, and of iALS with a ridge map",
     "cold_items", "recall@20: at least level with the ridge map"),
    ("One person adapted and served, against the fold-in of implicit's ALS at equal size",
     "serving", "adapt + recommend singly, 64 features: within 4x of implicit's ALS, 64 factors"),
    ("Meta-training to the same error, against a loop over people",
     "training_speed",
     "meta-training: same validation MAE at least 10x sooner than a loop over users"),
)  # fmt: skip
"""Words for a reader, the result file, and the goal in it whose number is shown."""
NEXT = ("next_event_movielens_1m", "MetaRecommender")
"""The shop and the model of the line on the next event, which is told beside the best row."""


def write_tables() -> None:
    """The page, and what stands between the README's two marks."""
    page = f"# What was measured\n\n{WHERE}\n\n{table()}\n"
    PAGE.write_text(page, encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(START)
    _, after = rest.split(END)
    README.write_text(f"{before}{START}\n{highlights()}\n{END}{after}", encoding="utf-8")


WHERE = (
    "Each line is a goal, and a missed one says so. Two CPU cores, no GPU; MovieLens and Amazon "
    "Beauty, full ranking, paired tests over people corrected for the family of rows."
)


def highlights() -> str:
    """Eight lines that say what they are of; where a row wins, the line says it."""
    lines = ["| on MovieLens-1M | |", "|---|---|"]
    for words, file, goal in HIGHLIGHTS:
        written = json.loads((RESULTS / f"{file}.json").read_text(encoding="utf-8"))
        (measured,) = (g["measured"] for g in written["goals"] if g["goal"] == goal)
        lines.append(f"| {words} | {measured.replace(' < ', ' against ')} |")
    file, own = NEXT
    cells = json.loads((RESULTS / f"{file}.json").read_text(encoding="utf-8"))["results"]
    means = {c["model"]: c["mean"] for c in cells if c["metric"] == "ndcg@10"}
    best = max((mean, name) for name, mean in means.items() if name != own)
    verdict = "**a simple row wins**" if best[0] > means[own] else "ahead of every row"
    lines.append(
        f"| The next event of everyone, ratings as events: NDCG@10, and the best row ({best[1]}) | "
        f"{means[own]:.4f} against {best[0]:.4f}: {verdict} |"
    )
    return "\n".join(lines)


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
        "they will be liked too. The rows with recency and co-occurrence stand as they are:",
        "",
        "| " + " | ".join(["", *shops]) + " |",
        "|---" * (len(shops) + 1) + "|",
    ]
    for model in models:
        cells = [f"{found[model]:.4f}" if model in found else "" for found in shops.values()]
        lines.append("| " + " | ".join([model, *cells]) + " |")
    return lines


def _link() -> str:
    return f"../{RESULTS.relative_to(ROOT).as_posix()}"
