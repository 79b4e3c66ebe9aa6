"""`metarec items`: what is on offer follows the shop, without another fit."""

from pathlib import Path
from typing import Annotated

import typer

from metarec.cli.abilities import FollowsItems, following
from metarec.cli.filters import ids_of
from metarec.cli.mapping import columns_of, mapping_of
from metarec.cli.options import check_model_place
from metarec.contracts import DataError, Recommender
from metarec.contracts.printing import counted, listed
from metarec.data.items import Items, read_items
from metarec.meta import load_model

app = typer.Typer(
    help="Add, update, retire and restore the items of a saved model.", no_args_is_help=True
)
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model.")]
File = Annotated[
    Path,
    typer.Argument(metavar="ITEMS", help="A file of items: CSV, JSON Lines, Parquet; or a shop."),
]
Ids = Annotated[str, typer.Argument(metavar="IDS", help='"id,id", or a file with one a line.')]
Out = Annotated[Path | None, typer.Option("--out", help="Where the changed model is written.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and stop.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the model that is there.")]
Map = Annotated[
    list[str] | None, typer.Option("--map", help="Our column and the file's: item_id=sku.")
]
Separator = Annotated[
    str | None, typer.Option(help="Between fields; found by itself where possible.")
]
Encoding = Annotated[str | None, typer.Option(help="Of the file, such as cp1252; UTF-8 by itself.")]


@app.command()
def sync(
    model: Model,
    items: File,
    out: Out = None,
    dry_run: DryRun = False,
    force: Force = False,
    columns: Map = None,
    separator: Separator = None,
    encoding: Encoding = None,
) -> None:
    """Offer what a file holds and nothing else: new items are added, changed ones updated, those
    that it lacks retired, those that are back restored.

    Example: metarec items sync my-shop.model products.csv --dry-run
    """
    check_place(out, dry_run=dry_run, force=force)
    loaded = following(load_model(model))
    read = items_in(items, loaded, columns, separator, encoding)
    changes = loaded.item_changes(read)
    say(changes.told)
    if not dry_run:
        write(loaded.sync_items(read), out)


@app.command()
def add(
    model: Model,
    items: File,
    out: Out = None,
    dry_run: DryRun = False,
    force: Force = False,
    columns: Map = None,
    separator: Separator = None,
    encoding: Encoding = None,
) -> None:
    """Add the items of a file, from their content alone.

    Example: metarec items add my-shop.model new.csv --out my-shop.model --force
    """
    check_place(out, dry_run=dry_run, force=force)
    loaded = following(load_model(model))
    read = items_in(items, loaded, columns, separator, encoding, new=True)
    more = loaded.add_items(read)
    say([told("added", read.frame["item_id"].to_list())])
    if not dry_run:
        write(more, out)


@app.command()
def update(
    model: Model,
    items: File,
    out: Out = None,
    dry_run: DryRun = False,
    force: Force = False,
    columns: Map = None,
    separator: Separator = None,
    encoding: Encoding = None,
) -> None:
    """Give known items the values of a file, in its columns; an empty one is missing now.

    Example: metarec items update my-shop.model prices.csv --out my-shop.model --force
    """
    check_place(out, dry_run=dry_run, force=force)
    loaded = following(load_model(model))
    read = items_in(items, loaded, columns, separator, encoding)
    changed = loaded.update_items(read)
    say([told("updated", read.frame["item_id"].to_list())])
    if not dry_run:
        write(changed, out)


@app.command()
def retire(
    model: Model, ids: Ids, out: Out = None, dry_run: DryRun = False, force: Force = False
) -> None:
    """Offer the named items no longer; events on them keep their meaning.

    Example: metarec items retire my-shop.model "2571,1" --out my-shop.model --force
    """
    check_place(out, dry_run=dry_run, force=force)
    loaded, named = following(load_model(model)), ids_of(ids)
    changed = loaded.retire_items(named)
    say([told("retired", named)])
    if not dry_run:
        write(changed, out)


@app.command()
def restore(
    model: Model, ids: Ids, out: Out = None, dry_run: DryRun = False, force: Force = False
) -> None:
    """Offer retired items again.

    Example: metarec items restore my-shop.model 2571 --out my-shop.model --force
    """
    check_place(out, dry_run=dry_run, force=force)
    loaded, named = following(load_model(model)), ids_of(ids)
    changed = loaded.restore_items(named)
    say([told("restored", named)])
    if not dry_run:
        write(changed, out)


def check_place(out: Path | None, *, dry_run: bool, force: bool) -> None:
    """Refuse at once a place that the changed model cannot go to."""
    if out is None and not dry_run:
        raise DataError("say where the changed model goes with --out, or --dry-run to look first")
    if out is not None:
        check_model_place(out, None, force=force)


def items_in(
    file: Path,
    model: FollowsItems,
    columns: list[str] | None,
    separator: str | None,
    encoding: str | None,
    *,
    new: bool = False,
) -> Items:
    """The items of a file, under our names and in the kinds of columns that the model has."""
    read = read_items(
        file,
        model.catalogue,
        columns=columns_of(mapping_of(columns or []), "items", unsaid=True),
        separator=separator and separator.replace("\\t", "\t"),
        encoding=encoding,
        new=new,
    )
    for note in read.notes:
        typer.echo(note, err=True)
    return read


def told(what: str, ids: list[str]) -> str:
    """How many items were changed, and the first of them."""
    return f"{counted(len(ids), 'item')} {what}" + (f": {listed(ids)}" if ids else "")


def say(lines: list[str]) -> None:
    """Print what changes."""
    for line in lines:
        typer.echo(line)


def write(model: Recommender, out: Path | None) -> None:
    """Save the changed model."""
    assert out is not None, "checked at the door"
    model.save(out)
    typer.echo(f"wrote {out}: {model!r}")
