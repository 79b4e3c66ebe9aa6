"""The README's picture: the learning curve of a person, from the cold-start result file."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from benchmarks.common import HEART, RESULTS

TARGET = Path(__file__).parents[1] / "docs" / "learning_curve.png"
PANELS = {
    "user_cold_state": "new people, known items",
    "item_cold_state": "known people, new items",
    "user_and_item_cold_state": "new people, new items",
}
COLOURS = {HEART: "#c0392b", "TextRidge": "#2c7fb8", "UserItemBias": "#7f8c8d"}
LABELS = {
    HEART: "metarec",
    "TextRidge": "text ridge + user bias",
    "UserItemBias": "user + item bias",
}


def main() -> None:
    written = json.loads((RESULTS / "cold_start.json").read_text(encoding="utf-8"))
    cells = [c for c in written["results"] if c["metric"] == "mae" and c["k"] is not None]
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), dpi=110, layout="constrained")
    for axis, (scenario, title) in zip(axes, PANELS.items(), strict=True):
        for model, colour in COLOURS.items():
            points = [c for c in cells if c["scenario"] == scenario and c["model"] == model]
            points.sort(key=lambda cell: cell["k"])
            places = range(len(points))
            axis.plot(places, [c["mean"] for c in points], "o-", color=colour, label=LABELS[model])
            low, high = [c["low"] for c in points], [c["high"] for c in points]
            axis.fill_between(places, low, high, color=colour, alpha=0.12, linewidth=0)
            axis.set_xticks(list(places), [str(c["k"]) for c in points])
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("events known of the person")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("mean absolute error (stars)")
    axes[0].legend(frameon=False, fontsize=9)
    figure.savefig(TARGET)


if __name__ == "__main__":
    main()
