"""`metarec store`: what a service has kept, looked after from outside."""

from pathlib import Path
from typing import Annotated

import typer

from metarec import data as shops
from metarec.cli.interruption import begins_anew
from metarec.cli.opening import needs_serve, opened
from metarec.contracts import DataError
from metarec.contracts.printing import counted
from metarec.data import load

app = typer.Typer(
    help="Verify, back up, restore, import and export the store of a service.",
    no_args_is_help=True,
)
Place = Annotated[
    str,
    typer.Argument(
        metavar="STORE",
        help="An SQLite file, or postgresql://user@host/database.",
        show_default=False,
    ),
]
"""A password of PostgreSQL may stand in PGPASSWORD."""


@app.command()
def verify(
    place: Place,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Make everybody's own model anew from it, too, with the items as they are now."
        ),
    ] = None,
) -> None:
    """Read all that a store holds; exit 1 and list what is wrong.

    Example: metarec store verify shop.db --model my-shop.model
    """
    needs_serve()
    from metarec.serving.models import prepared
    from metarec.serving.person import rebuilding
    from metarec.serving.store.verifying import verify as verified

    with opened(place) as store:
        found = verified(store, None if model is None else rebuilding(prepared(store, model).model))
    typer.echo(str(found))
    for problem in found.problems:
        typer.echo(f"  {problem}", err=True)
    if found.problems:
        raise typer.Exit(1)


@app.command()
@begins_anew
def backup(
    place: Place,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
) -> None:
    """Write all of a store, as it is at one moment, to a file; the service may go on.

    Example: metarec store backup shop.db monday.backup
    """
    needs_serve()
    from metarec.serving.store import backups

    if file.exists() and not force:
        raise DataError(f"{file} is there; --force replaces it, or name another file")
    with opened(place) as store:
        rows = backups.backup(store, file)
    typer.echo(f"wrote {file}: {counted(rows, 'row')}; it holds what people did, keep it safe")


@app.command()
@begins_anew
def restore(file: Annotated[Path, typer.Argument(metavar="FILE")], place: Place) -> None:
    """Make a store of a backup, in a place where none is; from one database into another, too.

    Example: metarec store restore monday.backup postgresql://ann@localhost/shop
    """
    needs_serve()
    from metarec.serving.store import backups

    rows = backups.restore(file, place)
    typer.echo(f"restored {counted(rows, 'row')} from {file}")


@app.command("import")
@begins_anew
def import_(folder: Annotated[Path, typer.Argument(metavar="DIR")], place: Place) -> None:
    """Write the events and profiles of a shop's folder into a store; twice is once.

    Where no store is yet, it is made.

    Example: metarec store import my-shop shop.db
    """
    needs_serve()
    from metarec.serving.store import Store
    from metarec.serving.store.shops import import_shop

    shop = load(folder)
    with Store(place) as store:
        new = import_shop(store, shop, progress=True)
    typer.echo(f"{counted(new, 'new event')} in the store")


@app.command()
@begins_anew
def export(
    place: Place,
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    model: Annotated[
        Path | None,
        typer.Option(
            help="Whose items to write, with what the service changed of them; else those of the "
            "model that answers."
        ),
    ] = None,
) -> None:
    """Write a store as a shop's folder, which `metarec fit` reads.

    Example: metarec store export shop.db tonight
    """
    with opened(place) as store:
        from metarec.serving.models import active_model, prepared
        from metarec.serving.store.shops import dataset_of

        whose = active_model(store) if model is None else prepared(store, model)
        shop = dataset_of(store, None if whose is None else whose.model.catalogue)
    shops.save(shop, folder)
    typer.echo(f"wrote {folder}: {shop!r}")
