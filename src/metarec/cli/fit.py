"""`metarec fit`: from a folder of events to a saved model."""

from pathlib import Path
from typing import Annotated

import typer

from metarec.cli.interruption import going_on
from metarec.cli.options import (
    EncoderName,
    Seed,
    Template,
    check_out,
    config_of,
    content_of,
    encoder_of,
    say_notes,
)
from metarec.contracts import DataError
from metarec.contracts.printing import counted
from metarec.data import load
from metarec.data.meanings import meanings
from metarec.files.model_folder import check_replaceable
from metarec.meta import MetaRecommender
from metarec.training.checkpoints import CHECKPOINT, remove_checkpoint


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
    encoder: EncoderName = "default",
    template: Template = None,
    seed: Seed = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the model that is there.")
    ] = False,
) -> None:
    """Fit the model to a shop. Killed at any moment, the same command continues.

    Progress is kept every half minute, in a folder beside the model that goes when it is written.

    Example: metarec fit my-shop --out my-shop.model --set steps=2000
    """
    chosen = config_of(config, settings or [])
    check_out(out, data)
    check_replaceable(out)
    if out.exists() and any(out.iterdir()) and not force:
        raise DataError(f"{out} is a saved model; --force replaces it, or choose another --out")
    shop = load(data)
    say_notes(shop)
    typer.echo("\n  ".join([repr(shop), *meanings(shop)]), err=True)
    checkpoints = out.absolute().parent / f"{out.absolute().name}.checkpoint"
    if (checkpoints / CHECKPOINT).exists():
        typer.echo(f"continuing from {checkpoints}", err=True)
    with going_on("the same command goes on; the texts that were read are kept"):
        content = content_of(shop, encoder_of(encoder, template))
    with going_on(f"the same command continues from {checkpoints}"):
        model = MetaRecommender(content, chosen).fit(
            shop, rng=seed, folder=checkpoints, progress=True
        )
    model.save(out)
    remove_checkpoint(checkpoints)
    loss = model.metrics["valid_loss"]
    told = "" if loss is None else f"; best validation loss {loss:.4f}"
    if left_out := model.metrics.get("negative_events"):
        told += f"; {counted(left_out, 'negative event')} left out"
    typer.echo(f"wrote {out} after {model.metrics['steps']} steps{told}")
