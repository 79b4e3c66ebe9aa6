"""`metarec advise`: before a fit, what to expect, what is missing, and how long it takes."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from metarec.cli.options import say_notes
from metarec.data import load
from metarec.jobs.advising import advise as advice_of


def advise(
    data: Annotated[
        Path, typer.Argument(metavar="DIR", help="A shop: a folder of events and items.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say before a fit what to expect of it, what the shop lacks, and how long it will take.

    Nothing is fitted: it rests on the shop's counts and on what was measured on other shops.

    Example: metarec advise my-shop
    """
    shop = load(data)
    say_notes(shop)
    found = advice_of(shop)
    typer.echo(json.dumps(asdict(found), indent=1) if as_json else str(found))
