"""`metarec keys`: who may ask a service."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from metarec.cli.mapping import words_of
from metarec.cli.opening import needs_serve, opened
from metarec.cli.store import Place

app = typer.Typer(help="Add, list and revoke the keys of a service.", no_args_is_help=True)


@app.command()
def add(
    place: Place,
    name: Annotated[str, typer.Option(help="Whose key it is, for the list.")],
    scopes: Annotated[
        str,
        typer.Option(
            help="read: ask; write: tell events; admin: items, models, forgetting; browser: stands "
            "in a page."
        ),
    ] = "read,write",
    origins: Annotated[
        str | None, typer.Option(help="Whose pages a browser key is for: https://shop.example,...")
    ] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, help="How often it may ask, of each process.")
    ] = None,
) -> None:
    """Make a key and show it, once: only its hash is kept.

    Example: metarec keys add shop.db --name website --scopes read,write
    Example: metarec keys add shop.db --name page --scopes browser --origins https://shop.example
    """
    needs_serve()
    from metarec.serving.store.keys import add_key

    with opened(place) as store:
        asked = words_of(scopes), words_of(origins or "")
        key, secret = add_key(store.database, name, *asked, per_minute)
    typer.echo(
        f"key {key.id} of {name} ({', '.join(sorted(key.scopes))}); shown this once:", err=True
    )
    typer.echo(secret)


@app.command("list")
def list_(place: Place) -> None:
    """List the keys, the revoked ones too.

    Example: metarec keys list shop.db
    """
    needs_serve()
    from metarec.serving.store.keys import SCOPES, list_keys

    with opened(place) as store:
        keys = list_keys(store.database)
    for key in keys:
        scopes = ",".join(scope for scope in SCOPES if scope in key.scopes)
        more = f", {' '.join(sorted(key.origins))}" if key.origins else ""
        more += "" if key.per_minute is None else f", {key.per_minute:,} a minute"
        revoked = "" if key.revoked is None else f", revoked {_day(key.revoked)}"
        typer.echo(f"{key.id}  {key.name}  {scopes}  made {_day(key.created)}{more}{revoked}")
    if not keys:
        typer.echo("no keys; metarec keys add makes one", err=True)


@app.command()
def revoke(place: Place, key: Annotated[str, typer.Argument(metavar="KEY")]) -> None:
    """Let a key open nothing any more, within a second.

    Example: metarec keys revoke shop.db 3f9a1c2b
    """
    needs_serve()
    from metarec.serving.store.keys import revoke_key

    with opened(place) as store:
        revoke_key(store.database, key)
    typer.echo(f"revoked {key}")


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
