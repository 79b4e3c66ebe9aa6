"""`metarec fit`: from a folder of events to a saved model."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from metarec.cli.options import Seed, check_out, config_of, encoder_of, shows_progress
from metarec.data import load
from metarec.meta import MetaRecommender
from metarec.recommenders.persistence import check_replaceable


def fit(
    data: Annotated[
        Path, typer.Argument(metavar="DIR", help="A shop: a folder of events and items.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Where the model is written.")],
    config: Annotated[
        Path | None, typer.Option("--config", help="A YAML file of hyperparameters.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="One hyperparameter: name=value.")
    ] = None,
    encoder: Annotated[
        str, typer.Option(help='"default", "hash", or a name or folder that transformers loads.')
    ] = "default",
    template: Annotated[
        str | None, typer.Option(help='How an item\'s text is composed: "{title}. {genres}".')
    ] = None,
    seed: Seed = 0,
) -> None:
    """Fit the model to a shop. Killed at any moment, the same command continues.

    Progress is kept every half minute.

    Example: metarec fit my-shop --out my-shop.model --set steps=2000
    """
    chosen = config_of(config, settings or [])
    check_out(out, data)
    check_replaceable(out)
    shop = load(data)
    typer.echo(f"{shop!r}", err=True)
    checkpoints = out.absolute().parent / f"{out.absolute().name}.checkpoint"
    if checkpoints.exists():
        typer.echo(f"continuing from {checkpoints}", err=True)
    model = MetaRecommender(encoder_of(encoder, template), chosen).fit(
        shop, rng=seed, folder=checkpoints, progress=shows_progress()
    )
    model.save(out)
    shutil.rmtree(checkpoints, ignore_errors=True)
    loss = model.metrics["valid_loss"]
    told = "" if loss is None else f"; best validation loss {loss:.4f}"
    typer.echo(f"wrote {out} after {model.metrics['steps']} steps{told}")
