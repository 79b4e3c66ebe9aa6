"""`metarec ask`: the items whose answer would tell most about a person."""

import json
from pathlib import Path
from typing import Annotated

import typer

from metarec.cli.options import names_of, parse_events
from metarec.meta import load_model
from metarec.meta.abilities import Asks, check_asks, person_of


def ask(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model.")],
    events: Annotated[
        str, typer.Option(help='What is known so far: "id:value,...", or JSON.')
    ] = "",
    k: Annotated[int, typer.Option(min=1, help="How many questions.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What to ask a person next.

    Example: metarec ask my-shop.model --events "2571:5" --k 3
    """
    loaded = load_model(model)
    check_asks(loaded)
    told = parse_events(events, loaded.catalogue)
    found = loaded.ask(told, k) if isinstance(loaded, Asks) else person_of(loaded, told).ask(k)
    rows = [
        {"item_id": str(i), "gain": float(g)} for i, g in zip(found.ids, found.scores, strict=True)
    ]
    if as_json:
        typer.echo(json.dumps({"questions": rows}, indent=2, ensure_ascii=False))
        return
    if not rows:
        typer.echo("nothing is left to ask: every item on offer has an event", err=True)
    titles = dict(zip(loaded.catalogue.ids, names_of(loaded.catalogue), strict=True))
    for rank, row in enumerate(rows, 1):
        typer.echo(f"{rank:3d}. {titles[str(row['item_id'])]} [{row['item_id']}]")
