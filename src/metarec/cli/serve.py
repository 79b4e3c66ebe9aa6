"""`metarec serve`: from a shop's folder or a saved model to a service that runs."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from metarec.cli.fit import fit
from metarec.cli.opening import needs_serve
from metarec.cli.options import EncoderName, Seed, Template
from metarec.contracts import DataError
from metarec.contracts.printing import counted
from metarec.data import load
from metarec.files.model_card import is_saved_model

if TYPE_CHECKING:
    from metarec.serving.store import Store


def serve(
    place: Annotated[
        Path, typer.Argument(metavar="SHOP_OR_MODEL", help="A shop's folder, or a saved model.")
    ],
    store: Annotated[
        str | None,
        typer.Option(
            help="Where events are kept: an SQLite file, or postgresql://user@host/database. Not "
            "said: beside the shop.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Which address answers; others than loopback need keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
    encoder: EncoderName = "default",
    template: Template = None,
    seed: Seed = 0,
) -> None:
    """Serve recommendations over HTTP. Events are kept; killed at any moment, nothing is lost.

    A shop is fitted first, into SHOP.model, where no model is yet, and its events are imported;
    a model that is named starts with an empty store. The same command goes on where it was.

    Example: metarec serve my-shop
    Example: metarec serve my-shop.model --store postgresql://ann@localhost/shop --workers 4
    """
    needs_serve()
    from metarec.serving import store as stores
    from metarec.serving.processes import needs_keys, run

    given = place.resolve()
    is_model = is_saved_model(given)
    if not is_model and not given.is_dir():
        raise DataError(f"{place} is neither a shop's folder nor a saved model; check the path")
    named = given.name.removesuffix(".model")
    kept_at = store or str(given.with_name(f"{named}.db"))
    with stores.Store(
        kept_at
    ) as opened:  # a port that may not be had is told before an hour of fitting
        keys = needs_keys(opened, host)
    model = given if is_model else given.with_name(f"{named}.model")
    if not is_model:
        _fit_once(given, model, encoder, template, seed)
    with stores.Store(kept_at) as opened:
        if not is_model:
            _import(opened, given)
        _put_in_service(opened, model)
        opened.finish_forgetting()
    if not keys:
        typer.echo(
            "no keys: whoever uses this machine may do all, until metarec keys add makes one",
            err=True,
        )
    try:
        run(kept_at, host, port, workers, keys=keys, told=partial(_tell_link, keys=keys))
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)


def _fit_once(shop: Path, model: Path, encoder: str, template: str | None, seed: int) -> None:
    if is_saved_model(model):
        again = f"metarec fit {shop} --out {model} --force"
        typer.echo(f"{model} is there; {again} fits it anew", err=True)
        return
    fit([str(shop)], model, encoder=encoder, template=template, seed=seed)


def _import(store: "Store", shop: Path) -> None:
    from metarec.serving.store.shops import import_shop

    new = import_shop(store, load(shop), progress=True)
    typer.echo(f"{counted(new, 'new event')} of {shop} in {store.database.shown}", err=True)


def _put_in_service(store: "Store", model: Path) -> None:
    from metarec.serving.models import hash_of_model
    from metarec.serving.store.changes import activation_of
    from metarec.serving.swapping import put_in_service

    with store.database.reading() as connection:
        before = activation_of(connection)
    if before is None or (before.folder, before.hash) != (str(model), hash_of_model(model)):
        put_in_service(store, model)
        instead = f", in place of {before.folder}" if before else ""
        typer.echo(f"{model} answers{instead}", err=True)


def _tell_link(link: str, *, keys: bool) -> None:
    typer.echo(f"serving at {link} (all it can do: {link}/v1/openapi.json); Ctrl+C ends it")
    key = " -H 'Authorization: Bearer YOUR-KEY'" if keys else ""
    typer.echo(f"try: curl '{link}/v1/users/42/recommendations?k=5'{key}")
