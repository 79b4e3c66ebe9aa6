"""`metarec recommend`: a stranger's events in, ranked items out."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from metarec.cli.abilities import Adapts, Known
from metarec.cli.options import names_of, parse_events
from metarec.meta import load_model


def recommend(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model.")],
    events: Annotated[
        str, typer.Option(help='What the person did: "id:value,id:value", or JSON.')
    ] = "",
    k: Annotated[int, typer.Option(min=1, help="How many items.")] = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Each item's exact reasons.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recommend for a person whom the model has never seen.

    Example: metarec recommend my-shop.model --events "2571:5,1:4" --explain
    """
    loaded = load_model(model)
    history = parse_events(events, loaded.catalogue)
    k = min(k, len(loaded.catalogue))
    person = loaded.adapt(history) if isinstance(loaded, Adapts) else None
    found = loaded.recommend([history], k)[0] if person is None else person.recommend(k)
    rows: list[dict[str, Any]] = [
        {"item_id": str(i), "score": float(s), "std": None if std != std else float(std)}
        for i, s, std in zip(found.ids, found.scores, found.stds, strict=True)
    ]
    if explain and person is not None:
        for row in rows:
            row["reasons"] = reasons(person, str(row["item_id"]))
    elif explain:
        typer.echo(f"warning: {type(loaded).__name__} cannot explain its scores", err=True)
    if as_json:
        typer.echo(json.dumps({"recommendations": rows}, indent=2, ensure_ascii=False))
        return
    if not rows:
        typer.echo("nothing is left to recommend: every item on offer has an event", err=True)
    titles = dict(zip(loaded.catalogue.ids, names_of(loaded.catalogue), strict=True))
    for rank, row in enumerate(rows, 1):
        typer.echo(line_of(rank, row, titles))


def reasons(person: Known, item_id: str) -> dict[str, Any]:
    """Base, shares and effects of one item's score, as JSON values."""
    told = person.explain(item_id)
    return {
        "score": told.score,
        "base": told.base,
        "events": [
            {"item_id": e.item, "value": e.value, "share": float(share), "effect": float(effect)}
            for e, share, effect in zip(told.events, told.shares, told.effects, strict=True)
        ],
    }


def line_of(rank: int, row: dict[str, Any], titles: dict[str, str]) -> str:
    """One recommended item, and under it why, where that was asked for."""
    std = "" if row["std"] is None else f" ± {row['std']:.2f}"
    lines = [f"{rank:3d}. {titles[row['item_id']]} [{row['item_id']}]  {row['score']:.2f}{std}"]
    if "reasons" in row:
        told = row["reasons"]
        parts = [f"{told['base']:.2f} expected of anyone"]
        ordered = sorted(told["events"], key=lambda event: -abs(event["share"]))
        parts += [f"{e['share']:+.2f} {titles[e['item_id']]} ({e['value']:g})" for e in ordered]
        lines.append(f"     {told['score']:.2f} = " + ", ".join(parts))
    return "\n".join(lines)
