"""What a reader must know before the table: what may make its numbers say another thing."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from metarec.evaluation.protocol.attainable import LOW
from metarec.evaluation.statistics.results import Results

LEAST_PEOPLE = 2
"""Fewer have neither an interval nor a test."""


def warnings_of(results: Results) -> list[str]:
    """One sentence a warning: models that may have seen the test, nothing to judge, lost truth."""
    models: Mapping[str, Mapping[str, Any]] = results.protocol.get("models", {})
    leaks = [leak(name) for name, facts in models.items() if may_have_seen(facts)]
    return [*leaks, *_nothing_to_judge(results), *_low_shares(results)]


def may_have_seen(facts: Mapping[str, Any]) -> bool:
    """True for a model that is known not to have been fitted on the split's training part."""
    return facts.get("fitted_on_train") is False


def leak(name: str) -> str:
    """What to say of a model that may have learned from the very events that judge it."""
    return (
        f"{name} was not fitted on this split's training part; it may have seen the test events, "
        "and its numbers may flatter it"
    )


def people_of(results: Results) -> dict[str, int]:
    """How many people of each scenario have any value; a scenario without anybody is left out."""
    people = results.values.filter(pl.col("user_id").is_not_null() & pl.col("value").is_not_nan())
    return dict(people.group_by("scenario").agg(pl.col("user_id").n_unique()).iter_rows())


def _nothing_to_judge(results: Results) -> list[str]:
    counts, found = people_of(results), []
    for scenario in dict.fromkeys(s for part in results.parts for s in part["scenarios"]):
        n = counts.get(scenario, 0)
        if n < LEAST_PEOPLE:
            who = "one person" if n else "nobody"
            found.append(f"“{scenario}” has {who} to judge, so it says nothing of the models")
    return found


def attainable_shares(results: Results) -> pl.DataFrame:
    """What lists could hold of each scenario's query events, on the whole support, seeds pooled."""
    whole = results.attainable.filter(pl.col("k").is_null())
    summed = whole.group_by("scenario", maintain_order=True).agg(
        pl.col("events", "unavailable", "seen").sum()
    )
    return summed.with_columns(
        (1 - (pl.col("unavailable") + pl.col("seen")) / pl.col("events")).alias("share")
    )


def _low_shares(results: Results) -> list[str]:
    low = attainable_shares(results).filter(pl.col("share") < LOW)
    return [_low_share(row) for row in low.to_dicts()]


def _low_share(row: Mapping[str, Any]) -> str:
    reasons = []
    if row["seen"]:
        reasons.append(
            f"{row['seen'] / row['events']:.1%} are on items that the person had before, which "
            "lists leave out (show them with exclude_seen=False, --include-seen)"
        )
    if row["unavailable"]:
        reasons.append(
            f"{row['unavailable'] / row['events']:.1%} are on items that are not on offer or no "
            "candidates"
        )
    return (
        f"“{row['scenario']}”: no list can hold more than {row['share']:.1%} of what people chose; "
        + " and ".join(reasons)
    )
