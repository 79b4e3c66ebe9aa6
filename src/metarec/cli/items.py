"""`metarec items`: what is on offer follows the shop, without another fit."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from metarec.cli.filters import ids_of
from metarec.cli.mapping import columns_of, mapping_of
from metarec.cli.options import check_model_place
from metarec.contracts import DataError, Recommender
from metarec.contracts.printing import counted, listed
from metarec.data.items import Items, read_items
from metarec.meta import load_model
from metarec.meta.abilities import FollowsItems, following

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


Change = tuple[list[str], Callable[[], Recommender]]
"""What is told of a change, and the changed model."""


def of_a_file(
    verb: Callable[[FollowsItems, Items], Change], *, new: bool = False
) -> Callable[..., None]:
    """A command that changes a model by the items of a file; `new` ones are none of its own yet."""

    def command(
        model: Model,
        items: File,
        out: Out = None,
        dry_run: DryRun = False,
        force: Force = False,
        columns: Map = None,
        separator: Separator = None,
        encoding: Encoding = None,
    ) -> None:
        check_place(out, dry_run=dry_run, force=force)
        loaded = following(load_model(model))
        read = items_in(items, loaded, columns, separator, encoding, new=new)
        end(verb(loaded, read), None if dry_run else out)

    command.__doc__ = verb.__doc__
    return command


def of_ids(verb: Callable[[FollowsItems, list[str]], Change]) -> Callable[..., None]:
    """A command that changes a model by ids of its items."""

    def command(
        model: Model, ids: Ids, out: Out = None, dry_run: DryRun = False, force: Force = False
    ) -> None:
        check_place(out, dry_run=dry_run, force=force)
        end(verb(following(load_model(model)), ids_of(ids)), None if dry_run else out)

    command.__doc__ = verb.__doc__
    return command


def sync(model: FollowsItems, items: Items) -> Change:
    """Offer what a file holds and nothing else: new items are added, changed ones updated, those
    that it lacks retired, those that are back restored.

    Example: metarec items sync my-shop.model products.csv --dry-run
    """
    return [*model.item_changes(items).told], lambda: model.sync_items(items)


def add(model: FollowsItems, items: Items) -> Change:
    """Add the items of a file, from their content alone.

    Example: metarec items add my-shop.model new.csv --out my-shop.model --force
    """
    more = model.add_items(items)
    return [told("added", items.frame["item_id"].to_list())], lambda: more


def update(model: FollowsItems, items: Items) -> Change:
    """Give known items the values of a file, in its columns; an empty one is missing now.

    Example: metarec items update my-shop.model prices.csv --out my-shop.model --force
    """
    changed = model.update_items(items)
    return [told("updated", items.frame["item_id"].to_list())], lambda: changed


def retire(model: FollowsItems, ids: list[str]) -> Change:
    """Offer the named items no longer; events on them keep their meaning.

    Example: metarec items retire my-shop.model "2571,1" --out my-shop.model --force
    """
    changed = model.retire_items(ids)
    return [told("retired", ids)], lambda: changed


def restore(model: FollowsItems, ids: list[str]) -> Change:
    """Offer retired items again.

    Example: metarec items restore my-shop.model 2571 --out my-shop.model --force
    """
    changed = model.restore_items(ids)
    return [told("restored", ids)], lambda: changed


app.command("sync")(of_a_file(sync))
app.command("add")(of_a_file(add, new=True))
app.command("update")(of_a_file(update))
app.command("retire")(of_ids(retire))
app.command("restore")(of_ids(restore))


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


def end(change: Change, out: Path | None) -> None:
    """Tell what changes, and write the changed model where it goes somewhere."""
    lines, changed = change
    for line in lines:
        typer.echo(line)
    if out is not None:
        model = changed()
        model.save(out)
        typer.echo(f"wrote {out}: {model!r}")
