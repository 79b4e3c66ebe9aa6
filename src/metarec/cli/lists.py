"""Ranked lists as people and programs read them, and the reasons of an item's place."""

import json
from collections.abc import Mapping
from typing import Any

import typer

from metarec.cli.options import names_of
from metarec.contracts import Catalogue, Recommendations

HEADER = "rank title [id]  score{beside}"
"""What stands in each line that people read."""


def tell(
    rows: list[dict[str, Any]], found: Recommendations, catalogue: Catalogue, *, as_json: bool
) -> None:
    """Print the list as JSON or as people read it, and why it is shorter than asked."""
    if as_json:
        typer.echo(json.dumps({"recommendations": rows}, indent=2, ensure_ascii=False))
        return
    show(rows, dict(zip(catalogue.ids, names_of(catalogue), strict=True)))
    if len(rows) < min(found.asked, len(catalogue)):
        typer.echo(_why(rows, found), err=True)


def show(rows: list[dict[str, Any]], titles: Mapping[str, str]) -> None:
    """Print the list under a line that names its parts."""
    if rows:
        rated = "  rating" if "rating" in rows[0] else ""
        std = "" if rows[0]["std"] is None else " ± standard deviation"
        typer.echo(HEADER.format(beside=rated + std))
    for rank, row in enumerate(rows, 1):
        typer.echo(line_of(rank, row, titles))


def _why(rows: list[dict[str, Any]], found: Recommendations) -> str:
    told = found.why_short
    return f"fewer than asked: {told}" if rows else f"nothing is left to recommend: {told}"


def main_reason(reasons: Mapping[str, float]) -> str:
    """What most of an event's share is due to, where there is more than one reason."""
    if len(reasons) < 2:
        return ""
    return f", {max(reasons, key=lambda name: abs(reasons[name]))}"


def _event_of(told: Mapping[str, Any]) -> str:
    """What happened: the kind, where there is one, the value, and what most of the share is due
    to."""
    kind = f"{told['kind']} " if "kind" in told else ""
    return f"{kind}{told['value']:g}{main_reason(told['reasons'])}"


def line_of(rank: int, row: dict[str, Any], titles: Mapping[str, str]) -> str:
    """One recommended item, and under it why, where that was asked for."""
    std = "" if row["std"] is None else f" ± {row['std']:.2f}"
    rated = f"  {row['rating']:.2f}" if "rating" in row else ""
    named = f"{titles[row['item_id']]} [{row['item_id']}]"
    lines = [f"{rank:3d}. {named}  {row['score']:.2f}{rated}{std}"]
    if "reasons" in row:
        told = row["reasons"]
        parts = [f"{told['base']:.2f} expected of anyone"]
        parts += [f"{said:+.2f} {name}" for name, said in told.get("together", {}).items()]
        ordered = sorted(told["events"], key=lambda event: -abs(event["share"]))
        parts += [f"{e['share']:+.2f} {titles[e['item_id']]} ({_event_of(e)})" for e in ordered]
        lines.append(f"     {told['score']:.2f} = " + ", ".join(parts))
    return "\n".join(lines)
