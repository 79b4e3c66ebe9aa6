"""`metarec data`: generate, inspect, convert and pseudonymise shops."""

import json
import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from metarec import data as shops
from metarec.cli.interruption import begins_anew
from metarec.cli.mapping import columns_of, mapping_of, scale_of_text, words_of
from metarec.cli.options import EncoderName, Seed, Template, encoder_of, say_notes
from metarec.contracts import DataError, Dataset
from metarec.data.inspect import Histogram, Summary
from metarec.encoders import ColumnTable

app = typer.Typer(help="Generate, inspect, convert and pseudonymise shops.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="DIR")]
Feedback = Annotated[
    Literal["rating", "implicit"] | None, typer.Option(help="What the values mean.")
]
ScaleText = Annotated[str | None, typer.Option(help="The lowest and highest rating: 1,5.")]
ClockOption = Annotated[Literal["unix", "order"] | None, typer.Option(help="What the times mean.")]
Dates = Annotated[
    Literal["day-first", "month-first"] | None,
    typer.Option(help="What comes first in dates such as 12/11/2024."),
]
Repeats = Annotated[
    Literal["keep", "last", "sum"] | None,
    typer.Option(help="What becomes of a person's repeated events on an item."),
]
TargetKinds = Annotated[
    str | None, typer.Option(help="The kinds of events to be foretold: buy,order.")
]
NegativeKinds = Annotated[
    str | None, typer.Option(help="The kinds that speak against an item: return.")
]
BAR = 30


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
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    encoder: EncoderName = "default",
    template: Template = None,
) -> None:
    """Say what is in a shop and what its columns are used as; exit 1 and list what is bad.

    Example: metarec data inspect my-shop
    """
    shop = shops.load(folder)
    summary, columns = shops.inspect(shop), _columns(shop, encoder, template)
    if as_json:
        typer.echo(json.dumps({**summary.to_dict(), **columns.to_dict()}, indent=2))
    else:
        typer.echo(f"{_described(summary)}\n\ncolumns\n{columns}")


@app.command()
@begins_anew
def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC")],
    folder: Folder,
    items: Annotated[
        Path | None, typer.Option(help="A file of what is known of the items.")
    ] = None,
    users: Annotated[
        Path | None, typer.Option(help="A file of what is known of the users.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Our column and the file's: user_id=customer_no, items.item_id=sku; "
            "timestamp= says that there is none.",
        ),
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="Between fields; found by itself where possible.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of the files, such as cp1252; UTF-8 by itself.")
    ] = None,
    dates: Dates = None,
    feedback: Feedback = None,
    scale: ScaleText = None,
    clock: ClockOption = None,
    repeats: Repeats = None,
    target_kinds: TargetKinds = None,
    negative_kinds: NegativeKinds = None,
    format: Annotated[
        Literal["folder", "movielens", "recbole", "amazon", "csv"] | None,
        typer.Option(help="What the source is; found out by itself where possible."),
    ] = None,
    lenient: Annotated[bool, typer.Option("--lenient", help="Leave bad rows out.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Where the rows left out are written.")
    ] = None,
) -> None:
    """Turn files of any names, or data of another format, into a shop's folder.

    Example: metarec data convert orders.csv my-shop --items products.csv
    """
    mapping = mapping_of(columns or [])
    shop = shops.convert(
        source,
        folder,
        format=format,
        mapping=columns_of(mapping, "interactions", unsaid=True),
        items=items,
        item_columns=columns_of(mapping, "items"),
        users=users,
        user_columns=columns_of(mapping, "users"),
        separator=separator and separator.replace("\\t", "\t"),
        encoding=encoding,
        dates=dates,
        feedback=feedback,
        scale=None if scale is None else scale_of_text(scale),
        clock=clock,
        repeats=repeats,
        target_kinds=words_of(target_kinds),
        negative_kinds=words_of(negative_kinds),
        lenient=lenient,
        rejects=rejects,
    )
    say_notes(shop)
    typer.echo(f"wrote {folder}: {shop!r}")


@app.command("import-sql")
@begins_anew
def import_sql(
    folder: Folder,
    interactions: Annotated[
        str, typer.Option("--interactions-sql", help="The query of the events: SELECT ...")
    ],
    url: Annotated[
        str,
        typer.Option(
            help="Where the database is: sqlite:///shop.db, postgresql://user@host/database. "
            "Give a password in the environment, with the URL or as PGPASSWORD.",
            envvar="METAREC_SQL_URL",
        ),
    ],
    items: Annotated[
        str | None, typer.Option("--items-sql", help="The query of the items' content.")
    ] = None,
    users: Annotated[
        str | None, typer.Option("--users-sql", help="The query of the profiles.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="Our column and the query's: user_id=uid, items.item_id=sku."),
    ] = None,
    dates: Dates = None,
    feedback: Feedback = None,
    scale: ScaleText = None,
    clock: ClockOption = None,
    repeats: Repeats = None,
    target_kinds: TargetKinds = None,
    negative_kinds: NegativeKinds = None,
    lenient: Annotated[bool, typer.Option("--lenient", help="Leave bad rows out.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Where the rows left out are written.")
    ] = None,
) -> None:
    """Turn the answers of database queries into a shop's folder.

    Example: metarec data import-sql my-shop --url sqlite:///shop.db
    --interactions-sql "SELECT customer, sku, order_date FROM orders"
    --items-sql "SELECT * FROM products"
    """
    shop = shops.load_sql(
        interactions,
        items,
        users,
        url=url,
        columns=mapping_of(columns or []),
        dates=dates,
        feedback=feedback,
        scale=None if scale is None else scale_of_text(scale),
        clock=clock,
        repeats=repeats,
        target_kinds=words_of(target_kinds) or (),
        negative_kinds=words_of(negative_kinds) or (),
        name=folder.resolve().name,
        lenient=lenient,
        rejects=rejects,
    )
    shops.save(shop, folder)
    say_notes(shop)
    typer.echo(f"wrote {folder}: {shop!r}")


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


def _described(summary: Summary) -> str:
    lines = [
        f"{summary.name} ({summary.feedback}, clock: {summary.clock}, repeats: {summary.repeats})",
        f"  hash      {summary.hash}",
        f"  users     {summary.users:,} ({summary.users_without_events:,} without events)",
        f"  items     {summary.items:,} ({summary.items_without_events:,} without events)",
        f"  events    {summary.events:,} ({summary.repeated_events:,} repeated), "
        f"density {summary.density:.4%}",
    ]
    if summary.value_range:
        low, high = summary.value_range
        lines.append(f"  values    {low:g} to {high:g}")
    lines += [f"  {line}" for line in summary.meanings]
    lines += [f"  note      {note}" for note in summary.notes]
    for title, histogram in (
        ("events per user", summary.events_per_user),
        ("events per item", summary.events_per_item),
        ("values", summary.values),
    ):
        lines += ["", title, *_bars(histogram)]
    return "\n".join(lines)


def _bars(histogram: Histogram) -> list[str]:
    most = max([1, *histogram.counts])
    return [
        f"  {edge:>10g}  {'█' * round(BAR * count / most):<{BAR}} {count:,}"
        for edge, count in zip(histogram.edges, histogram.counts, strict=False)
    ]
