"""`metarec data convert` and `metarec data import-sql`: what a shop has, as a folder of ours."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from metarec import data as shops
from metarec.cli.interruption import begins_anew
from metarec.cli.mapping import columns_of, mapping_of, scale_of_text, words_of
from metarec.cli.options import say_notes

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

Lenient = Annotated[bool, typer.Option("--lenient", help="Leave bad rows out.")]
Rejects = Annotated[Path | None, typer.Option(help="Where the rows left out are written.")]


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
    lenient: Lenient = False,
    rejects: Rejects = None,
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
    lenient: Lenient = False,
    rejects: Rejects = None,
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
