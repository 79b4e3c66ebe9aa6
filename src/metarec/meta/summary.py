"""What a fit says of itself at its end: how good, against what, and what carries it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from metarec.contracts.printing import counted
from metarec.meta.evidence.standing import Standing

LEAST_SHARE = 0.01


def refusals_told(metrics: Mapping[str, Any]) -> str | None:
    """What became of the events that speak against their item; None where there is none."""
    n = metrics.get("negative_events")
    if not n:
        return None
    heard = any(metrics.get("refusals", {}).values())
    return f"{counted(n, 'negative event')} {'heard' if heard else 'left out'}"


def adapted_told(metrics: Mapping[str, Any]) -> str | None:
    """What is a person's own, where steps of an updater adapt it; None for the closed form."""
    if "updater" not in metrics:
        return None
    return f"{counted(metrics['adapted_numbers'], 'number')} adapted by {metrics['updater']}"


def summary_of(metrics: Mapping[str, Any]) -> list[str]:
    """A few lines, for people, from the metrics of a fitted model."""
    choice = metrics.get("choice", metrics)
    lines = _of_prior(metrics)
    if adapted := adapted_told(metrics):
        lines.append(f"each person: {adapted}")
    if standing := choice.get("standing"):
        lines.append(f"lists: {Standing(**standing)}")
    if carried := _carried(choice.get("trust", {})):
        lines.append(f"carried by: {carried}")
    if losses := metrics.get("loss_by_d"):
        told = ", ".join(f"{loss:.3f} with {d}" for d, loss in losses.items())
        lines.append(
            f"features of an item: {min(losses, key=losses.get)}, of validation loss {told}"
        )
    if new := choice.get("standing_of_new_items"):
        lines.append(f"lists of new items: {Standing(**new)}")
    if found := choice.get("neighbours"):
        lines.append(
            f"what reads alike: {found['recall']:.0%} of the nearest items are found among some "
            f"{found['looked_among']:,} that are looked at"
        )
    if why := choice.get("order", {}).get("left_out"):
        lines.append(f"order of the history: left out, {why}")
    if choice.get("order", {}).get("cut_by_time"):
        lines.append("order of the history: time ended its training before it was done")
    if choice.get("shows_seen"):
        lines.append("people come back to what they had, so lists show it")
    if refusals := metrics.get("refusals"):
        told = ", ".join(f"{kind} {weight:.2g}" for kind, weight in refusals.items())
        lines.append(f"counts against what is like its item (an event for it counts 1): {told}")
    if "choice" in metrics and metrics.get("valid_loss") is not None:
        lines.append(
            f"ratings: mean absolute error {metrics['valid_loss']:.3f} on held-out people; a "
            f"standard deviation of them weighs {metrics['rating_weight']:g} beside the choice"
        )
    if np.isnan(metrics.get("other_variance", 0.0)) and "updater" in metrics:
        lines.append(f"how sure lists are is not known: {metrics['updater']} has no covariance")
    elif np.isnan(metrics.get("other_variance", 0.0)):
        lines.append(
            f"how sure lists are is not known: {metrics['doubt_people']} held-out people took "
            "three items or more, too few to tell"
        )
    return lines


def _of_prior(metrics: Mapping[str, Any]) -> list[str]:
    """What a model of another shop gave, and what of it stayed."""
    place = metrics.get("of_prior")
    if place is None:
        return []
    left = f"; of no use there: {', '.join(place['left_out'])}" if place["left_out"] else ""
    told = f"{place['known']:,} of {place['content']:,} numbers of content are known{left}"
    lines = [f"from another shop: {told}"]
    first = "ratings" if place["feedback"] == "rating" else "lists"
    for name, part in ((first, metrics), ("lists", metrics.get("choice", {}))):
        if (head := part.get("prior")) and head["loss"] is not None:
            kept = "stays" if head["kept"] else "is left"
            losses = f"{head['loss']:.4f} from there, {head['loss_alone']:.4f} alone"
            lines.append(f"{name}: the other shop's head {kept}, validation loss {losses}")
    return lines


def _carried(trust: Mapping[str, float]) -> str:
    """The shares of what counts in lists, the largest first."""
    total = sum(trust.values())
    shares = {name: part / total for name, part in trust.items() if total}
    ordered = sorted(shares.items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {share:.0%}" for name, share in ordered if share >= LEAST_SHARE)
