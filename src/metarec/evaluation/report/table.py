"""Results as plain text, for a terminal or a log."""

from collections.abc import Mapping, Sequence

import polars as pl

from metarec.evaluation.protocol.caveats import people_of, warnings_of
from metarec.evaluation.protocol.measures import better
from metarec.evaluation.report.footnotes import attainable_of, shared_notes
from metarec.evaluation.report.words import as_percent, headlines, metric_label, number
from metarec.evaluation.statistics.results import Results

METRICS_SHOWN = 4


def table(results: Results, metrics: Sequence[str] | None = None, *, k: int | None = None) -> str:
    """One block a scenario: models by the first metric, best first, each mean with its interval.

    `k` is the support size shown (None: the whole support). `*` marks the best mean of a column.
    What a reader must know before believing a number stands above.
    """
    shown = headlines(results.metrics, METRICS_SHOWN) if metrics is None else list(metrics)
    size = pl.col("k").is_null() if k is None else pl.col("k") == k
    summary = results.summary().filter(size & pl.col("metric").is_in(shown))
    people = people_of(results)
    blocks = [
        _block(scenario, summary.filter(pl.col("scenario") == scenario), shown, people)
        for scenario in results.scenarios
    ]
    shares = attainable_of(results)
    held = ", ".join(f"{row['scenario']} {row['share']}" for row in shares)
    if {row["share"] for row in shares} == {as_percent(1.0)}:
        notes = ["Lists could hold all that people chose."]
    else:
        notes = [f"Lists could hold of what people chose: {held}."] if held else []
    notes += shared_notes(results)
    warnings = [f"Warning: {warning}." for warning in warnings_of(results)]
    lead = [*warnings, ""] if warnings else []
    legend = "Mean [95 % interval over users]; ↑ higher is better, ↓ lower; * best mean."
    return "\n".join([*lead, *blocks, legend, *notes])


def _block(
    scenario: str, summary: pl.DataFrame, metrics: Sequence[str], people: Mapping[str, int]
) -> str:
    cells = {(r["model"], r["metric"]): r for r in summary.to_dicts()}
    models = rank_models(summary, metrics[0] if metrics else "")
    best = {metric: best_model(summary, metric) for metric in metrics}
    rows = [["", *(metric_label(metric) for metric in metrics)]]
    for model in models:
        row = [model]
        for metric in metrics:
            cell = cells.get((model, metric))
            mark = "*" if cell is not None and best[metric] == model else ""
            row.append(
                "–" if cell is None else _cell(cell["mean"], cell["low"], cell["high"]) + mark
            )
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([f"{scenario} ({people.get(scenario, 0):,} users)", *lines, ""])


def rank_models(summary: pl.DataFrame, metric: str) -> list[str]:
    """All models of one scenario, best mean of the metric first; those without it behind."""
    models = list(dict.fromkeys(summary["model"]))
    measured = summary.filter((pl.col("metric") == metric) & pl.col("mean").is_not_nan())
    order = measured.sort("mean", descending=better(metric) != "lower", maintain_order=True)
    ranked = order["model"].to_list()
    return ranked + [model for model in models if model not in ranked]


def best_model(summary: pl.DataFrame, metric: str) -> str | None:
    """The model with the best mean in one scenario, None where no way is better."""
    if better(metric) == "neither":
        return None
    measured = summary.filter((pl.col("metric") == metric) & pl.col("mean").is_not_nan())
    return rank_models(measured, metric)[0] if len(measured) else None


def _cell(mean: float, low: float, high: float) -> str:
    if low != low:  # a number of the whole system has no interval
        return number(mean)
    return f"{number(mean)} [{number(low)}, {number(high)}]"
