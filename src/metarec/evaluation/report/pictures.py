"""Pictures of a report as inline SVG whose colours follow the page, dark or light."""

import html
import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from metarec.evaluation.report.words import metric_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#010203"
"""Stands for the page's text colour until the picture is in the page."""
FAINT = "#040506"
"""Stands for the page's colour of thin lines."""
SERIES = tuple(f"#1000{number:02d}" for number in range(10))
"""Stand for the page's ten colours of models, --series-0 to --series-9."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
WIDTH = 5.2
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",  # for its widths: the page names the font that is seen
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
}


def learning_curve(
    summary: pl.DataFrame, scenario: str, metric: str, colours: Mapping[str, int]
) -> str:
    """The learning curve of a person: support events against the metric, one band a model."""
    part = summary.filter(
        (pl.col("scenario") == scenario) & (pl.col("metric") == metric) & pl.col("k").is_not_null()
    ).sort("k")
    sizes = part["k"].unique().sort().to_list()
    place = {size: position for position, size in enumerate(sizes)}

    def draw(axes: "Axes") -> None:
        for model, number in colours.items():
            rows = part.filter(pl.col("model") == model)
            x = [place[size] for size in rows["k"]]
            colour = SERIES[number]
            front = number == 0  # the model that the report is about
            axes.fill_between(x, rows["low"], rows["high"], color=colour, alpha=0.11, linewidth=0)
            axes.plot(
                x,
                rows["mean"],
                color=colour,
                marker=MARKERS[number],
                markersize=5.5 if front else 4,
                linewidth=2.6 if front else 1.4,
                zorder=4 if front else 3,
            )
        axes.set_xticks(list(place.values()), [str(size) for size in sizes])
        axes.set_xlabel("events known of the person")
        axes.set_ylabel(metric_label(metric))

    return picture(
        draw, f"{metric_label(metric)} by number of known events, {scenario}", height=3.3
    )


def calibration_curve_picture(calibration: pl.DataFrame, colours: Mapping[str, int]) -> str:
    """Promised against observed share inside the central interval; the diagonal is honest."""
    part = calibration.filter((pl.col("group") == "all") & pl.col("k").is_null())

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)))
        for model, number in colours.items():
            rows = pooled(part.filter(pl.col("model") == model), ["level"]).sort("level")
            if rows.height:
                axes.plot(
                    rows["level"],
                    rows["observed"],
                    color=SERIES[number],
                    marker=MARKERS[number],
                    markersize=4.5,
                    linewidth=2.2 if number == 0 else 1.4,
                )
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="promised share", ylabel="observed share")
        axes.set_aspect("equal")

    return picture(
        draw, "Observed against promised share inside the interval", height=4.4, width=4.4
    )


def pooled(calibration: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Observed shares over scenarios and seeds together, each counted by its pairs."""
    grouped = calibration.group_by(list(by), maintain_order=True)
    share = (pl.col("observed") * pl.col("n")).sum() / pl.col("n").sum()
    return grouped.agg(share.alias("observed"), pl.col("n").sum())


def picture(
    draw: Callable[["Axes"], None], title: str, *, height: float, width: float = WIDTH
) -> str:
    """What `draw` puts on the axes, as one SVG element that scales with the page."""
    import matplotlib  # a second to import, and only reports need it
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**STYLE, "svg.hashsalt": title}):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        draw(axes)
        buffer = io.StringIO()
        silent = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=silent)
    return _themed(buffer.getvalue(), title)


def colours_of(models: Sequence[str], first: str) -> dict[str, int]:
    """A colour for each of up to ten models; `first`, if any, gets the strongest."""
    ordered = [*([first] if first else []), *(m for m in models if m != first)]
    return {model: number for number, model in enumerate(ordered[: len(SERIES)])}


def _themed(svg: str, title: str) -> str:
    """The bare element, named for screen readers, with the page's colours instead of stand-ins."""
    element = svg[svg.index("<svg") :].strip()
    element = element.replace(INK, "currentColor").replace(FAINT, "var(--line)")
    for number, colour in enumerate(SERIES):
        element = element.replace(colour, f"var(--series-{number})")
    label = html.escape(title, quote=True)
    head, _, body = element.partition(">")
    return f'{head} role="img" aria-label="{label}"><title>{label}</title>{body}'
