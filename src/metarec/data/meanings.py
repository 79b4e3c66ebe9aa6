"""What the values and the kinds of a shop's events mean, in lines to print."""

import polars as pl

from metarec.contracts.dataset import Dataset


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
    return lines


def kind_counts(data: Dataset) -> dict[str, int]:
    """How many events each kind has."""
    if "event" not in data.interactions.columns:
        return {}
    kinds = data.interactions["event"].cast(pl.String).drop_nulls().alias("kind")
    return dict(kinds.value_counts(sort=True).iter_rows())
