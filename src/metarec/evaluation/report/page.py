"""The report of an evaluation: one HTML file that needs nothing but itself."""

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from metarec.evaluation.protocol.caveats import warnings_of
from metarec.evaluation.report.footnotes import attainable_of
from metarec.evaluation.report.headline import title_of
from metarec.evaluation.report.notes import excludes_of, notes_of, trials_of
from metarec.evaluation.report.parts import calibration_part, closest, curves_of, scenarios_of
from metarec.evaluation.report.pictures import colours_of
from metarec.evaluation.report.verdict import Verdict, verdict
from metarec.evaluation.report.words import headlines, metric_label, number, p_value, signed
from metarec.evaluation.statistics.merging import told
from metarec.evaluation.statistics.results import Results
from metarec.files.atomic import whole_file

METRICS_SHOWN = 6


def write_report(
    results: Results,
    path: str | Path,
    *,
    heart: str | None = None,
    simple: Sequence[str] | None = None,
    metric: str | None = None,
) -> Verdict:
    """Write `report.html` and give the verdict that stands in its headline and first line.

    `heart`, `simple` and `metric` are those of `verdict`. Every mark in the tables compares with
    the judged model, corrected over all rivals and scenarios of its metric.
    """
    found = verdict(results, heart, simple=simple, metric=metric)
    shown = headlines(results.metrics, METRICS_SHOWN)
    shown = [found.metric, *(m for m in shown if m != found.metric)]
    colours = colours_of(closest(results, found), found.judged)
    environment = Environment(
        loader=PackageLoader("metarec.evaluation.report.page", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(breakable=breakable, told=told)
    environment.globals.update(label=unbroken_label, number=number, p=p_value, signed=signed)
    text = environment.get_template("report.html").render(
        verdict=found,
        title=title_of(found.headline, told(results.dataset.get("name"))),
        dataset=results.dataset,
        protocol=results.protocol,
        versions=results.versions,
        seeds=results.seeds,
        n_models=len(results.models),
        warnings=warnings_of(results),
        excludes=excludes_of(results),
        attainable=attainable_of(results),
        parts=results.parts,
        metrics=shown,
        scenarios=scenarios_of(results, found, shown),
        all_metrics=results.metrics,
        summary=results.summary().filter(pl.col("k").is_null()).to_dicts(),
        curves=curves_of(results, [found.headline_metric, *shown], colours),
        legend=colours,
        calibration=calibration_part(results, colours),
        comparisons=found.comparisons.to_dicts(),
        trials=trials_of(results),
        notes=notes_of(results),
    )
    with whole_file(path) as new:
        new.write_text(text, encoding="utf-8")
    return found


def breakable(name: str) -> Markup:
    """The name as HTML that may break between its words, also where they are run together.

    >>> breakable("ItemKNN<b>")
    Markup('Item<wbr>KNN&lt;b&gt;')
    """
    return Markup("<wbr>").join(re.split(r"(?<=[a-z0-9_])(?=[A-Z])|(?<=[-_/.])", name))


def unbroken_label(metric: str) -> str:
    """The metric's label with its arrow held to it."""
    return "\N{NO-BREAK SPACE}".join(metric_label(metric).rsplit(" ", 1))
