"""`metarec data`: generate, inspect, convert and pseudonymise shops."""

import json
import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from metarec import data as shops
from metarec.cli.described import described
from metarec.cli.import_data import convert, import_sql
from metarec.cli.interruption import begins_anew
from metarec.cli.opening import shop_at
from metarec.cli.options import EncoderName, Seed, Template, encoder_of
from metarec.contracts import DataError, Dataset
from metarec.encoders import ColumnTable

app = typer.Typer(help="Generate, inspect, convert and pseudonymise shops.", no_args_is_help=True)
app.command()(convert)
app.command("import-sql")(import_sql)
Folder = Annotated[Path, typer.Argument(metavar="DIR")]


@app.command()
@begins_anew
def generate(
    folder: Folder,
    users: Annotated[int, typer.Option(min=1)] = 1000,
    items: Annotated[int, typer.Option(min=1)] = 500,
    kind: Annotated[Literal["rating", "implicit"], typer.Option()] = "rating",
    regime: Annotated[
        Literal["content", "bias", "cooccurrence"],
        typer.Option(help="Who should win: a model that reads, plain means, or co-occurrence."),
    ] = "content",
    seed: Seed = 0,
) -> None:
    """Write a synthetic shop.

    Example: metarec data generate my-shop --users 10000 --items 2000 --kind rating --seed 1
    """
    shops.generate_to(folder, users, items, kind, seed, regime)
    typer.echo(f"wrote {folder}")


@app.command()
def inspect(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="A shop's folder, or a service's store.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    encoder: EncoderName = "default",
    template: Template = None,
) -> None:
    """Say what is in a shop and what its columns are used as; exit 1 and list what is bad.

    Example: metarec data inspect my-shop
    """
    shop = shop_at(folder)
    summary, columns = shops.inspect(shop), _columns(shop, encoder, template)
    if as_json:
        typer.echo(json.dumps({**summary.to_dict(), **columns.to_dict()}, indent=2))
    else:
        typer.echo(f"{described(summary)}\n\ncolumns\n{columns}")


@app.command()
@begins_anew
def pseudonymise(
    source: Annotated[Path, typer.Argument(metavar="SRC")],
    folder: Folder,
    key_variable: Annotated[
        str, typer.Option(help="The environment variable that holds the key.")
    ] = "METAREC_KEY",
) -> None:
    """Replace user ids by a keyed hash; the key is read from the environment, never an argument.

    Example: METAREC_KEY=$(openssl rand -hex 16) metarec data pseudonymise my-shop shared-shop
    """
    key = os.environ.get(key_variable)
    if not key:
        raise DataError(
            f"set the environment variable {key_variable} to the secret key; "
            "`openssl rand -hex 16` makes one"
        )
    shop = shops.pseudonymise_folder(source, folder, key)
    typer.echo(f"wrote {folder}: {shop!r}")


def _columns(shop: Dataset, encoder: str, template: str | None) -> ColumnTable:
    """What is made of each column; without the default reader's package, all but its counts."""
    try:
        return ColumnTable.of(shop, encoder_of(encoder, template))
    except DataError as error:
        if encoder != "default" or "metarec[minilm]" not in str(error):
            raise
        typer.echo(f"what the default reader cannot read is not counted: {error}", err=True)
        return ColumnTable.of(shop, encoder_of("hash", template))
