"""The tables and pictures of a report, as plain values for its template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from metarec.evaluation.protocol.caveats import people_of
from metarec.evaluation.protocol.measures import NEEDS_RATINGS
from metarec.evaluation.report.pictures import (
    calibration_curve_picture,
    learning_curve,
    pooled,
)
from metarec.evaluation.report.table import best_model, rank_models
from metarec.evaluation.report.verdict import Verdict
from metarec.evaluation.report.words import as_percent, number, support_label
from metarec.evaluation.statistics.results import Results
from metarec.evaluation.statistics.significance import compare

CURVE_MODELS = 8
MARKS = {
    "better": ("▲", "significantly better than"),
    "worse": ("▼", "significantly worse than"),
    "level": ("≈", "no significant difference from"),
}


@dataclass(frozen=True)
class Cell:
    """One mean of a table with its interval, and how it compares with the judged model."""

    mean: str
    interval: str
    mark: str = ""
    meaning: str = ""
    best: bool = False


def scenarios_of(results: Results, found: Verdict, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """One table a scenario: models best first, a cell for each metric."""
    summary = results.summary().filter(pl.col("k").is_null())
    marks, people = _marks(results, found, metrics), people_of(results)
    tables = []
    for scenario in results.scenarios:
        part = summary.filter(pl.col("scenario") == scenario)
        cells = {(row["model"], row["metric"]): row for row in part.to_dicts()}
        best = {metric: best_model(part, metric) for metric in metrics}
        rows = [
            {
                "model": model,
                "judged": model == found.judged,
                "cells": [
                    _cell(cells.get((model, m)), marks.get((scenario, m, model), ""), best[m])
                    for m in metrics
                ],
            }
            for model in rank_models(part, found.metric)
        ]
        tables.append(
            {
                "name": scenario,
                "rows": rows,
                "users": people.get(scenario, 0),
                "outcome": found.outcomes.get(scenario, ""),
            }
        )
    return tables


def _cell(row: Mapping[str, Any] | None, mark: str, best: str | None) -> Cell:
    if row is None:
        return Cell("–", "")
    sign, meaning = MARKS.get(mark, ("", ""))
    low, high = number(row["low"]), number(row["high"])
    interval = "" if low == "–" else f"{low} to {high}"
    return Cell(number(row["mean"]), interval, sign, meaning, row["model"] == best)


def _marks(
    results: Results, found: Verdict, metrics: Sequence[str]
) -> dict[tuple[str, str, str], str]:
    """How each other model compares with the judged one: better, worse or level."""
    judging = metrics if found.judged else ()
    tables = [compare(results, found.judged, metrics=[metric], k=[None]) for metric in judging]
    marks = {}
    # last, so that its marks stand: the first line must agree with the tables
    rows = pl.concat([*tables, found.comparisons]).filter(pl.col("better").is_not_null())
    for row in rows.to_dicts():
        judged_is_better = "worse" if row["better"] else "better"
        mark = judged_is_better if row["significant"] else "level"
        marks[row["scenario"], row["metric"], row["against"]] = mark
    return marks


def closest(results: Results, found: Verdict) -> list[str]:
    """The models worth a line in a picture: the judged one and those nearest to the top."""
    summary = results.summary().filter(pl.col("k").is_null() & (pl.col("metric") == found.metric))
    ranks: dict[str, list[int]] = {}
    for scenario in results.scenarios:
        part = summary.filter(pl.col("scenario") == scenario)
        for place, model in enumerate(rank_models(part, found.metric)):
            ranks.setdefault(model, []).append(place)
    ordered = sorted(ranks, key=lambda model: sum(ranks[model]) / len(ranks[model]))
    first = [found.judged] if found.judged else []
    return [*first, *(m for m in ordered if m != found.judged)][:CURVE_MODELS]


def curves_of(
    results: Results, metrics: Sequence[str], colours: Mapping[str, int]
) -> list[dict[str, Any]]:
    """A picture and its numbers for each scenario: one of the rating error, one of the order.

    The first of the metrics stands first.
    """
    summary = results.summary().filter(
        pl.col("k").is_not_null() & pl.col("model").is_in(list(colours))
    )
    sizes = summary["k"].unique().sort().to_list()
    if len(sizes) < 2:
        return []
    metrics = [m for m in metrics if m in results.metrics]
    chosen = (
        metrics[:1]
        + [m for m in metrics if (m in NEEDS_RATINGS) != (metrics[0] in NEEDS_RATINGS)][:1]
    )
    curves = []
    for scenario in results.scenarios:
        for metric in chosen:
            part = summary.filter((pl.col("scenario") == scenario) & (pl.col("metric") == metric))
            if part.is_empty():
                continue
            means = {(r["model"], r["k"]): number(r["mean"]) for r in part.to_dicts()}
            rows = [
                (model, [means.get((model, size), "–") for size in sizes])
                for model in colours
                if any((model, size) in means for size in sizes)
            ]
            svg = learning_curve(part, scenario, metric, {m: colours[m] for m, _ in rows})
            curves.append(
                {"scenario": scenario, "metric": metric, "svg": svg, "sizes": sizes, "rows": rows}
            )
    return curves


def calibration_part(results: Results, colours: Mapping[str, int]) -> dict[str, Any] | None:
    """The picture, and the 90 % interval's observed share for each model and group."""
    if results.calibration.is_empty():
        return None
    at_90 = results.calibration.filter((pl.col("level") - 0.9).abs() < 1e-9)
    whole = at_90.filter(pl.col("k").is_null())
    models = list(dict.fromkeys(whole["model"]))
    shown = {m: n for m, n in colours.items() if m in models}
    by_size = at_90.filter((pl.col("group") == "all") & pl.col("k").is_not_null())
    sized = pooled(by_size, ["model", "k"]).with_columns(
        pl.col("k").map_elements(support_label, return_dtype=pl.String).alias("group")
    )
    groups = pl.concat(
        [pooled(whole, ["model", "group"]), sized.select("model", "group", "observed", "n")]
    )
    names = groups["group"].unique(maintain_order=True).to_list()
    cells = {(r["model"], r["group"]): r["observed"] for r in groups.to_dicts()}
    rows = [(g, [as_percent(cells.get((m, g), float("nan"))) for m in models]) for g in names]
    svg = calibration_curve_picture(results.calibration, shown) if shown else ""
    return {"svg": svg, "models": models, "rows": rows, "legend": shown}
