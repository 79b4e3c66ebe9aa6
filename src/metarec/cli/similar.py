"""`metarec similar`: what is like an item, or goes with a basket."""

from pathlib import Path
from typing import Annotated

import typer

from metarec.cli.filters import (
    AtMost,
    Boost,
    Candidates,
    Diversity,
    Exclude,
    HowMany,
    Where,
    filters_of,
    ids_of,
)
from metarec.cli.lists import tell
from metarec.meta import load_model
from metarec.meta.as_json import rows_of


def similar(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model.")],
    items: Annotated[
        str, typer.Argument(metavar="IDS", help='An item, or a basket: "id,id", or a file.')
    ],
    k: HowMany = 10,
    where: Where = None,
    exclude: Exclude = None,
    candidates: Candidates = None,
    diversity: Diversity = 0.0,
    boost: Boost = None,
    at_most: AtMost = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The items that an item, or the items of a basket together, speak for most.

    Example: metarec similar my-shop.model 2571 --where "price < 20"
    """
    loaded = load_model(model)
    asked = filters_of(
        where=where,
        exclude=exclude,
        candidates=candidates,
        diversity=diversity,
        boost=boost,
        at_most=at_most,
    )
    basket = [items] if items in loaded.catalogue.row_of else ids_of(items)
    found = loaded.similar(basket, k, **asked)
    tell(rows_of(found), found, loaded.catalogue, as_json=as_json)
