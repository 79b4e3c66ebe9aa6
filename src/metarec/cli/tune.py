"""`metarec tune`: the settings of a model that do best on validation."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from metarec.cli.evaluate import Protocol, splits_of
from metarec.cli.interruption import going_on
from metarec.cli.options import (
    EncoderName,
    Seed,
    Template,
    check_out,
    content_of,
    encoder_of,
    refuse_unknown,
    said_by,
    say_notes,
    settings_of,
)
from metarec.cli.rows import HEART, kind_named, made, reads_content
from metarec.contracts import DataError, Encoder, Recommender
from metarec.data import load
from metarec.encoders import HashEncoder
from metarec.files.atomic import whole_file
from metarec.files.hyperparameters import parse_hyperparameters
from metarec.jobs import Tuned
from metarec.jobs import tune as search
from metarec.jobs.tuning.picture import draw_search
from metarec.jobs.tuning.spaces import check_optuna, distributions_of

BEST, TRIALS, PICTURE = "best.yaml", "trials.csv", "search.svg"


@dataclass(frozen=True)
class Maker:
    """The unfitted model of some settings; it goes to other processes as it is."""

    kind: type[Any]
    encoder: Encoder | None
    """None for a row that reads no content."""
    said: Mapping[str, Any]

    def __call__(self, **settings: Any) -> Recommender:
        """One of what is said and these settings."""
        config = parse_hyperparameters({**self.said, **settings}, self.kind.Config)
        model: Recommender = made(self.kind, self.encoder, config)
        return model


def tune(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="A shop.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the search; it goes on there.")],
    model: Annotated[
        str, typer.Option(help="MetaRecommender, or a simple row, such as EASE.")
    ] = HEART,
    trials: Annotated[
        int, typer.Option(min=1, help="Settings to try; the first are the defaults.")
    ] = 20,
    objective: Annotated[str, typer.Option(help="The measure, such as ndcg or mae.")] = "ndcg",
    protocol: Annotated[
        Protocol, typer.Option(help="How data is held out, as in evaluate; kfold: every fold.")
    ] = "cold",
    k: Annotated[int, typer.Option(min=1, help="Length of the ranked lists.")] = 10,
    space: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            help='Where one hyperparameter may lie: "d=[8, 32]" or "l2={low: 1, high: 500, '
            'log: true}". Not said: where it usually helps.',
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="A YAML file of what all trials have.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="What all trials have: name=value.")
    ] = None,
    encoder: EncoderName = "default",
    template: Template = None,
    jobs: Annotated[int, typer.Option(min=1, help="Trials at once, each a process.")] = 1,
    seed: Seed = 0,
    time_s: Annotated[
        float | None, typer.Option("--time", min=1, help="Seconds after which no trial begins.")
    ] = None,
) -> None:
    """Search the settings that do best on validation; the test stays unseen.

    Killed at any moment, the same command continues; with more --trials it goes on.

    Example: metarec tune my-shop --model EASE --trials 20 --out search
    Example: metarec fit my-shop --model EASE --config search/best.yaml --out ease.model
    """
    check_optuna()
    kind = kind_named(model)
    said = settings_of(config, settings or [], kind.Config)
    wanted = _space_of(kind, space or [], said)
    check_out(out, data)
    shop = load(data)
    say_notes(shop)
    splits = splits_of(shop, protocol, seed)
    Maker(kind, HashEncoder() if reads_content(kind) else None, said)()  # refused at once, or not
    with going_on(f"the same command continues from {out}"):
        content = content_of(shop, encoder_of(encoder, template)) if reads_content(kind) else None
        make = Maker(kind, content, said)
        tuned = search(
            make,
            wanted,
            splits,
            objective=objective,
            trials=trials,
            k=min(k, len(shop.catalogue)),
            rng=seed,
            name=model,
            folder=out,
            jobs=jobs,
            time_s=time_s,
            progress=True,
        )
    told = told_of(tuned)
    write_search(tuned, {**said, **tuned.settings}, told, out)
    typer.echo("\n".join(told))
    typer.echo(f"wrote {out / BEST}, {out / TRIALS} and {out / PICTURE}; now:")
    words = [str(data), "--model", model, "--config", str(out / BEST)]
    if reads_content(kind) and encoder != "default":
        words += ["--encoder", encoder]
    if reads_content(kind) and template is not None:
        words += ["--template", template]
    if seed:
        words += ["--seed", str(seed)]
    typer.echo(f"metarec fit {shlex.join(words)} --out MODEL")


def _space_of(kind: type[Any], asked: list[str], said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where each setting may lie: as asked, or as usual of this model, but for what is said."""
    if not asked:
        usual: Mapping[str, Any] = getattr(kind.Config, "space", {})
        left = {name: where for name, where in usual.items() if name not in said}
        if not left:
            raise DataError(
                f"nothing is left to search of {kind.__name__}; name what to search: "
                '--search "NAME=[1, 2, 3]"'
            )
        return left
    found = {}
    for one in asked:
        name, where = said_by("--search", one)
        if name in said:
            raise DataError(f"{name} is both set and searched; leave one of them out")
        found[name] = where
    refuse_unknown(found, kind.Config)
    distributions_of(found)
    return found


def told_of(tuned: Tuned) -> list[str]:
    """What a search found, in a few lines."""
    trials = tuned.trials
    objective, usual = trials["objective"][0], trials["value"][0]
    chosen = ", ".join(f"{name}={value}" for name, value in tuned.settings.items())
    better = f"{chosen} ({usual:.4f} with the defaults)" if chosen else "the defaults"
    counts = trials["state"].value_counts(sort=True).iter_rows()
    states = ", ".join(f"{n} {state}" for state, n in counts)
    first = f"{trials['model'][0]}: {objective} {tuned.value:.4f} on validation with {better}"
    return [first, f"trials: {states}", *(f"failed: {why}" for why in tuned.failures)]


def write_search(tuned: Tuned, best: Mapping[str, Any], told: list[str], out: Path) -> None:
    """The best settings as `fit --config` reads them, all trials, and a picture of them."""
    with whole_file(out / BEST) as new:
        head = "".join(f"# {line}\n" for line in told[:2])
        new.write_text(head + yaml.safe_dump(dict(best), allow_unicode=True), encoding="utf-8")
    with whole_file(out / TRIALS) as new:
        tuned.trials.write_csv(new)
    draw_search(tuned, out / PICTURE)
