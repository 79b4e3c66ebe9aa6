"""A picture of a search: what each trial had, and what each setting was worth."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from metarec.evaluation.protocol.measures import better
from metarec.files.atomic import whole_file
from metarec.jobs.tuning.search import ENDED_EARLY, Tuned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS, WIDTH, HEIGHT = 3, 3.4, 2.6
DECADES = 1.5
"""Powers of ten from which numbers stand on a logarithmic scale."""
DONE, EARLY, BEST = "#2a6fb0", "#9aa5b1", "#d1495b"


def draw_search(tuned: Tuned, path: Path) -> None:
    """Write an SVG: values by trial with the best so far, then by each setting."""
    import matplotlib
    from matplotlib.figure import Figure

    trials = tuned.trials.filter(pl.col("value").is_not_null())
    settings = [json.loads(told) for told in trials["settings"]]
    names = sorted({name for told in settings for name in told})
    n_rows = -(-(1 + len(names)) // COLUMNS)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "search"}):
        figure = Figure(figsize=(COLUMNS * WIDTH, n_rows * HEIGHT), layout="constrained")
        grid = figure.subplots(n_rows, COLUMNS, squeeze=False).ravel()
        objective = str(trials["objective"][0])
        _by_trial(grid[0], trials, objective)
        for axes, name in zip(grid[1:], names, strict=False):
            told = [(own[name], place) for place, own in enumerate(settings) if name in own]
            _by_setting(axes, name, told, trials)
        for axes in grid[1 + len(names) :]:
            axes.set_axis_off()
        figure.suptitle(f"{trials['model'][0]}: {objective} on validation")
        with whole_file(path) as new:
            figure.savefig(new, format="svg", metadata={"Date": None, "Creator": None})


def _by_trial(axes: "Axes", trials: pl.DataFrame, objective: str) -> None:
    done = trials.filter(pl.col("state") != ENDED_EARLY)
    values = done["value"]
    so_far = values.cum_min() if better(objective) == "lower" else values.cum_max()
    axes.scatter(trials["trial"], trials["value"], s=16, color=_colours(trials))
    axes.step(done["trial"], so_far, where="post", color=BEST, linewidth=1.2)
    axes.set(xlabel="trial", ylabel=objective)


def _by_setting(
    axes: "Axes", name: str, told: Sequence[tuple[Any, int]], trials: pl.DataFrame
) -> None:
    values, colours = trials["value"].to_list(), _colours(trials)
    axes.set_xlabel(name)
    numbers = [own for own, _ in told if isinstance(own, int | float) and not isinstance(own, bool)]
    if len(numbers) == len(told):
        places = numbers
        if min(numbers) > 0 and math.log10(max(numbers) / min(numbers)) > DECADES:
            axes.set_xscale("log")
    else:
        options = sorted({json.dumps(own) for own, _ in told})
        places = [options.index(json.dumps(own)) for own, _ in told]
        axes.set_xticks(range(len(options)), options)
    rows = [row for _, row in told]
    axes.scatter(places, [values[row] for row in rows], s=16, color=[colours[row] for row in rows])


def _colours(trials: pl.DataFrame) -> list[str]:
    return [
        BEST if best else EARLY if state == ENDED_EARLY else DONE
        for best, state in trials.select("best", "state").iter_rows()
    ]
