"""What the page must show for an answer of the API, written here once more."""

import math
from collections.abc import Mapping
from typing import Any

SAID = {
    "taste": "Fits your taste for",
    "often next": "Often taken after",
    "goes together": "Goes together with",
    "reads alike": "Reads like",
    "had before": "You had",
    "your ratings": "How you rated",
}
Titles = Mapping[str, str]


def percent(share: float) -> str:
    return f"{math.floor(100 * share + 0.5)}%"


def digits(low: float, high: float) -> int:
    """How many decimals tell items apart that lie between these."""
    return 2 + min(6, max(0, math.ceil(-math.log10(high - low))))


def signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{abs(value):.2f}"


def fields(content: Mapping[str, Any], telling: list[str]) -> str:
    """The line beneath a title."""
    said = []
    for name in telling:
        value = content[name]
        if value is None or value == "":
            continue
        if isinstance(value, list):
            said.append(", ".join(value[:4]))
        elif isinstance(value, str):
            said.append(value)
        else:
            said.append(("" if name == "year" else f"{name} ") + f"{round(value, 2):g}")
    return " · ".join(each for each in said if each)


def parts(reasons: Mapping[str, Any]) -> list[tuple[str, str, float, float]]:
    """Why, of which item, the share, and its part of all shares; the largest first."""
    sums: dict[tuple[str, str], float] = {}
    for event in reasons["events"]:
        for why, share in event["reasons"].items():
            sums[why, event["item_id"]] = sums.get((why, event["item_id"]), 0.0) + share
    assert not reasons["together"], "these shops read no order"
    there = {key: share for key, share in sums.items() if share != 0}
    total = sum(map(abs, there.values()))
    found = [(why, item, share, share / total) for (why, item), share in there.items()]
    return sorted(found, key=lambda each: -abs(each[2]))


def why_line(reasons: Mapping[str, Any], titles: Titles) -> str:
    """The two largest parts that speak for an item."""
    most = [part for part in parts(reasons) if part[2] > 0][:2]
    if not most:
        return "What you told does not speak for it." if reasons["events"] else ""
    text = ""
    for place, (why, item, _, share) in enumerate(most):
        if place:
            text += ", " if why == most[0][0] else " · "
        alike = place and why == most[0][0]
        text += ("" if alike else f"{SAID[why]} ") + f"{titles[item]} {percent(share)}"
    return text


def why_rows(reasons: Mapping[str, Any], titles: Titles) -> list[list[str]]:
    """Every row of the table of reasons."""
    rows = [["Before you told anything", signed(reasons["base"]), ""]]
    for why, item, share, part in parts(reasons):
        sign = "−" if share < 0 else ""
        rows.append([f"{SAID[why]} {titles[item]}", signed(share), sign + percent(abs(part))])
    return [*rows, ["Score", signed(reasons["score"]), ""]]
