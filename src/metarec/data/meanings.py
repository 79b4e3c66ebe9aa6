"""What the values and the kinds of a shop's events mean, in lines to print."""

import json

import polars as pl

from metarec.contracts.dataset import Dataset
from metarec.data.looks_of_kinds import refusals


def meanings(data: Dataset) -> list[str]:
    """The scale of ratings, then each kind of event with its part and its count."""
    lines = []
    if data.feedback == "rating":
        low, high = data.scale
        how = (
            "declared" if data.declared_scale else "recognised; scale in dataset.toml says another"
        )
        lines.append(f"scale     {low:g} to {high:g} ({how})")
    counts = kind_counts(data)
    for name, kinds in (("target", data.target_kinds), ("negative", data.negative_kinds)):
        if kinds:
            told = ", ".join(f"{kind} ({counts.get(kind, 0):,})" for kind in kinds)
            lines.append(f"{name:<9} {told}")
    others = {k: n for k, n in counts.items() if k not in data.target_kinds + data.negative_kinds}
    if others:
        name = "support" if data.target_kinds else "kinds"
        lines.append(f"{name:<9} {', '.join(f'{k} ({n:,})' for k, n in sorted(others.items()))}")
    return lines + [f"{'doubtful':<9} {line}" for line in doubts_of_kinds(data)]


def doubts_of_kinds(data: Dataset) -> list[str]:
    """Kinds that look like a return or a refusal, and are not declared to be negative."""
    declared = {*data.target_kinds, *data.negative_kinds}
    found = refusals(sorted(kind_counts(data).keys() - declared))
    if not found:
        return []
    named = json.dumps([*data.negative_kinds, *found], ensure_ascii=False)
    return [
        f"{', '.join(found)} may speak against an item and count as liking it: if so, set "
        f"negative_kinds = {named} in dataset.toml"
    ]


def kind_counts(data: Dataset) -> dict[str, int]:
    """How many events each kind has."""
    if "event" not in data.interactions.columns:
        return {}
    kinds = data.interactions["event"].cast(pl.String).drop_nulls().alias("kind")
    return dict(kinds.value_counts(sort=True).iter_rows())
