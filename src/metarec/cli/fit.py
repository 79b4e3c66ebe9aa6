"""`metarec fit`: from a folder of events to a saved model."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from metarec.cli.interruption import begins_anew, going_on
from metarec.cli.opening import shop_at
from metarec.cli.options import (
    EncoderName,
    Seed,
    Template,
    Threads,
    Time,
    check_model_place,
    config_of,
    content_of,
    encoder_of,
    say_notes,
)
from metarec.cli.rows import HEART, row_of
from metarec.contracts import DataError, Dataset, Encoder, Recommender
from metarec.contracts.running import Running
from metarec.data import pool_shops
from metarec.data.meanings import meanings
from metarec.encoders import HashEncoder, TextEncoder
from metarec.meta import MetaConfig, MetaRecommender, load_model
from metarec.meta.summary import refusals_told
from metarec.training.checkpoints import CHECKPOINT, remove_checkpoint
from metarec.training.trackers import opened


def fit(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DIR...",
            help="A shop: a folder of events and items, or a service's store. Of several one model "
            "learns one prior.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Where the model is written.")],
    model: Annotated[
        str, typer.Option(help="MetaRecommender, or a simple row, such as Trending or EASE.")
    ] = HEART,
    config: Annotated[
        Path | None, typer.Option("--config", help="A YAML file of hyperparameters.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="One hyperparameter: name=value.")
    ] = None,
    encoder: EncoderName = "default",
    template: Template = None,
    prior: Annotated[
        Path | None,
        typer.Option(help="A model of another shop, to begin at; its encoder reads the items."),
    ] = None,
    seed: Seed = 0,
    threads: Threads = None,
    time_s: Time = None,
    track: Annotated[
        str | None,
        typer.Option(help="Write losses to tensorboard:FOLDER, mlflow:URI or wandb:PROJECT."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the model that is there.")
    ] = False,
) -> None:
    """Fit the model to a shop. Killed at any moment, the same command continues.

    Progress is kept every half minute, in a folder beside the model that goes when it is written.
    A simple row takes seconds and begins anew, but for SASRec, which takes minutes or hours.

    Example: metarec fit my-shop --out my-shop.model --set steps=2000
    Example: metarec fit my-shop --out trending.model --model Trending --set days=3
    Example: metarec fit new-shop --out new-shop.model --prior my-shop.model
    Example: metarec fit one-shop other-shop --out both.model
    """
    setting = partial(config_of, config, settings or [])
    known = None if prior is None else _prior_at(prior, model)
    reader = partial(encoder_of, encoder, template)
    if known is not None and encoder == "default":
        reader = partial(_as_read_by, known, template)
    if model == HEART:
        fitting = partial(_fit_heart, config=setting(MetaConfig), reader=reader, prior=known)
    else:
        row = row_of(model, reader, setting)
        fitting = partial(_fit_in_steps if row.trains_in_steps else _fit_row, row=row)
    for place in data:
        check_model_place(out, Path(place), force=force)
    shops = [shop_at(place) for place in data]
    for each in shops:
        say_notes(each)
    shop = shops[0] if len(shops) == 1 else pool_shops(shops)
    typer.echo("\n  ".join([repr(shop), *meanings(shop)]), err=True)
    running = Running(seed, progress=True, threads=threads, time_s=time_s)
    with opened(track) as tracker:
        fitting(shop, out, replace(running, tracker=tracker))


def _checkpoints_of(out: Path) -> Path:
    """The folder of a fit's checkpoints, beside the model; says so where it goes on from them."""
    checkpoints = out.absolute().parent / f"{out.absolute().name}.checkpoint"
    if (checkpoints / CHECKPOINT).exists():
        typer.echo(f"continuing from {checkpoints}", err=True)
    return checkpoints


def _prior_at(folder: Path, model: str) -> MetaRecommender:
    if model != HEART:
        raise DataError(f"--prior is for {HEART}; {model} begins anew in every shop")
    known = load_model(folder)
    if not isinstance(known, MetaRecommender):
        raise DataError(f"--prior {folder} holds a {type(known).__name__}, not a {HEART}")
    return known


def _as_read_by(prior: MetaRecommender, template: str | None) -> Encoder:
    encoder = prior.encoder
    if template is not None and isinstance(encoder, TextEncoder | HashEncoder):
        return replace(encoder, template=template)
    return encoder


def _fit_heart(
    shop: Dataset,
    out: Path,
    running: Running,
    *,
    config: MetaConfig,
    reader: Callable[[], Encoder],
    prior: MetaRecommender | None,
) -> None:
    checkpoints = _checkpoints_of(out)
    with going_on("the same command goes on; the texts that were read are kept"):
        content = content_of(shop, reader())
    with going_on(f"the same command continues from {checkpoints}"):
        model = MetaRecommender(content, config).fit(
            shop, **vars(replace(running, folder=checkpoints)), prior=prior
        )
    model.save(out)
    parts = [file.parent for file in sorted(checkpoints.rglob(f"*/{CHECKPOINT}"), reverse=True)]
    for folder in (*parts, checkpoints):
        remove_checkpoint(folder)
    loss = model.metrics["valid_loss"]
    told = "" if loss is None else f"; best validation loss {loss:.4f}"
    if refused := refusals_told(model.metrics):
        told += f"; {refused}"
    typer.echo(
        "\n".join([f"wrote {out} after {model.metrics['steps']} steps{told}", *model.summary])
    )


@begins_anew
def _fit_row(shop: Dataset, out: Path, running: Running, *, row: Recommender) -> None:
    model = row.fit(shop, **vars(running))
    model.save(out)
    typer.echo(f"wrote {out}: {model!r}")


def _fit_in_steps(shop: Dataset, out: Path, running: Running, *, row: Recommender) -> None:
    checkpoints = _checkpoints_of(out)
    with going_on(f"the same command continues from {checkpoints}"):
        model = row.fit(shop, **vars(replace(running, folder=checkpoints)))
    model.save(out)
    remove_checkpoint(checkpoints)
    typer.echo(f"wrote {out}: {model!r}")
