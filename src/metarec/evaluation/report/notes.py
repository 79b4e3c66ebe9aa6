"""What a report says beside its numbers: what they rest on, and what a reader must know."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from metarec.evaluation.report.footnotes import shared_notes
from metarec.evaluation.report.verdict import ANSWERS_ALL
from metarec.evaluation.report.words import as_percent
from metarec.evaluation.statistics.merging import EACH
from metarec.evaluation.statistics.results import Results


def excludes_of(results: Results) -> list[str]:
    """The leaks that every split of the results rules out."""
    excludes = results.protocol.get("excludes", [])
    if not isinstance(excludes, Mapping):
        return list(excludes)
    first, *others = excludes[EACH]
    return [leak for leak in first if all(leak in other for other in others)]


def trials_of(results: Results) -> list[dict[str, Any]]:
    """How often each model was tried on validation, and what was chosen."""
    if results.trials is None:
        return []
    grouped = results.trials.group_by(["model", "objective"], maintain_order=True)
    best = pl.col("settings").filter(pl.col("best")).first()
    return grouped.agg(pl.len().alias("trials"), best.alias("settings")).to_dicts()


def notes_of(results: Results) -> list[str]:
    """What a reader must know before believing a row."""
    models = results.protocol.get("models", {})
    notes = shared_notes(results)
    notes += [
        f"{name} orders items without predicting ratings, so it has no rating error."
        for name, facts in models.items()
        if results.dataset.get("feedback") == "rating" and not facts.get("predicts_ratings", True)
    ]
    answered = results.summary().filter((pl.col("metric") == "answered") & pl.col("k").is_null())
    notes += [
        f"{row['model']} answered {as_percent(row['mean'])} of the ratings asked for in "
        f"{row['scenario']}; its errors are over those alone, and it cannot win on them."
        for row in answered.filter(pl.col("mean") < ANSWERS_ALL).to_dicts()
    ]
    return notes
