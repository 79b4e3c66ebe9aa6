"""`metarec evaluate`: models under one protocol, with results and a report."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from metarec.cli.interruption import begins_anew
from metarec.cli.options import (
    EncoderName,
    Seed,
    Template,
    Threads,
    Time,
    check_out,
    config_of,
    content_of,
    encoder_of,
    say_notes,
)
from metarec.cli.rows import HEART, check_names, models_of
from metarec.contracts import Dataset, Recommender
from metarec.contracts.running import Running
from metarec.data import (
    Split,
    load,
    split_cold,
    split_k_fold,
    split_last_out,
    split_new_users,
    split_time,
)
from metarec.evaluation import Results, Verdict, combine, save_results, table, write_report
from metarec.evaluation import evaluate as evaluate_models
from metarec.evaluation.protocol.provenance import fitted_on
from metarec.meta import load_model

SAVED = "saved "
"""What the name of a saved model begins with; the verdict is not on it."""
Protocol = Literal["leave-last-out", "time", "kfold", "cold", "new-users"]


@begins_anew
def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="A shop.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for results.json and report.html.")],
    protocol: Annotated[Protocol, typer.Option(help="How data is held out.")] = "cold",
    models: Annotated[
        str, typer.Option(help='Names, comma-separated, or "all" (but SASRec, which trains long).')
    ] = HEART,
    model: Annotated[
        Path | None, typer.Option(help="A saved model to be judged beside them, as it is.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="A YAML file of hyperparameters.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="One hyperparameter: name=value.")
    ] = None,
    encoder: EncoderName = "default",
    template: Template = None,
    k: Annotated[int, typer.Option(min=1, help="Length of the ranked lists.")] = 10,
    exclude_seen: Annotated[
        bool | None,
        typer.Option(
            "--exclude-seen/--include-seen",
            help="Whether lists leave out what a person already has. Not said: where people come "
            "back to what they had, each model does what is better for it on validation.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    threads: Threads = None,
    time_s: Time = None,
) -> None:
    """Compare models; the trivial rows are always among them.

    Example: metarec evaluate my-shop --protocol cold --models MetaRecommender,EASE --out results
    """
    chosen = config_of(config, settings or [])
    running = Running(seed, progress=True, threads=threads, time_s=time_s)
    check_out(out, data)
    check_names(models)
    shop = load(data)
    say_notes(shop)
    if k > len(shop.catalogue):
        typer.echo(f"warning: lists of all {len(shop.catalogue)} items, not of {k}", err=True)
        k = len(shop.catalogue)
    splits = splits_of(shop, protocol, seed)
    saved = None if model is None else load_model(model)
    if saved is not None:
        warn_of_leak(saved, splits)
    content = content_of(shop, encoder_of(encoder, template))
    parts = []
    for split in splits:
        fitted = fit_all(models_of(models, shop.feedback, content, chosen), split, running)
        ready = {} if saved is None else {f"{SAVED}{type(saved).__name__}": saved}
        parts.append(
            evaluate_models(
                {**ready, **fitted},
                split,
                k=k,
                rng=seed,
                exclude_seen=exclude_seen,
                fitted_elsewhere=list(ready),
                progress=True,
            )
        )
    results = combine(parts)
    found = write_results(results, out)
    typer.echo(table(results))
    typer.echo(f"{found.headline}\n{found.line}")
    typer.echo(f"wrote {out / 'results.json'} and {out / 'report.html'}")


def splits_of(shop: Dataset, protocol: Protocol, seed: int) -> list[Split]:
    """The split, or the folds, of a protocol."""
    if protocol == "leave-last-out":
        return [split_last_out(shop, rng=seed)]
    if protocol == "time":
        return [split_time(shop)]
    if protocol == "kfold":
        return split_k_fold(shop, rng=seed)
    if protocol == "new-users":
        return [split_new_users(shop, rng=seed)]
    return [split_cold(shop, rng=seed)]


def fit_all(
    models: Mapping[str, Recommender], split: Split, running: Running
) -> dict[str, Recommender]:
    """Every model fitted to the split's training part."""
    fitted: dict[str, Recommender] = {}
    for name, model in models.items():
        if sys.stderr.isatty():
            typer.echo(f"fitting {name}", err=True)
        fitted[name] = model.fit(split.train, split.valid, **vars(running))
    return fitted


def warn_of_leak(saved: Recommender, splits: Sequence[Split]) -> None:
    """Say at once what the results will say: a saved model may have seen the test."""
    if not all(fitted_on(saved, split.train) for split in splits):
        typer.echo(
            "warning: the saved model was not fitted on this split's training part; it may have "
            "seen the test events, and its numbers may flatter it",
            err=True,
        )


def write_results(results: Results, out: Path) -> Verdict:
    """results.json, the per-user values and report.html."""
    save_results(results, out)
    heart = HEART if HEART in results.models else None
    simple = [name for name in results.models if name != heart and not name.startswith(SAVED)]
    return write_report(
        results, out / "report.html", heart=heart, simple=None if heart is None else simple
    )
