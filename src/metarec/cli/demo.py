"""`metarec demo`: the whole main job on one shop, from events to a stranger's list."""

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from metarec.cli.evaluate import fit_all, write_results
from metarec.cli.interruption import begins_anew
from metarec.cli.lists import line_of
from metarec.cli.options import (
    EncoderName,
    Seed,
    Template,
    check_out,
    content_of,
    encoder_of,
    names_of,
)
from metarec.cli.rows import HEART, TRIVIAL, models_of
from metarec.contracts import Dataset, Event, Recommender
from metarec.contracts.running import Running
from metarec.data import Split, generate, load, split_cold
from metarec.evaluation import evaluate, table
from metarec.meta import MetaConfig
from metarec.meta.abilities import person_of
from metarec.meta.as_json import reasons, rows_of

EVENTS_OF_A_STRANGER = 3
LIST = 10
QUESTIONS = 3
DEMO_CONFIG = MetaConfig(steps=400)
"""Fewer steps than the default: a demo is there to be seen."""


@begins_anew
def demo(
    data: Annotated[
        Path | None, typer.Option("--data", help="A shop of your own; else a synthetic one.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("demo"),
    encoder: EncoderName = "default",
    template: Template = None,
    seed: Seed = 0,
) -> None:
    """Fit, evaluate the four cold-start scenarios, and meet one stranger.

    Example: metarec demo --data my-shop --out demo
    """
    check_out(out, data)
    started = time.monotonic()
    shop = load(data) if data is not None else generate(users=2000, items=800, rng=seed).dataset
    typer.echo(f"{shop!r}")
    content = content_of(shop, encoder_of(encoder, template))
    split = split_cold(shop, rng=seed)
    models = models_of(
        ",".join([HEART, *TRIVIAL[shop.feedback]]), shop.feedback, content, DEMO_CONFIG
    )
    fitted = fit_all(models, split, Running(seed, progress=True))
    results = evaluate(fitted, split, k=LIST, rng=seed, progress=True)
    found = write_results(results, out)
    typer.echo("")
    typer.echo(table(results))
    typer.echo(f"{found.headline}\n{found.line}")
    heart = fitted[HEART]
    heart.save(out / "model")
    typer.echo("")
    typer.echo(stranger(heart, shop, split))
    typer.echo("")
    typer.echo(
        f"Look at the pictures: {out / 'report.html'}. The model: {out / 'model'}. "
        f"({time.monotonic() - started:.0f} s)"
    )


def stranger(model: Recommender, shop: Dataset, split: Split) -> str:
    """One person whom the model has never seen: events in, items, reasons and questions out."""
    episodes = split.test["new users, known items"]
    longest = int(np.argmax(episodes.support.lengths)) if len(episodes) else -1
    events = episodes.support.events(longest)[:EVENTS_OF_A_STRANGER] if longest >= 0 else []
    if not events:
        return "No new user has an event on a known item, so there is no stranger to show."
    person = person_of(model, events)
    titles = dict(zip(shop.catalogue.ids, names_of(shop.catalogue), strict=True))
    found = person.recommend(LIST)
    lines = ["A stranger arrives, and does three things:"]
    lines += [f"     {_told(event, titles)}" for event in events]
    what = "score" if found.ratings is None else "score, the rating to expect"
    lines += ["", f"What to show (title, {what} ± standard deviation), and why:"]
    for rank, row in enumerate(rows_of(found), 1):
        row["reasons"] = reasons(person, row["item_id"])
        lines.append(line_of(rank, row, titles))
    lines += ["", "What to ask next, the most telling first:"]
    lines += [
        f"{rank:3d}. {titles[item]} [{item}]"
        for rank, item in enumerate(person.ask(QUESTIONS).ids, 1)
    ]
    return "\n".join(lines)


def _told(event: Event, titles: dict[str, str]) -> str:
    return f"{titles[event.item]} [{event.item}]: {event.value:g}"
